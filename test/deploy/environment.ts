import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';

const serviceSchema = z.looseObject({
  image: z.string().optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()).default([]),
  user: z.string().optional(),
  mem_limit: z.string().optional(),
  pids_limit: z.number().optional(),
  restart: z.string().optional(),
  healthcheck: z.looseObject({ test: z.array(z.string()).optional() }).optional(),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string() })).default({}),
  command: z.array(z.string()).optional(),
});
const composeSchema = z.looseObject({
  services: z.record(z.string(), serviceSchema),
  networks: z.record(z.string(), z.looseObject({})).default({}),
});

/** A YAML file's content, with merge keys (`<<`) resolved as docker compose does. */
export async function readYaml(file: string): Promise<unknown> {
  // Compose's own tags, !reset and !override, are no YAML.
  return parse(await readFile(file, 'utf8'), { merge: true, logLevel: 'error' });
}

/** A compose file as its services, and its text. */
export async function readCompose(file = 'docker-compose.yml') {
  return { text: await readFile(file, 'utf8'), ...composeSchema.parse(await readYaml(file)) };
}

/** Names of the variables that a source file's zod object reads from the environment: lines of `  NAME: …`. */
export async function variablesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  return [
    ...text.matchAll(
      /^ {2}([A-Z][A-Z0-9_]+): (?:z|url|port|flag|keyRing|scopeNames|httpUrl|text|count|mailFrom|smtpUrl)\b/gm,
    ),
  ].map((match) => match[1] ?? '');
}

/** Names in .env.example, those in comments (optional ones) included; and which of them are. */
export async function readExample() {
  const lines = (await readFile('.env.example', 'utf8')).split('\n');
  const entries = lines.flatMap((line, index) => {
    const found = /^(#?)([A-Z][A-Z0-9_]+)=(.*)$/.exec(line);
    if (!found) return [];
    const [, hash, name = '', value = ''] = found;
    return [{ name, value, optional: hash === '#', explained: isComment(lines, index) }];
  });
  return entries;
}

/** Whether the line, or the first of the group of settings that it ends, follows a comment. */
function isComment(lines: readonly string[], index: number): boolean {
  const before = lines[index - 1] ?? '';
  return /^# /.test(before) || (/^#?[A-Z][A-Z0-9_]+=/.test(before) && isComment(lines, index - 1));
}
