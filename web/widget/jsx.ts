/** What JSX compiles to in the bundle: esbuild puts this import into every file that needs it. */
export { h } from 'preact';
