/** The bundle holds the style sheet as text. */
declare module '*/widget.css' {
  const css: string;
  export default css;
}
