import express, { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import {
  archiveChannel,
  changeUser,
  createChannel,
  deleteChannel,
  deleteMessage,
  editMessage,
  findChannel,
  findUser,
  invite,
  join,
  leave,
  liveChannels,
  markRead,
  membership,
  nameLimit,
  postAsOtherBot,
  press,
  removeMembers,
  setAppAdded,
  typeAsUser,
  updateChannel,
  type Target,
} from './chat.ts';
import { faultRule } from './fault-rules.ts';
import type { FeedEvent } from './feed.ts';
import { newId } from './ids.ts';
import { AuthorizeProblem, checkAuthorize, decide, obstacle } from './oauth.ts';
import { Problem, problemHandler } from './problem.ts';
import { launchUrl } from './rest/channels.ts';
import { switchesInput, type SwitchesInput } from './switches.ts';
import { removeScopes, spoilTokens, uninstall } from './tokens.ts';
import { needsAdminWords } from './ui/pages.tsx';
import { channelWithMessages, deliveryView, messageView, stateView, userView } from './views.ts';
import type { Channel, Conversation, Message, User } from './state.ts';
import type { World } from './world.ts';

/** What the control endpoints can do to the sandbox as a whole. */
export interface Controls {
  reset(): void;
  setSwitches(change: SwitchesInput): void;
  /** Puts the switches back to those of the start. */
  restoreSwitches(): void;
}

const resetInput = z.strictObject({ switches: switchesInput.optional() });
const faultsInput = z.strictObject({
  switches: switchesInput.optional(),
  rules: z.array(faultRule).optional(),
  /** Seed of the generator behind probabilities. */
  seed: z.number().int().optional(),
  /** Ends tokens at once. */
  tokens: z
    .strictObject({
      action: z.enum(['expire', 'revoke']),
      kinds: z
        .array(z.enum(['access', 'refresh', 'bot']))
        .min(1)
        .default(['access', 'bot']),
      user: z.string().optional(),
    })
    .optional(),
  /** Takes scopes from what people have granted, as if they had never been: calls that need them answer 4711. */
  remove_scopes: z.strictObject({ scopes: z.array(z.string().min(1)).min(1), user: z.string().optional() }).optional(),
  /** Blocks a channel as its burst limit would. */
  block_channel: z.strictObject({ channel_id: z.string(), ms: z.number().int().min(1).max(600_000) }).optional(),
  /** Removes the rules that were there before. */
  clear: z.boolean().default(false),
});
const textInput = z.string().max(4096);
const messageInput = z
  .strictObject({
    to_channel: z.string().min(1).optional(),
    to_contact: z.string().min(1).optional(),
    to_bot: z.boolean().optional(),
    message: textInput.default(''),
    reply_to: z.string().min(1).optional(),
    at_items: z.array(z.looseObject({})).optional(),
    rich_text: z.array(z.looseObject({})).optional(),
    files: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(255),
          size: z.number().int().min(0).default(1024),
          kind: z.enum(['file', 'image']).default('file'),
        }),
      )
      .max(6)
      .optional(),
  })
  .refine(
    (input) =>
      [input.to_channel, input.to_contact, input.to_bot].filter((one) => one !== undefined && one !== false).length ===
      1,
    {
      message: 'Exactly one of to_channel, to_contact and to_bot is required.',
    },
  )
  .refine((input) => input.message.trim() !== '' || (input.files?.length ?? 0) > 0, {
    message: 'A message or a file is required.',
    path: ['message'],
  });
const otherBotInput = z.strictObject({
  to_channel: z.string().min(1),
  /** Name of the app whose bot writes. */
  name: z.string().trim().min(1).max(64).default('Deploy Bot'),
  message: textInput.min(1),
});
const pressInput = z.strictObject({
  message_id: z.string().min(1),
  value: z.string(),
  stale: z.boolean().default(false),
});
const channelRef = z.strictObject({ channel_id: z.string().min(1) });
const peopleInput = z.strictObject({
  channel_id: z.string().min(1),
  user_ids: z.array(z.string().min(1)).min(1).max(100),
});
const createInput = z.strictObject({
  name: z.string().trim().min(1).max(nameLimit),
  type: z.number().int().min(1).max(4).default(1),
  user_ids: z.array(z.string()).max(100).default([]),
});
const channelPatch = z.strictObject({
  name: z.string().trim().min(1).max(nameLimit).optional(),
  type: z.union([z.literal(1), z.literal(2), z.literal(3)]).optional(),
  archived: z.boolean().optional(),
  app_added: z.boolean().optional(),
  posting_permissions: z.union([z.literal(1), z.literal(2)]).optional(),
});
const userPatch = z.strictObject({
  status: z.enum(['active', 'inactive', 'expired', 'deleted']).optional(),
  /** Whoever becomes the owner takes it over from the owner so far, who becomes an admin. */
  role: z.enum(['owner', 'admin', 'member']).optional(),
});
const authorizeInput = z.strictObject({
  redirect_uri: z.string(),
  state: z.string().optional(),
  scope: z.string().optional(),
  code_challenge: z.string().optional(),
  code_challenge_method: z.string().optional(),
  decision: z.enum(['allow', 'cancel']).default('allow'),
});
const validationInput = z.strictObject({
  endpoint: z.enum(['bot', 'events', 'all']).default('all'),
  mode: z.enum(['normal', 'unsigned', 'forged']).default('normal'),
});
const eventsQuery = z.object({
  since: z.coerce.number().int().min(0).optional(),
  timeout_ms: z.coerce.number().int().min(0).max(60_000).default(25_000),
  type: z.string().optional(),
});
const conversationId = z.custom<Conversation>(
  (value) => typeof value === 'string' && /^(c:[0-9a-f]{32}|b:[\w-]{22}|d:[\w-]{22}:[\w-]{22})$/.test(value),
  'must be a conversation id',
);
const viewQuery = z.object({
  messages: z.enum(['all', 'none']).default('all'),
  conversation: conversationId.optional(),
});

/** Opens a stream of server-sent events. @returns the function that sends one */
function openStream(res: Response, onClose: () => void): (id: number, data: unknown) => void {
  res.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  res.flushHeaders();
  res.write('retry: 500\n\n');
  const beat = setInterval(() => res.write(': still here\n\n'), 15_000);
  beat.unref();
  res.on('close', () => {
    clearInterval(beat);
    onClose();
  });
  return (id, data) => res.write(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** Routes under /_sandbox: what drivers and the page use. Bad input answers application/problem+json. */
export function controlRoutes(world: World, controls: Controls): Router {
  const router = Router();
  router.use((req, _res, next) => {
    // A page of another site must not be able to steer the sandbox of whoever visits it.
    if (req.headers['sec-fetch-site'] === 'cross-site')
      throw new Problem(403, 'Requests from other sites are refused.');
    const hasBody = req.headers['content-length'] !== undefined && req.headers['content-length'] !== '0';
    if (hasBody && req.is('application/json') === false) throw new Problem(415, 'The body must be application/json.');
    next();
  });
  router.use(express.json({ limit: '1mb' }));

  const userOf = (key: string | undefined): User => {
    const user = findUser(world, key ?? '');
    if (user === undefined) throw new Problem(404, `There is no user ${key ?? ''}.`);
    return user;
  };
  /** A channel by id, by JID, or by the name of one of the person's channels. */
  const channelOf = (key: string, user?: User): Channel => {
    const direct = findChannel(world, key.split('@', 1)[0] ?? key);
    const named = liveChannels(world).filter(
      (one) => one.name === key && (user === undefined || membership(one, user.id) !== undefined),
    );
    const channel = direct ?? (named.length === 1 ? named[0] : undefined);
    if (channel === undefined) throw new Problem(404, `There is no channel ${key}.`);
    return channel;
  };
  const answer = (res: Response, status: number, body?: unknown): void => {
    world.store.commit();
    if (body === undefined) res.status(status).end();
    else res.status(status).json(body);
  };
  const ownMessage = (user: User, id: string): Message => {
    const message = world.store.messages.get(id);
    if (message === undefined || message.deletedAt !== undefined) throw new Problem(404, 'There is no such message.');
    if (message.userId !== user.id) throw new Problem(403, 'Only the author can change a message.');
    return message;
  };

  router.post('/reset', (req, res) => {
    const input = resetInput.parse(req.body ?? {});
    controls.reset();
    if (input.switches !== undefined) controls.setSwitches(input.switches);
    answer(res, 200, stateView(world));
  });
  router.get('/state', (_req, res) => answer(res, 200, stateView(world)));

  const faultsBody = (): object => ({ switches: world.switches(), rules: world.faults.list() });
  router.get('/faults', (_req, res) => answer(res, 200, faultsBody()));
  router.post('/faults', (req, res) => {
    const input = faultsInput.parse(req.body ?? {});
    const cleared = input.clear ? world.faults.list() : [];
    if (input.clear) world.faults.clear();
    if (input.switches !== undefined) controls.setSwitches(input.switches);
    if (input.seed !== undefined) world.faults.seed(input.seed);
    const added = (input.rules ?? []).map((rule) => world.faults.add(rule));
    const idOf = (user: string | undefined): string | undefined => (user === undefined ? undefined : userOf(user).id);
    const { tokens, remove_scopes: removal } = input;
    const ended = tokens === undefined ? 0 : spoilTokens(world, tokens.action, tokens.kinds, idOf(tokens.user));
    const narrowed = removal === undefined ? 0 : removeScopes(world, removal.scopes, idOf(removal.user));
    if (input.block_channel !== undefined)
      world.limits.block(channelOf(input.block_channel.channel_id).id, input.block_channel.ms);
    answer(res, 200, {
      ...faultsBody(),
      added: added.map((rule) => rule.id),
      cleared,
      tokens_ended: ended,
      tokens_narrowed: narrowed,
    });
  });
  router.delete('/faults', (_req, res) => {
    world.faults.clear();
    controls.restoreSwitches();
    answer(res, 200, faultsBody());
  });
  router.delete('/faults/:rule', (req, res) => {
    if (!world.faults.remove(req.params.rule)) throw new Problem(404, 'There is no such rule.');
    answer(res, 200, faultsBody());
  });

  router.post('/clock', (req, res) => {
    const input = z
      .strictObject({
        advance_ms: z
          .number()
          .int()
          .min(0)
          .max(400 * 86_400_000),
      })
      .parse(req.body ?? {});
    world.clock.advance(input.advance_ms);
    world.store.settings.put({ id: 'clockAhead', value: world.clock.ahead });
    answer(res, 200, { now: world.clock.now(), ahead_ms: world.clock.ahead });
  });

  router.get('/mails', (req, res) => {
    const { to } = z.object({ to: z.string().optional() }).parse(req.query);
    const mails = world.store.mails.all().filter(({ envelopeTo }) => to === undefined || envelopeTo.includes(to));
    answer(res, 200, { mails });
  });
  router.get('/webhooks', (req, res) => {
    const query = z
      .object({
        state: z.enum(['pending', 'delivered', 'failed']).optional(),
        event: z.string().optional(),
        limit: z.coerce.number().int().min(1).max(2000).default(200),
      })
      .parse(req.query);
    const rows = world.store.deliveries
      .all()
      .filter(
        (one) =>
          (query.state === undefined || one.state === query.state) &&
          (query.event === undefined || one.event === query.event),
      );
    answer(res, 200, { webhooks: rows.slice(-query.limit).map(deliveryView) });
  });
  router.post('/webhooks/flush', (_req, res) => answer(res, 202, { pending: world.webhooks.flush() }));
  router.post('/validations', async (req, res) => {
    const input = validationInput.parse(req.body ?? {});
    const chosen = world.webhooks.endpoints().filter((one) => input.endpoint === 'all' || one.name === input.endpoint);
    const results = await Promise.all(
      chosen.map((one) =>
        input.mode === 'normal' ? world.webhooks.revalidate(one, true) : world.webhooks.validate(one, input.mode),
      ),
    );
    answer(res, 200, { results });
  });

  router.get('/events', (req, res) => {
    const query = eventsQuery.parse(req.query);
    const wanted = (event: FeedEvent): boolean => query.type === undefined || event.type.startsWith(query.type);
    const resumed = Number(req.headers['last-event-id'] ?? NaN);
    const since = Number.isNaN(resumed) ? (query.since ?? world.feed.last) : resumed;
    const known = world.feed.since(since).filter(wanted);
    if (req.accepts(['json', 'text/event-stream']) === 'text/event-stream') {
      const stop = { now: (): void => undefined };
      const send = openStream(res, () => stop.now());
      for (const event of known) send(event.seq, event);
      stop.now = world.feed.listen((event) => {
        if (wanted(event)) send(event.seq, event);
      });
      return;
    }
    if (known.length > 0 || query.timeout_ms === 0) {
      answer(res, 200, { events: known, next: world.feed.last });
      return;
    }
    const done = (): void => {
      stop();
      clearTimeout(timer);
      res.off('close', done);
      if (!res.headersSent && !res.destroyed)
        answer(res, 200, { events: world.feed.since(since).filter(wanted), next: world.feed.last });
    };
    const stop = world.feed.listen((event) => {
      // What one step does belongs together: answer once it is complete.
      if (wanted(event)) setImmediate(done);
    });
    const timer = setTimeout(done, query.timeout_ms);
    timer.unref();
    res.on('close', done);
  });

  const users = Router({ mergeParams: true });
  const me = (req: Request): User => userOf((req.params as Record<string, string | undefined>)['id']);
  /** Who does something: somebody who was deactivated cannot. */
  const actor = (req: Request): User => {
    const user = me(req);
    if (user.status !== 'active') throw new Problem(409, `${user.email} is ${user.status}.`);
    return user;
  };

  users.get('/view', (req, res) => {
    const query = viewQuery.parse(req.query);
    answer(res, 200, userView(world, me(req), query.conversation ?? query.messages));
  });
  users.get('/stream', (req, res) => {
    const user = me(req);
    const stop = { now: (): void => undefined };
    const send = openStream(res, () => stop.now());
    send(world.feed.last, { seq: world.feed.last, user: user.id });
    stop.now = world.feed.listen((event) => {
      if (!event.type.startsWith('webhook.')) send(event.seq, { seq: event.seq });
    });
  });
  users.patch('/', (req, res) => {
    const input = userPatch.parse(req.body ?? {});
    const key = (req.params as Record<string, string>)['id'] ?? '';
    const user = world.store.users.get(key) ?? userOf(key);
    if (user.role === 'owner' && ((input.role ?? 'owner') !== 'owner' || (input.status ?? 'active') !== 'active'))
      throw new Problem(409, 'An account has an owner: make somebody else the owner first.');
    changeUser(world, user, input);
    answer(res, 200, world.store.users.get(user.id));
  });
  users.post('/messages', (req, res) => {
    const user = actor(req);
    const input = messageInput.parse(req.body ?? {});
    let target: Target = { bot: true };
    if (input.to_channel !== undefined) target = { channel: channelOf(input.to_channel, user) };
    if (input.to_contact !== undefined) target = { contact: userOf(input.to_contact) };
    const result = typeAsUser(world, user, target, {
      text: input.message,
      replyTo: input.reply_to,
      atItems: input.at_items,
      richText: input.rich_text,
      files: input.files?.map((file) => ({ ...file, id: newId() })),
    });
    if ('command' in result) answer(res, 202, { id: null, command: result.command });
    else answer(res, 201, { ...messageView(world, result), message_id: result.id, conversation: result.conversation });
  });
  users.patch('/messages/:m', (req, res) => {
    const input = z.strictObject({ message: textInput.min(1) }).parse(req.body ?? {});
    const message = ownMessage(actor(req), req.params.m);
    editMessage(world, message, { text: input.message });
    answer(res, 200, messageView(world, message));
  });
  users.delete('/messages/:m', (req, res) => {
    deleteMessage(world, ownMessage(actor(req), req.params.m));
    answer(res, 204);
  });
  users.post('/press', (req, res) => {
    const input = pressInput.parse(req.body ?? {});
    answer(res, 200, { event: press(world, actor(req), input.message_id, input.value, input.stale) });
  });
  users.post('/read', (req, res) => {
    const input = z.strictObject({ conversation: conversationId }).parse(req.body ?? {});
    const user = me(req);
    if (markRead(world, user, input.conversation)) {
      world.feed.publish('conversation.read', world.clock.now(), {
        user_id: user.id,
        conversation: input.conversation,
      });
    }
    answer(res, 204);
  });

  const channelAnswer = (res: Response, status: number, channel: Channel): void =>
    answer(res, status, {
      channel_id: channel.id,
      id: channel.id,
      jid: channel.jid,
      name: channel.name,
      type: channel.type,
      channel_url: launchUrl(world, channel.jid),
      archived: channel.archived,
      app_added: channel.appAdded,
      members: channel.members.map((member) => member.userId),
      pending: channel.pending,
    });
  users.post('/channels', (req, res) => {
    const input = createInput.parse(req.body ?? {});
    const channel = createChannel(world, actor(req), { name: input.name, type: input.type, invitees: input.user_ids });
    channelAnswer(res, 201, channel);
  });
  users.patch('/channels/:c', (req, res) => {
    const input = channelPatch.parse(req.body ?? {});
    const user = actor(req);
    const channel = channelOf(req.params.c, user);
    if (input.name !== undefined || input.type !== undefined || input.posting_permissions !== undefined) {
      updateChannel(world, user, channel, {
        name: input.name,
        type: input.type,
        settings:
          input.posting_permissions === undefined ? undefined : { posting_permissions: input.posting_permissions },
      });
    }
    if (input.archived !== undefined) archiveChannel(world, user, channel, input.archived);
    if (input.app_added !== undefined) setAppAdded(world, user, channel, input.app_added);
    channelAnswer(res, 200, channel);
  });
  users.delete('/channels/:c', (req, res) => {
    const user = actor(req);
    const channel = channelOf(req.params.c, user);
    const last = channelWithMessages(world, channel);
    deleteChannel(world, user, channel);
    answer(res, 200, last);
  });
  users.post('/invite', (req, res) => {
    const input = peopleInput.parse(req.body ?? {});
    const user = actor(req);
    const channel = channelOf(input.channel_id, user);
    invite(world, user, channel, input.user_ids);
    channelAnswer(res, 200, channel);
  });
  users.post('/remove', (req, res) => {
    const input = peopleInput.parse(req.body ?? {});
    const user = actor(req);
    const channel = channelOf(input.channel_id, user);
    removeMembers(world, user, channel, input.user_ids.map(userOf));
    channelAnswer(res, 200, channel);
  });
  users.post('/join', (req, res) => {
    const channel = channelOf(channelRef.parse(req.body ?? {}).channel_id);
    join(world, actor(req), channel);
    channelAnswer(res, 200, channel);
  });
  users.post('/leave', (req, res) => {
    const user = actor(req);
    const channel = channelOf(channelRef.parse(req.body ?? {}).channel_id, user);
    leave(world, user, channel);
    channelAnswer(res, 200, channel);
  });
  users.post('/uninstall', (req, res) => {
    const user = me(req);
    if (!uninstall(world, user)) throw new Problem(409, 'This person has not added the app.');
    answer(res, 200, { user_id: user.id, installed: false });
  });
  users.post('/authorize', (req, res) => {
    const input = authorizeInput.parse(req.body ?? {});
    const user = me(req);
    try {
      const request = checkAuthorize(world, { ...input, response_type: 'code', client_id: world.config.clientId });
      const allowed = input.decision !== 'cancel';
      const hindered = allowed ? obstacle(world, user, request.scopes) : null;
      if (hindered !== null)
        throw new Problem(
          403,
          hindered === 'needs_admin' ? needsAdminWords : 'An admin has to approve this app first.',
        );
      const location = decide(world, request, allowed ? user : 'cancel');
      answer(res, 200, { redirect_to: location, code: new URL(location).searchParams.get('code') });
    } catch (error) {
      if (error instanceof AuthorizeProblem) throw new Problem(400, error.message, { code: error.code });
      throw error;
    }
  });

  router.post('/other-bots/messages', (req, res) => {
    const input = otherBotInput.parse(req.body ?? {});
    const message = postAsOtherBot(world, channelOf(input.to_channel), input.name, input.message);
    answer(res, 201, { ...messageView(world, message), message_id: message.id });
  });

  router.use('/users/:id', users);
  router.use((req) => {
    throw new Problem(404, `There is no ${req.method} ${req.originalUrl}.`);
  });
  router.use(problemHandler);
  return router;
}
