import { z } from 'zod';
import { lines, run, type Project } from './engine.ts';

const inspectSchema = z.array(
  z.looseObject({
    Name: z.string(),
    State: z.looseObject({ Running: z.boolean() }),
    Config: z.looseObject({
      User: z.string(),
      Env: z.array(z.string()),
      Labels: z.looseObject({ 'com.docker.compose.service': z.string() }),
    }),
    HostConfig: z.looseObject({
      ReadonlyRootfs: z.boolean(),
      CapDrop: z.array(z.string()).nullable(),
      SecurityOpt: z.array(z.string()).nullable(),
      Memory: z.number(),
      PidsLimit: z.number().nullable(),
    }),
  }),
);

/** Of which a process in a container may have no bit set. */
const capabilitySets = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'];
/** Secrets, by the services that alone may have them. */
const secrets: Readonly<Record<string, readonly string[]>> = {
  SESSION_SECRET: ['api'],
  OPERATOR_PASSWORD: ['api'],
  ZOOM_WEBHOOK_SECRET_TOKEN: ['api'],
  ZOOM_CLIENT_SECRET: ['api', 'worker'],
  TOKEN_ENCRYPTION_KEYS: ['api', 'worker'],
  PAYLOAD_ENCRYPTION_KEYS: ['api', 'worker'],
  MONGODB_URI: ['api', 'worker'],
  MONGO_INITDB_ROOT_PASSWORD: ['mongodb'],
  POSTGRES_PASSWORD: ['postgresql'],
  POSTGRES_PWD: ['temporal'],
};
/** Root by its image, without root's rights: deploy/https.yml. */
const mayBeRoot = ['proxy'];
const mayBind = '0000000000000400';

/**
 * What the running containers may do that they should not, one sentence each: as the engine has it, and as the kernel
 * shows it of the processes in them.
 */
export async function faultsOfContainers(project: Project): Promise<string[]> {
  const ids = lines(await project.compose('ps', '--quiet'));
  const containers = inspectSchema.parse(JSON.parse(await run('docker', ['inspect', ...ids])));
  const faults: string[] = [];
  for (const { Name: name, Config: config, HostConfig: host } of containers) {
    const service = config.Labels['com.docker.compose.service'];
    // Not a part of the product.
    if (service === 'sandbox') continue;
    const fault = (isThere: boolean, words: string): void => {
      if (isThere) faults.push(`${name.slice(1)} ${words}`);
    };
    fault(!host.ReadonlyRootfs, 'can write to its file system');
    fault(!(host.CapDrop ?? []).includes('ALL'), 'keeps capabilities');
    fault(!(host.SecurityOpt ?? []).some((option) => option.startsWith('no-new-privileges')), 'can gain privileges');
    fault(host.Memory <= 0, 'has no limit of memory');
    fault((host.PidsLimit ?? 0) <= 0, 'has no limit of processes');
    for (const [secret, services] of Object.entries(secrets)) {
      const isGiven = config.Env.some((line) => line.startsWith(`${secret}=`) && line !== `${secret}=`);
      fault(isGiven && !services.includes(service), `has ${secret}`);
    }
    const status = await run('docker', ['exec', name.slice(1), 'cat', '/proc/1/status']);
    const value = (key: string): string => new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '?';
    const allowed = mayBeRoot.includes(service) ? ['0000000000000000', mayBind] : ['0000000000000000'];
    for (const set of capabilitySets) fault(!allowed.includes(value(set)), `has capabilities: ${set} ${value(set)}`);
    fault(value('NoNewPrivs') !== '1', 'runs without no_new_privs');
    fault(/^0\b/.test(value('Uid')) && !mayBeRoot.includes(service), 'runs as root');
  }
  return faults;
}
