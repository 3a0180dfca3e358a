import type { Attack } from '../attack.ts';
import { cookieOf, type Target } from '../target.ts';
import { ask } from '../wire.ts';

const nowhere = '[false,false]';

/** Where a copied cookie is good, at each api. */
async function goodAt(target: Target, cookies: string): Promise<string> {
  return JSON.stringify(await target.isSignedIn(cookies));
}

/** What somebody with these cookies gets when they have new chats go to this channel. */
function chooses(target: Target, api: string, cookie: string, channelId: string) {
  const headers = { cookie, origin: target.stack.urls.public, 'content-type': 'application/json' };
  return ask(api, '/api/settings', { method: 'PUT', headers, body: JSON.stringify({ channelId }) });
}

export const oldCookies: Attack = {
  name: 'old-cookies',
  title: 'go on with a copied cookie after sign-out, removal of the app, loss of rights and deactivation',
  async run(target, seen) {
    const { zoom } = target;
    const robin = target.idOf('robin');
    await zoom.changeUser(robin, { role: 'admin' });
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    const gone = async (input: string, cookies: string): Promise<void> => {
      const saw = await goodAt(target, cookies);
      tried.push({ input, ok: saw === nowhere, saw });
    };
    const cookiesOf = async (): Promise<string> => {
      const { cookies } = await target.signIn(robin);
      seen.expect((await goodAt(target, cookies)) === '[true,true]', 'a fresh cookie is not good at both apis');
      return cookies;
    };
    try {
      const browser = await target.signIn(robin);
      const { cookies: signedOut } = browser.copy();
      await browser.request('/signout', { method: 'POST' });
      await gone('after sign-out', signedOut);

      const removed = await cookiesOf();
      await zoom.removeApp(robin);
      await target
        .eventually(async () => {
          if ((await goodAt(target, removed)) !== nowhere)
            throw new Error('The app was removed, and the cookie is good.');
        })
        .catch(() => undefined);
      await gone('after removal', removed);
      const demoted = await cookiesOf();
      await gone('after removal and a new consent', removed);
      await gone('after sign-out and a new sign-in', signedOut);

      await zoom.changeUser(robin, { role: 'member' });
      const channelId = await zoom.createChannel(robin, `Mine ${target.inputs.word()}`, []);
      const { status } = await chooses(target, target.apis[1], demoted, channelId);
      seen.expect(status === 403, `a demoted administrator's change of settings was answered ${status}`);
      await gone('after the loss of the role', demoted);

      await zoom.changeUser(robin, { role: 'admin' });
      const deactivated = await cookiesOf();
      await zoom.changeUser(robin, { status: 'inactive' });
      const refused = await chooses(target, target.apis[1], deactivated, channelId);
      seen.expect(refused.status >= 400, `a deactivated user's change of settings was answered ${refused.status}`);
    } finally {
      await zoom.changeUser(robin, { status: 'active' });
      await zoom.changeUser(robin, { role: 'member' });
    }
    seen.expectAll('the old cookie was refused by both apis', tried);
  },
};

export const memberSettings: Attack = {
  name: 'member-settings',
  title: 'as a plain member have all new chats go to a channel of one’s own, or into a chat’s channel',
  async run(target, seen) {
    const { zoom, owner, apis, stack } = target;
    const robin = target.idOf('robin');
    const before = (await owner.dashboard()).channel?.id;
    await zoom.changeUser(robin, { role: 'admin' });
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    try {
      const [own, browsers] = [
        await zoom.createChannel(robin, `Mine ${target.inputs.word()}`, []),
        [await target.signIn(robin), await target.signIn(robin), await target.signIn(robin)] as const,
      ];
      await zoom.changeUser(robin, { role: 'member' });
      for (const [n, api] of apis.entries()) {
        const { status } = await chooses(target, api, browsers[n as 0 | 1].cookies, own);
        tried.push({ input: `settings at api ${n + 1}`, ok: status === 403 || status === 401, saw: String(status) });
      }
      const headers = { cookie: browsers[2].cookies, origin: stack.urls.public };
      const check = await ask(apis[0], '/api/connection-check', { method: 'POST', headers });
      tried.push({ input: 'a connection check', ok: [401, 403].includes(check.status), saw: String(check.status) });
    } finally {
      await zoom.changeUser(robin, { role: 'member' });
    }
    const { channelId } = await target.talk();
    const { status } = await chooses(target, apis[0], owner.cookies, channelId);
    tried.push({ input: 'the owner, and a chat’s channel', ok: status === 422, saw: String(status) });
    seen.expectAll('changes of settings were refused', tried);
    seen.expect((await owner.dashboard()).channel?.id === before, 'new chats go to another channel');
  },
};

/** Whether a cookie lets its holder decrypt. */
async function decrypts(target: Target, api: string, cookie: string): Promise<number> {
  const headers = { cookie, origin: target.stack.urls.public, 'content-type': 'application/json' };
  return (await ask(api, '/codec/decode', { method: 'POST', headers, body: '{"payloads":[]}' })).status;
}

export const operatorCookies: Attack = {
  name: 'operator-cookies',
  title: 'go on decrypting with a copied operator’s cookie after sign-out and a changed password',
  async run(target, seen) {
    const { apis, stack, config, inputs } = target;
    const cookie = await target.operatorCookie();
    const fresh = await Promise.all(apis.map((api) => decrypts(target, api, cookie)));
    seen.expect(fresh.join() === '200,200', `a fresh cookie was answered ${fresh.join()}`);
    await ask(apis[0], '/operator/signout', { method: 'POST', headers: { cookie, origin: stack.urls.public } });
    const after = await Promise.all(apis.map((api) => decrypts(target, api, cookie)));
    seen.expect(after.join() === '401,401', `after the sign-out the cookie was answered ${after.join()}`);
    const ofOldPassword = await target.operatorCookie();
    const { url, process } = await target.addApi('api-new-password', { OPERATOR_PASSWORD: `${inputs.word(24)}-7Q` });
    const withOther = await decrypts(target, url, ofOldPassword);
    const oldPassword = await ask(url, '/operator/signin', {
      method: 'POST',
      headers: { origin: stack.urls.public, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ password: config.operator.password ?? '' }).toString(),
    });
    await process.stop();
    seen.note('refused by both apis after the sign-out, and by an api with another password');
    seen.expect(withOther === 401, `an api with another password answered the old cookie ${withOther}`);
    seen.expect(oldPassword.status === 401, `an api with another password took the old one (${oldPassword.status})`);
  },
};

export const passwordGuesses: Attack = {
  name: 'password-guesses',
  title: 'guess the operator’s password, or keep the operator out by guessing wrongly',
  async run(target, seen) {
    const { inputs, apis } = target;
    const [guesser, office] = [inputs.ipv4(), inputs.ipv4()];
    const network = inputs.ipv6Network();
    for (const [what, address] of [
      ['one address', () => guesser],
      ['one /64', () => inputs.ipv6(network)],
    ] as const) {
      const statuses: number[] = [];
      for (let n = 0; n < 15; n += 1) statuses.push((await target.signInOperator(inputs.word(16), address())).status);
      const looked = statuses.filter((status) => status === 401).length;
      seen.note(`${looked} of 15 guesses of ${what} were looked at`);
      seen.expect(looked <= 10 && statuses.at(-1) === 429, `guesses of ${what}: ${statuses.join()}`);
      const right = (await target.signInOperator(undefined, address())).status;
      seen.expect(right === 429, `after too many guesses ${what} was answered ${right}`);
    }
    for (let n = 0; n < 30; n += 1) {
      const headers = {
        origin: `https://${inputs.word()}.example`,
        'sec-fetch-site': 'cross-site',
        'x-forwarded-for': office,
        'content-type': 'application/x-www-form-urlencoded',
      };
      await ask(apis[0], '/operator/signin', { method: 'POST', headers, body: `password=${inputs.word()}` });
    }
    const { status } = await target.signInOperator(undefined, office);
    seen.note('the operator signs in all the same, also from where another site’s page has posted');
    seen.expect(status === 303, `the operator was kept out (${status})`);
  },
};

export const plantedSessions: Attack = {
  name: 'planted-sessions',
  title: 'plant a session or a sign-in of one’s own in somebody else’s browser',
  async run(target, seen) {
    const { owner, apis, inputs } = target;
    const robin = target.idOf('robin');
    await target.zoom.changeUser(robin, { role: 'admin' });
    try {
      const [name = ''] =
        owner.cookies
          .split('; ')
          .filter((cookie) => cookie.includes('session'))[0]
          ?.split('=') ?? [];
      const planted = `${name}=${inputs.word(43)}`;
      const started = await ask(apis[0], '/signin', { headers: { cookie: planted } });
      const attempt = cookieOf(started);
      const consent = new URL(started.headers.location ?? '');
      const { pathname, search } = await owner.decide(consent, robin, 'allow');
      const victim = await ask(apis[0], pathname + search, { headers: { cookie: inputs.pick(['', planted]) } });
      seen.expect(victim.status === 400 && !cookieOf(victim).includes(name), 'a callback counted in another browser');
      const landed = await ask(apis[0], pathname + search, { headers: { cookie: `${planted}; ${attempt}` } });
      const session = cookieOf(landed);
      seen.expect(landed.status === 302 && session.includes(name), `the sign-in itself was answered ${landed.status}`);
      seen.expect(!session.includes(planted), 'the planted cookie became the session');
      seen.expect((await goodAt(target, planted)) === nowhere, 'the planted cookie is good');
      const again = await ask(apis[1], pathname + search, { headers: { cookie: attempt } });
      seen.expect(again.status === 400 && !cookieOf(again).includes(name), 'a callback counted twice');
      const forged = `/oauth/callback?code=${inputs.word()}&state=${inputs.word(43)}`;
      const invented = await ask(apis[0], forged, { headers: { cookie: attempt } });
      seen.expect(invented.status === 400, `an invented callback was answered ${invented.status}`);
      seen.note('a planted cookie, a stranger’s callback, one used twice and one invented: none signed anybody in');
    } finally {
      await target.zoom.changeUser(robin, { role: 'member' });
    }
  },
};

/** Callbacks of one network that Zoom is asked about in vain. */
const mostRefusedCodes = 10;

export const inventedCodes: Attack = {
  name: 'invented-codes',
  title: 'have the app call Zoom with its credentials as often as one likes, by invented codes',
  async run(target, seen) {
    const { apis, inputs } = target;
    const statuses: number[] = [];
    const network = inputs.ipv6Network();
    for (let n = 0; n < mostRefusedCodes + 8; n += 1) {
      const address = { 'x-forwarded-for': inputs.ipv6(network) };
      const started = await ask(apis[0], '/signin', { headers: address });
      const state = new URL(started.headers.location ?? '').searchParams.get('state') ?? '';
      const callback = `/oauth/callback?code=${inputs.word(20)}&state=${encodeURIComponent(state)}`;
      const headers = { ...address, cookie: cookieOf(started) };
      statuses.push((await ask(apis[0], callback, { headers })).status);
    }
    const asked = statuses.filter((status) => status === 400).length;
    seen.note(`${asked} of ${statuses.length} invented codes of one network went to Zoom`);
    seen.expect(asked <= mostRefusedCodes && statuses.at(-1) === 429, `the callbacks were answered ${statuses.join()}`);
  },
};

export const otherAccount: Attack = {
  name: 'other-account',
  title: 'reach another account’s chats and settings as the administrator of one’s own',
  async run(target, seen) {
    const { owner, apis, inputs } = target;
    const olive = await target.signIn(target.idOf('olive'), '/install');
    await target.eventually(async () => {
      const { status } = await olive.json<{ status: string }>('/api/install');
      if (status !== 'ready') throw new Error(`The install of the other account is ${status}.`);
    }, 30_000);
    const theirs = await olive.dashboard();
    const word = inputs.word();
    const talk = await target.talk({ visitor: { name: word } });
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    const settings = await chooses(target, apis[0], olive.cookies, (await owner.dashboard()).channel?.id ?? '');
    tried.push({ input: 'our inbound channel in their settings', ok: settings.status === 422, saw: settings.body });
    const list = await ask(apis[0], '/api/dashboard', { headers: { cookie: olive.cookies } });
    tried.push({ input: 'their dashboard', ok: list.status === 200 && !list.body.includes(word), saw: list.body });
    for (const widget of [theirs.widget.id, `${target.widget} `, inputs.word()]) {
      const guest = target.guest({ widget, token: talk.guest.token ?? '' });
      await guest.open();
      const answer = await guest.hello();
      const saw = answer.type === 'error' ? answer.code : answer.type;
      tried.push({ input: `our visitor’s token with the widget ${widget}`, ok: saw !== 'welcome', saw });
    }
    const [head = '', payload = '', signature = ''] = (talk.guest.token ?? '').split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    const altered = Buffer.from(JSON.stringify({ ...claims, sub: inputs.word(16) })).toString('base64url');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    for (const token of [`${head}.${altered}.${signature}`, `${unsigned}.${payload}.`, `${head}.${payload}.`]) {
      const guest = target.guest({ token });
      await guest.open();
      const answer = await guest.hello();
      const saw = answer.type === 'error' ? answer.code : answer.type;
      tried.push({ input: 'an altered token', ok: saw === 'bad_token', saw });
    }
    const press = {
      event: 'interactive_message_actions',
      event_ts: Date.now(),
      payload: {
        accountId: target.accountOf('olive'),
        actionItem: { text: 'End Chat', value: `end:${talk.chatId}` },
        userId: target.idOf('olive'),
        userName: 'Olive Owner',
      },
    };
    const { status } = await target.deliver(press, { path: '/webhooks/zoom/bot' });
    await target.stillTalks(talk);
    const isEnded = talk.guest.entries.some(({ kind }) => kind === 'ended');
    tried.push({ input: 'a press in their account', ok: !isEnded, saw: `${status}, and the chat has ended` });
    await target.zoom.removeApp(target.idOf('olive'));
    const saw = await target.eventually(async () => {
      const guest = target.guest({ widget: theirs.widget.id });
      await guest.open();
      const answer = await guest.hello();
      guest.leave();
      if (answer.type !== 'error') throw new Error('A widget of an account without the app takes visitors in.');
      return answer.code;
    });
    tried.push({ input: 'their widget, without the app', ok: saw === 'not_available', saw });
    seen.expectAll('nothing of another account was to be had', tried);
  },
};
