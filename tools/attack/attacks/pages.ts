import { stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { Attack } from '../attack.ts';
import type { Inputs } from '../inputs.ts';
import { ask, Line, type Sent } from '../wire.ts';

const changing: readonly [string, string][] = [
  ['PUT', '/api/settings'],
  ['POST', '/api/install/done'],
  ['POST', '/api/install/retry'],
  ['POST', '/api/connection-check'],
  ['POST', '/api/connection-check/choice'],
  ['POST', '/signout'],
  ['POST', '/operator/signin'],
  ['POST', '/operator/signout'],
  ['POST', '/operator/find'],
  ['POST', '/codec/decode'],
  ['POST', '/codec/encode'],
  ['POST', '/temporal/api/v1/namespaces/default/workflows/x/terminate'],
];

/** Origins that are not ours, some of which look like it. */
function otherOrigins(inputs: Inputs, ours: string): string[] {
  const { port } = new URL(ours);
  return [
    `https://${inputs.word()}.example`,
    'null',
    `${ours}.${inputs.word()}.example`,
    `http://${inputs.word()}.localhost:${port}`,
    ours.replace(port, String((Number(port) % 60_000) + 1)),
    ours.replace('http:', 'https:'),
    `${ours}@${inputs.word()}.example`,
  ];
}

export const otherSites: Attack = {
  name: 'other-sites',
  title: 'have a page of another website act with the cookies of whoever looks at it',
  async run(target, seen) {
    const { apis, inputs, owner, stack } = target;
    const cookie = `${owner.cookies}; ${await target.operatorCookie()}`;
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    for (const [method, path] of changing) {
      for (const origin of otherOrigins(inputs, stack.urls.public)) {
        const site = inputs.chance(0.3) ? undefined : inputs.pick(['cross-site', 'same-site']);
        const body = inputs.pick(['{}', `channelId=${inputs.word()}`, '']);
        const type = inputs.pick(['text/plain', 'application/x-www-form-urlencoded', 'application/json']);
        const headers = { cookie, origin, 'content-type': type, 'sec-fetch-site': site };
        const { status, headers: given } = await ask(apis[0], path, { method, headers, body });
        const isOpen = given['access-control-allow-origin'] !== undefined;
        const saw = `${status}${isOpen ? ', readable' : ''}`;
        tried.push({ input: `${method} ${path} from ${origin}`, ok: status === 403 && !isOpen, saw });
      }
    }
    for (const path of ['/api/session', '/api/dashboard', '/api/channels', '/api/install', '/api/connection-check']) {
      const headers = { cookie, 'sec-fetch-site': inputs.pick(['cross-site', 'same-site']) };
      const { status } = await ask(apis[0], path, { headers });
      tried.push({ input: `GET ${path} from elsewhere`, ok: status === 403, saw: String(status) });
    }
    seen.expectAll('requests of other sites were refused', tried);
    const page = await ask(apis[0], '/dashboard', { headers: { cookie } });
    seen.expect(page.headers['x-frame-options'] !== undefined, 'the dashboard can be framed');
    seen.expect((await target.isSignedIn(owner.cookies)).join() === 'true,true', 'the owner was signed out');
  },
};

export const rebinding: Attack = {
  name: 'rebinding',
  title: 'read the app as if it were a page’s own server, by a name that leads to this machine',
  async run(target, seen) {
    const { apis, inputs, owner, stack } = target;
    const { port } = new URL(apis[0]);
    const word = inputs.word();
    const hosts = [
      `${word}.example`,
      `${word}.example:${port}`,
      `localhost.${word}.example:${port}`,
      `127.0.0.1.${word}.example:${port}`,
      `${word}.localhost:${port}`,
      `localhost:${port}@${word}.example`,
      `[::ffff:7f00:1].${word}.example`,
      '0.0.0.0',
      `${word}.example#localhost`,
    ];
    const cookie = `${owner.cookies}; ${await target.operatorCookie()}`;
    const paths = [
      '/',
      '/dashboard',
      '/api/dashboard',
      '/api/session',
      '/operator',
      '/temporal/',
      '/signin',
      '/install',
    ];
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    for (const host of hosts) {
      for (const path of paths) {
        const { status } = await ask(apis[0], path, { headers: { host, cookie } });
        tried.push({ input: `${path} as “${host}”`, ok: [421, 400].includes(status), saw: String(status) });
      }
      const headers = { host, cookie, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };
      const { status } = await ask(apis[0], '/codec/decode', { method: 'POST', headers, body: '{"payloads":[]}' });
      tried.push({ input: `/codec as “${host}”`, ok: [421, 400].includes(status), saw: String(status) });
      // Browsers take these for this machine, whoever asks.
      if (host === `${word}.localhost:${port}`) continue;
      const sandbox = await ask(stack.urls.sandbox ?? '', '/_sandbox/state', { headers: { host } });
      tried.push({
        input: `the sandbox as “${host}”`,
        ok: [421, 400].includes(sandbox.status),
        saw: String(sandbox.status),
      });
    }
    seen.expectAll('requests under other names were refused', tried);
  },
};

export const lockOut: Attack = {
  name: 'lock-out',
  title: 'use up an office’s requests by pictures and scripts on another website, so that nobody can sign in',
  async run(target, seen) {
    const { apis, inputs } = target;
    const office = inputs.ipv4();
    const from = (more: Record<string, string>): Sent => ({ headers: { 'x-forwarded-for': office, ...more } });
    const elsewhere = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    const asked: Promise<{ status: number }>[] = [];
    for (let n = 0; n < 150; n += 1) {
      const dest = inputs.pick(['image', 'script', 'iframe', 'style', 'empty']);
      const path = inputs.pick(['/install', '/signin', `/oauth/callback?code=${inputs.word()}&state=x`]);
      asked.push(ask(apis[0], path, from({ ...elsewhere, 'sec-fetch-dest': dest })));
    }
    for (let n = 0; n < 1_300; n += 1) {
      asked.push(ask(apis[0], inputs.pick(['/api/session', '/codec/decode']), from(elsewhere)));
      if (asked.length % 50 === 0) await Promise.all(asked);
    }
    const refused = (await Promise.all(asked)).filter(({ status }) => status === 403).length;
    seen.expect(
      refused === asked.length,
      `${asked.length - refused} of ${asked.length} such requests were not refused`,
    );
    const signIn = (await ask(apis[0], '/signin', from({ 'sec-fetch-dest': 'document' }))).status;
    const api = (await ask(apis[0], '/api/session', from({ 'sec-fetch-site': 'same-origin' }))).status;
    seen.note(`${asked.length} requests of other sites’ pages, and the office signs in as before`);
    seen.expect(signIn === 302, `the sign-in was answered ${signIn}`);
    seen.expect(api === 401, `the JSON API was answered ${api}`);
    // Zoom's webhooks may come by the same way as whoever forges them.
    for (let n = 0; n < 80; n += 1) {
      await target.deliver({ event: inputs.word() }, { secret: inputs.word(), headers: { 'x-forwarded-for': office } });
    }
    const { status } = await target.deliver({ event: 'x.y' }, { headers: { 'x-forwarded-for': office } });
    seen.expect(status === 200, `after forged webhooks a genuine one of the same address was answered ${status}`);
  },
};

export const redirects: Attack = {
  name: 'redirects',
  title: 'have a link to this site lead to another one after the sign-in',
  async run(target, seen) {
    const { inputs, stack } = target;
    const evil = `${inputs.word()}.example`;
    const nexts = [
      `//${evil}`,
      `https://${evil}/`,
      `/\\${evil}`,
      `\\\\${evil}`,
      `/\t/${evil}`,
      `/%09/${evil}`,
      `/..//${evil}`,
      `/./%2e%2e//${evil}`,
      `/dashboard/../..//${evil}/`,
      `javascript:alert(1)`,
      `/\n/${evil}`,
      ` //${evil}`,
      `/@${evil}`,
      `.${evil}`,
    ];
    const alex = target.idOf('alex');
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    for (const next of nexts) {
      const browser = target.owner.copy();
      const consent = await browser.consentUrl(`/signin?next=${encodeURIComponent(next)}`);
      const landed = await browser.request((await browser.decide(consent, alex, 'allow')).href);
      const saw = landed.headers.get('location') ?? '';
      tried.push({ input: next, ok: new URL(saw, stack.urls.public).origin === stack.urls.public, saw });
    }
    const { headers } = await ask(target.apis[0], `//${evil}/dashboard`);
    const saw = headers.location ?? '';
    tried.push({ input: 'a path', ok: new URL(saw, stack.urls.public).origin === stack.urls.public, saw });
    seen.expectAll('the way led to this site', tried);
  },
};

/** Paths out of every folder that is served, in every spelling, up to this project's own folder and to the disk's. */
function waysOut(inputs: Inputs): string[] {
  const roots = ['/assets/', '/assets//', '/widget.js/', '/', '/temporal/_app/'];
  const ups = ['../', '..%2f', '%2e%2e/', '%2e%2e%2f', '..\\', '..%5c', '....//', '..;/', '%252e%252e/'];
  const files = [
    ...Array.from({ length: 6 }, (_, n) => ({ ups: n + 1, file: 'package.json' })),
    { ups: 16, file: 'etc/passwd' },
    { ups: 16, file: 'proc/self/environ' },
  ];
  const end = () => inputs.pick(['', '', '?x=1', '%00', '%00.js', '/']);
  return roots.flatMap((root) =>
    ups.flatMap((up) => files.map(({ ups: count, file }) => root + up.repeat(count) + file + end())),
  );
}

export const paths: Attack = {
  name: 'paths',
  title: 'read files of the server, or reach what is behind Temporal UI’s proxy, by paths that lead out',
  async run(target, seen) {
    const { apis, inputs } = target;
    const cookie = await target.operatorCookie();
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    for (const [n, path] of waysOut(inputs).entries()) {
      const { status, body } = await ask(apis[0], path, { headers: n % 2 === 0 ? { cookie } : {} });
      const leaks = /"zoom-live-chat"|root:.*:0:0|SESSION_SECRET|ENCRYPTION_KEYS/.test(body);
      tried.push({ input: path, ok: !leaks && status < 500, saw: `${status} ${body.slice(0, 80)}` });
    }
    const elsewhere = `127.0.0.1:${target.stack.ports.sandbox}`;
    for (const path of [
      `http://${elsewhere}/_sandbox/state`,
      `/temporal/@${elsewhere}/_sandbox/state`,
      `/temporal//${elsewhere}/_sandbox/state`,
      `/temporal/\\${elsewhere}/_sandbox/state`,
      `/temporal/../..//${elsewhere}/_sandbox/state`,
    ]) {
      const { status, body } = await ask(apis[0], path, { headers: { cookie } });
      tried.push({ input: path, ok: !body.includes('webhook_secret_token'), saw: `${status} ${body.slice(0, 80)}` });
    }
    seen.expectAll('paths led nowhere', tried);
  },
};

export const temporalUi: Attack = {
  name: 'temporal-ui',
  title: 'read and end chats in Temporal UI without the operators’ sign-in',
  async run(target, seen) {
    const { apis, inputs, stack } = target;
    const talk = await target.talk();
    const workflow = `/temporal/api/v1/namespaces/default/workflows/chat%2F${talk.chatId}`;
    const cookies = [
      '',
      target.owner.cookies,
      `chat-operator-${stack.ports.app}=${inputs.word(43)}`,
      `chat-operator-${stack.ports.app}=`,
    ];
    const requests: [string, string][] = [
      ['GET', '/temporal/'],
      ['GET', '/temporal'],
      ['GET', '/TEMPORAL/api/v1/namespaces'],
      ['GET', '/temporal/api/v1/namespaces'],
      ['GET', `${workflow}/history`],
      ['POST', `${workflow}/terminate`],
      ['POST', `${workflow}/signal/zoom`],
      ['GET', `/temporal/render?content=${inputs.word()}`],
      ['GET', '/temporal/_app/version.json'],
    ];
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    for (const cookie of cookies) {
      for (const [method, path] of requests) {
        const headers = { cookie, origin: stack.urls.public, 'content-type': 'application/json' };
        const body = method === 'POST' ? '{"reason":"x"}' : undefined;
        const answer = await ask(apis[0], path, { method, headers, ...(body === undefined ? {} : { body }) });
        const saw = `${answer.status} ${answer.headers.location ?? ''}`;
        const isSentAway = answer.status === 303 && answer.headers.location === '/operator';
        tried.push({ input: `${method} ${path}`, ok: isSentAway || answer.status === 401, saw });
      }
    }
    // It is there at all.
    const cookie = await target.operatorCookie();
    const signedIn = await ask(apis[0], '/temporal/api/v1/namespaces', { headers: { cookie } });
    seen.expect(signedIn.status === 200, `for the operator Temporal UI answered ${signedIn.status}`);
    const elsewhere = { cookie, origin: `https://${inputs.word()}.example`, 'content-type': 'application/json' };
    const forged = await ask(apis[0], `${workflow}/terminate`, { method: 'POST', headers: elsewhere, body: '{}' });
    tried.push({ input: 'the operator, from another site', ok: forged.status === 403, saw: String(forged.status) });
    seen.expectAll('requests without the sign-in were refused', tried);
    await target.stillTalks(talk);
  },
};

export const neighbours: Attack = {
  name: 'neighbours',
  title: 'reach a system on somebody’s machine from another one in the network, or as another user',
  async run(target, seen) {
    const { stack, apis } = target;
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
    if (own === undefined) seen.note('this machine has no other address');
    else {
      const ports = [...new Set([...Object.values(stack.ports), ...apis.map((api) => Number(new URL(api).port))])];
      const tried = await Promise.all(
        ports.map(async (port) => {
          const line = await Line.open(`http://${own}:${port}`);
          const isOpen = line.isConnected;
          line.drop();
          return { input: String(port), ok: !isOpen, saw: `${own}:${port} can be reached` };
        }),
      );
      seen.expectAll('ports could not be reached from outside', tried);
    }
    if (process.platform === 'win32') return;
    const { mode } = await stat(stack.dataDir);
    seen.expect((mode & 0o077) === 0, `others may look into the data folder (${(mode & 0o777).toString(8)})`);
  },
};
