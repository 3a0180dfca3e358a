import { readFile } from 'node:fs/promises';
import type { ProcessName, Stack, StackProcess } from '../embedded/supervisor.ts';
import { shortNumber, type Figure } from './figure.ts';

export const processNames = ['temporal', 'mongo', 'sandbox', 'worker', 'api'] as const satisfies ProcessName[];

/** Linux counts a process's time in hundredths of a second. */
const ticksPerSecond = 100;

type Times = Map<ProcessName, number>;

/**
 * CPU seconds that each process of the stack has used so far. Empty where the platform does not say.
 * @param api another one than the stack's first
 */
export async function cpuTimes(stack: Stack, api: StackProcess = stack.process('api')): Promise<Times> {
  const times: Times = new Map();
  for (const name of processNames) {
    const { pid } = name === 'api' ? api : stack.process(name);
    const stat = pid === undefined ? undefined : await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    if (stat === undefined) continue;
    // The second field, the name, may hold spaces; user and system time are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    times.set(name, (Number(fields[11]) + Number(fields[12])) / ticksPerSecond);
  }
  return times;
}

/** What runs the product: the simulator stands for Zoom, and MongoDB is a stand-in here. */
const own: readonly ProcessName[] = ['temporal', 'worker', 'api'];

/**
 * CPU time per message since `before`: of all processes, and of Temporal, worker and api together, which is what
 * versions are compared by. None where the platform does not say.
 */
export async function cpuFigures(
  id: string,
  label: string,
  stack: Stack,
  before: Times,
  messages: number,
): Promise<Figure[]> {
  const all = await cpuFigure(id, `${label}, all processes`, stack, before, messages, processNames);
  const ours = await cpuFigure(`${id}.own`, `${label}, Temporal + worker + api`, stack, before, messages, own);
  return [...all, ...ours];
}

/** CPU time per message of some processes since `before`. */
export async function cpuFigure(
  id: string,
  label: string,
  stack: Stack,
  before: Times,
  messages: number,
  names: readonly ProcessName[],
): Promise<Figure[]> {
  const after = await cpuTimes(stack);
  const chosen = [...after].filter(([name]) => names.includes(name));
  const each = new Map(chosen.map(([name, time]) => [name, ((time - (before.get(name) ?? 0)) * 1_000) / messages]));
  if (each.size === 0 || messages === 0) return [];
  const total = [...each.values()].reduce((sum, ms) => sum + ms, 0);
  return [
    {
      id,
      label,
      value: total,
      unit: 'ms',
      detail: [...each].map(([name, ms]) => `${name} ${shortNumber(ms)}`).join(', '),
      numbers: Object.fromEntries(each),
    },
  ];
}
