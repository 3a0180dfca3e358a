import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isOlder, SourceError, type Source } from './find-binary.ts';
import type { RunOptions, System } from './system.ts';

/** From 1.21 on Go fetches by itself the newer Go that a module asks for. */
const oldestGo = [1, 21] as const;
const checkMs = 15_000;
const downloadMs = 5 * 60_000;
const buildMs = 20 * 60_000;

const folder = fileURLToPath(new URL('ferretdb', import.meta.url));
const moduleFiles = ['go.mod', 'go.sum', 'main.go'] as const;
const ferretdb = 'github.com/FerretDB/FerretDB';

/** A change of one of FerretDB's source files: every `find` becomes `replace`; without `find` the file is new. */
interface Patch {
  file: string;
  find?: string;
  replace: string;
}

const changingCommands = ['MsgDelete', 'MsgFindAndModify', 'MsgInsert', 'MsgUpdate'];

/** What FerretDB 1.24.2 has to be taught for our store. */
export const patches: readonly Patch[] = [
  // Its index on _id is over another expression than its queries have: a read by key would go through the collection.
  {
    file: 'internal/backends/sqlite/metadata/metadata.go',
    find: `DefaultColumn + "->'$._id'"`,
    replace: 'DefaultColumn + `->"_id"`',
  },
  // It looks up nothing else by an index. These are the fields, strings all, that our indexes begin with; FerretDB
  // filters once more what SQLite gives.
  {
    file: 'internal/backends/sqlite/collection.go',
    find: '\tq += whereClause\n\tq += prepareOrderByClause(params.Sort)\n',
    replace: `
	for _, field := range []string{"_id", "chatId", "zoomUserId", "accountId", "status"} {
		v, _ := params.Filter.Get(field)
		if value, ok := v.(string); ok && whereClause == "" {
			whereClause = fmt.Sprintf(" WHERE %s->%q = ?", metadata.DefaultColumn, field)
			args = []any{string(must.NotFail(sjson.MarshalSingleValue(value)))}
		}
	}
	q += whereClause
	q += prepareOrderByClause(params.Sort)
`,
  },
  // It reads a document, changes it and writes it back whole: of two updates at the same time one would be lost.
  {
    file: 'internal/handler/one_writer.go',
    replace: `package handler

import (
	"context"
	"sync"

	"github.com/FerretDB/wire"
)

var oneWriter sync.Mutex

func alone(run func(context.Context, *wire.OpMsg) (*wire.OpMsg, error)) func(context.Context, *wire.OpMsg) (*wire.OpMsg, error) {
	return func(ctx context.Context, msg *wire.OpMsg) (*wire.OpMsg, error) {
		oneWriter.Lock()
		defer oneWriter.Unlock()
		return run(ctx, msg)
	}
}
`,
  },
  ...changingCommands.map((command) => ({
    file: 'internal/handler/commands.go',
    find: `Handler: h.${command},`,
    replace: `Handler: alone(h.${command}),`,
  })),
];

/** All that the built binary depends on, Go itself apart: its cache key is made of it. */
export async function ferretdbSources(): Promise<string> {
  const files = await Promise.all(moduleFiles.map((file) => readFile(join(folder, file), 'utf8')));
  return [...files, JSON.stringify(patches)].join('\n');
}

/** Builds FerretDB with Go from the pinned module in `tools/embedded/ferretdb`, with our patches. */
export function ferretdbBuild(version: string, system: System): Source {
  return {
    name: 'the build of FerretDB',
    doing: `Building FerretDB ${version} with Go, once, one to three minutes`,
    async fetch(into, onProgress) {
      await checkGo(system);
      const go = async (args: string[], timeoutMs: number): Promise<string> => {
        const env = { CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };
        const options: RunOptions = { cwd: into, timeoutMs, env, onProgress };
        const { ok, fault, output } = await system.run('go', args, options);
        if (!ok) throw new SourceError(`go ${args[0] ?? ''} ${fault}`);
        return output;
      };
      for (const file of moduleFiles) await copyFile(join(folder, file), join(into, file));
      await go(['mod', 'download', ferretdb], downloadMs);
      // Its hash in go.sum has been checked; from here on it is a copy that may be changed.
      const original = (await go(['list', '-m', '-f', '{{.Dir}}', ferretdb], checkMs)).trim();
      await copyPatched(original, join(into, 'patched'));
      await go(['mod', 'edit', `-replace=${ferretdb}=./patched`], checkMs);
      const binary = join(into, 'live-chat-ferretdb');
      const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-tags=ferretdb_no_postgresql'];
      await go(['build', ...flags, '-o', binary, '.'], buildMs);
      return binary;
    },
  };
}

async function checkGo(system: System): Promise<void> {
  const { ok, fault, output } = await system.run('go', ['version'], { timeoutMs: checkMs });
  if (!ok) throw new SourceError(`Go ${fault}`);
  const version = /go(\d+)\.(\d+)/.exec(output);
  if (version === null) throw new SourceError('"go version" names no version');
  if (isOlder(version, oldestGo)) {
    throw new SourceError(`Go ${version[0].slice(2)} is older than ${oldestGo.join('.')}`);
  }
}

/** Go's own copy is read-only: the new one is written file by file. */
async function copyPatched(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, source));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, await readFile(source));
  }
  for (const { file, find, replace } of patches) {
    const path = join(to, file);
    const text = find === undefined ? '' : await readFile(path, 'utf8');
    if (find !== undefined && !text.includes(find)) throw new SourceError(`the patch of ${file} does not fit`);
    await writeFile(path, find === undefined ? replace : text.replaceAll(find, replace));
  }
}
