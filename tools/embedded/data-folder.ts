import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, startOf } from './process-info.ts';

/** Another supervisor runs on the same data folder. */
export class DataFolderInUseError extends Error {
  override name = 'DataFolderInUseError';
}

/**
 * Takes a data folder for this process, so that no second supervisor works on the same files. A folder whose holder
 * was killed is free again: the holder is known by pid and start time.
 *
 * @returns a function that gives the folder back
 * @throws DataFolderInUseError
 */
export async function takeDataFolder(dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, 'running.json');
  const mine = JSON.stringify({ pid: process.pid, start: await startOf(process.pid) });
  for (;;) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(mine);
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await runningHolder(file);
    if (holder !== undefined) {
      throw new DataFolderInUseError(
        `Live chat is already running on ${dataDir} (process ${holder}); stop it, or set DATA_DIR and the ports for a second copy.`,
      );
    }
    await rm(file, { force: true });
  }
}

async function runningHolder(file: string): Promise<number | undefined> {
  try {
    const { pid, start } = JSON.parse(await readFile(file, 'utf8')) as { pid?: unknown; start?: unknown };
    if (typeof pid !== 'number' || !isAlive(pid)) return undefined;
    // Where start times cannot be told, being alive has to do.
    return start === undefined || (await startOf(pid)) === start ? pid : undefined;
  } catch {
    return undefined;
  }
}
