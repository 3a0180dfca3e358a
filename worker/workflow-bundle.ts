import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const ofProject = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));

/**
 * Bundle the workflow code with what every worker and replay of it needs: takes some seconds of CPU. Only from the
 * sources, which a compiled worker does not have.
 */
export function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: ofProject('workflows/index.ts'),
    workflowInterceptorModules: ['sealed-input.ts', 'tracing.ts'].map((file) => ofProject(`workflows/${file}`)),
    // In the bundle, since failures inside workflows are encrypted too.
    failureConverterPath: ofProject('codec/failure-converter.cjs'),
    logger: new DefaultLogger('WARN'),
  });
}
