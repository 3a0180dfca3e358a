import tseslint from 'typescript-eslint';
import prettier from 'eslint-config-prettier';

/**
 * Which of our folders a folder may import from. Arrows go one way; what is not listed is a layering mistake. `types`
 * are folders that may be imported for their types only. The messages of workflows (names, types, schemas) are a
 * contract that both sides import.
 */
const layers = {
  domain: { may: [] },
  codec: { may: ['domain'] },
  config: { may: ['domain', 'codec'] },
  telemetry: { may: ['domain', 'config'] },
  zoom: { may: ['domain'] },
  store: { may: ['domain', 'codec'] },
  mail: { may: ['domain', 'codec', 'config'] },
  workflows: { may: ['domain'], types: ['activities'] },
  activities: { may: ['domain', 'zoom', 'store', 'mail', 'config'], types: ['workflows'] },
  worker: {
    may: ['domain', 'config', 'telemetry', 'codec', 'zoom', 'store', 'mail', 'activities'],
    types: ['workflows'],
  },
  api: {
    may: ['domain', 'config', 'telemetry', 'codec', 'zoom', 'store', 'mail', 'web', 'activities'],
    types: ['workflows'],
  },
  web: { may: ['domain'] },
  // The simulator is written from Zoom's contract alone: an error in one of the two shows.
  'tools/sandbox': { may: [] },
  'tools/embedded': { may: ['domain', 'config'] },
};
const folders = Object.keys(layers);
const app = folders.filter((folder) => !folder.includes('/'));

/** Imports of a folder from another one, as they are written: by a path that leads up out of the first. */
function leadsTo(folder) {
  const path = folder.replace('tools/', '(tools/)?');
  return folder === 'workflows' ? `^(\\.\\./)+${path}/(?!.*messages\\.ts$)` : `^(\\.\\./)+${path}/`;
}

const layering = folders.map((folder) => {
  const { may, types = [] } = layers[folder];
  const message = (other) => `${folder}/ must not import from ${other}/ (see eslint.config.js, "layers").`;
  const patterns = folders
    .filter((other) => other !== folder && !may.includes(other))
    .map((other) => ({
      regex: leadsTo(other),
      message: message(other),
      allowTypeImports: types.includes(other),
    }));
  if (!types.includes('workflows')) {
    patterns.push({ regex: '^(\\.\\./)+workflows/', message: message('workflows') });
  }
  if (app.includes(folder)) patterns.push({ regex: '^(\\.\\./)+(tools|test)/', message: message('tools or test') });
  if (folder === 'workflows') {
    patterns.push({
      regex: '^node:|^(fs|path|crypto|http|https|os|child_process|timers)$',
      message: 'Workflow code is deterministic: no Node built-ins. Put the side effect into an activity.',
    });
  }
  if (folder === 'domain') {
    patterns.push({ regex: '^node:', message: 'domain/ runs in browsers and workflows too: no Node built-ins.' });
  }
  return {
    files: [`${folder}/**/*.{ts,tsx}`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
});

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.data/**', 'coverage/**'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Mistakes mongoose's NativeDate for another class than Date.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
    },
  },
  ...layering,
  // Test doubles implement async interfaces without awaiting anything.
  {
    files: ['test/**'],
    rules: { '@typescript-eslint/require-await': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
  {
    files: ['tools/**', 'test/**'],
    rules: { 'no-console': 'off' },
  },
  { files: ['**/*.{js,mjs,cjs}'], extends: [tseslint.configs.disableTypeChecked] },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  prettier,
  // What Prettier does not break: comments above all.
  {
    rules: {
      'max-len': ['error', { code: 120, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true }],
    },
  },
);
