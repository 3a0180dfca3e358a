import { goBuild, MissingToolError } from './images.ts';
import { lines, run, type Report } from './engine.ts';

const kustomizations = ['deploy/kubernetes/base', 'deploy/kubernetes/keda'];

/**
 * Renders the manifests and reads every object strictly, by the types of the Kubernetes API and of KEDA.
 * @returns what was read, or why it was left out
 * @throws with every field that the API does not have
 */
export async function checkManifests(report: Report): Promise<string> {
  try {
    const { programs } = await goBuild('kubernetes', 'sigs.k8s.io/kustomize/api', ['.'], report);
    const read = lines(await run(programs[0] ?? '', kustomizations));
    return `${read.length} objects of ${kustomizations.join(' and ')} are what the API's types allow`;
  } catch (error) {
    if (error instanceof MissingToolError) return `left out: this machine lacks ${error.message}`;
    throw error;
  }
}
