import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { defaultPrograms } from '../embedded/programs.ts';
import type { Programs } from '../embedded/stack-options.ts';

const profileSchema = z.looseObject({
  nodes: z.array(
    z.looseObject({ id: z.number(), callFrame: z.looseObject({ functionName: z.string(), url: z.string() }) }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
type Profile = z.infer<typeof profileSchema>;

const shownGroups = 14;
const profiled = ['worker', 'api'] as const;

/** Worker and api with V8's sampling profiler; each thread writes a file when its process ends. */
export function profiledPrograms(folder: string): Partial<Programs> {
  const withProfile = (name: (typeof profiled)[number]) => {
    const program = defaultPrograms[name];
    return { ...program, args: ['--cpu-prof', `--cpu-prof-dir=${join(resolve(folder), name)}`, ...program.args] };
  };
  return { worker: withProfile('worker'), api: withProfile('api') };
}

/** Where the time of the profiled processes went: by package, or by folder of ours. */
export async function readProfiles(folder: string): Promise<string> {
  const lines: string[] = [];
  for (const name of profiled) {
    const files = await readdir(join(folder, name)).catch((): string[] => []);
    const groups = new Map<string, number>();
    for (const file of files) {
      const text = await readFile(join(folder, name, file), 'utf8');
      count(profileSchema.parse(JSON.parse(text)), groups);
    }
    const busy = [...groups].filter(([group]) => group !== '(idle)').sort(([, a], [, b]) => b - a);
    const total = busy.reduce((sum, [, time]) => sum + time, 0);
    lines.push('', `CPU profile of ${name}: ${(total / 1e6).toFixed(1)} s busy, all threads`);
    for (const [group, time] of busy.slice(0, shownGroups)) {
      lines.push(`  ${group.padEnd(44)} ${((100 * time) / total).toFixed(1).padStart(5)} %`);
    }
  }
  return lines.join('\n');
}

function count({ nodes, samples, timeDeltas }: Profile, groups: Map<string, number>): void {
  const groupOf = new Map(nodes.map(({ id, callFrame }) => [id, group(callFrame.functionName, callFrame.url)]));
  samples.forEach((sample, index) => {
    const name = groupOf.get(sample) ?? '(unknown)';
    groups.set(name, (groups.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  });
}

/** `(idle)`, `(garbage collector)`, a package, `node:module`, or a folder of this repository. */
function group(functionName: string, url: string): string {
  if (url === '') return functionName.startsWith('(') ? functionName : `native ${functionName}`;
  if (url.startsWith('node:')) return url.split('/')[0] ?? url;
  const inPackage = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (inPackage !== undefined) return inPackage;
  const own = new URL('../..', import.meta.url).href;
  const path = url.startsWith(own) ? url.slice(own.length) : url;
  return path.split('/').slice(0, 2).join('/');
}
