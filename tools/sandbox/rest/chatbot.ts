import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { cardContent, mixesMarkdown, overLimit, truncated, type CardContent } from '../cards.ts';
import { zoomSentTime } from '../clock.ts';
import { checkBotMayPost, deleteMessage, editMessage, findChannel, findUser, membership, postAsBot } from '../chat.ts';
import { ZoomError } from '../errors.ts';
import { botDmJid, isInstalled } from '../events.ts';
import { respond, type Answer } from '../respond.ts';
import type { Channel, Conversation, Message, User } from '../state.ts';
import type { World } from '../world.ts';
import { bearerOf, checkScopes, countCall, countMessage } from './api.ts';

/*
 * Messages of the chatbot (developers.zoom.us/docs/api/chatbot/): 7001 malformed, 7002 and 7003 wrong robot_jid,
 * 7004 not authorized or nobody there, 7010 authorization, 8001 unknown message.
 */

const postInput = z.looseObject({
  robot_jid: z.string().min(1),
  to_jid: z.string().min(1),
  account_id: z.string().min(1),
  content: cardContent,
  user_jid: z.string().min(1).optional(),
  visible_to_user: z.string().optional(),
  reply_to: z.string().optional(),
  is_markdown_support: z.boolean().optional(),
});
const putInput = z.looseObject({
  robot_jid: z.string().min(1),
  account_id: z.string().min(1),
  content: cardContent,
  user_jid: z.string().optional(),
  is_markdown_support: z.boolean().optional(),
});
const deleteQuery = z.looseObject({
  robot_jid: z.string().min(1),
  account_id: z.string().min(1),
  user_jid: z.string().optional(),
});
const callbackInput = z.looseObject({
  content: cardContent,
  reply_to: z.string().optional(),
  visible_to_user: z.string().optional(),
  is_markdown_support: z.boolean().optional(),
});

const malformed = (message: string): ZoomError => new ZoomError(400, 7001, message);

function readInput<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  throw malformed(`Invalid request body: ${first?.path.join('.') ?? ''} ${first?.message ?? ''}`.trim());
}

function checkBotToken(world: World, req: Request): void {
  const token = world.store.tokens.get(bearerOf(req) ?? '');
  if (token?.kind !== 'bot' || token.ended !== undefined || token.expiresAt <= world.clock.now())
    throw new ZoomError(401, 7010, 'Invalid authorization token.');
  if (world.switches().appDisabled !== 'no') throw new ZoomError(401, 7010, 'The app has been disabled.');
  checkScopes(world, token, { classic: ['imchat:bot'], granular: ['imchat:bot'] }, false);
}

function checkRobot(world: World, robotJid: string, accountId: string): void {
  if (!/^v1[\w-]+@xmpp\.zoom\.us$/.test(robotJid)) throw new ZoomError(404, 7002, 'The robot_jid is malformed.');
  const known = world.store.accounts.get(accountId) !== undefined;
  if (robotJid !== world.config.botJid || !known)
    throw new ZoomError(403, 7003, 'The robot_jid is unknown to this app or account.');
  if (isInstalled(world, accountId)) return;
  throw new ZoomError(403, world.switches().botUninstalledCode, 'The app is not installed in this account.');
}

const nobody = (): ZoomError => new ZoomError(403, 7004, 'No channel or user can be found with the given to_jid.');

function userByJid(world: World, jid: string): User | undefined {
  return world.store.users.all().find((user) => user.jid === jid && user.status === 'active');
}

/** Where a chatbot message goes: a channel, there to one person only, or somebody's conversation with the bot. */
type Destination = { channel: Channel } | { channel: Channel; only: User } | { user: User };

function destination(world: World, toJid: string, accountId: string): Destination {
  const [, person, channelId] = /^(?:([^/]+)\/)?([0-9a-f]{32})@conference\.xmpp\.zoom\.us$/.exec(toJid) ?? [];
  if (channelId !== undefined) {
    const channel = findChannel(world, channelId);
    if (channel === undefined) throw nobody();
    const here =
      channel.accountId === accountId ||
      channel.members.some((member) => world.store.users.get(member.userId)?.accountId === accountId);
    if (!here) throw nobody();
    if (person === undefined) return { channel };
    const only = userByJid(world, person);
    if (only === undefined || membership(channel, only.id) === undefined) throw nobody();
    return { channel, only };
  }
  const user = world.store.users.all().find((one) => one.jid === toJid || botDmJid(world, one) === toJid);
  if (user?.accountId !== accountId || user.status !== 'active') throw nobody();
  // The bot of an admin-managed app may write to everybody of the account, that of a user-managed app to its users.
  if (world.switches().managedType === 'user' && world.store.grants.get(user.id) === undefined) {
    throw new ZoomError(403, 7004, 'Not authorized');
  }
  return { user };
}

/**
 * Checks on whose behalf a post is made: user-managed apps must say so, and whoever is named must still be in the
 * channel. Zoom's SDK sends the user's id in place of the JID.
 */
function checkUserJid(world: World, named: string | undefined, accountId: string, channel: Channel | undefined): void {
  const { managedType, userJidRequired } = world.switches();
  if (named === undefined) {
    if (managedType === 'user' || userJidRequired) throw malformed('Invalid request body: user_jid is required.');
    return;
  }
  const user = userByJid(world, named) ?? findUser(world, named);
  if (user?.status !== 'active' || (user.accountId !== accountId && channel === undefined)) {
    throw new ZoomError(403, 7004, 'No user can be found with the given user_jid.');
  }
  if (channel !== undefined && membership(channel, user.id) === undefined) {
    throw new ZoomError(403, 7004, 'Not authorized');
  }
}

function fitted(world: World, content: CardContent, markdown: boolean): CardContent {
  if (mixesMarkdown(content, markdown)) throw malformed('Links and editable texts cannot be markdown.');
  const fault = overLimit(content, world.switches());
  if (fault !== null) throw malformed(fault);
  return world.switches().cardText === 'truncate' ? truncated(content) : content;
}

function visibleTo(world: World, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (world.switches().managedType !== 'admin') throw malformed('visible_to_user needs an admin-managed app.');
  const user = world.store.users.get(value);
  if (user?.status !== 'active') throw new ZoomError(403, 7004, 'No user can be found with the given visible_to_user.');
  return user.id;
}

function checkReplyTo(world: World, conversation: Conversation, replyTo: string | undefined): void {
  if (replyTo === undefined || replyTo === '') return;
  const parent = world.store.messages.get(replyTo);
  if (parent?.conversation !== conversation) throw malformed('The message of reply_to does not exist.');
  if (parent.replyTo !== undefined) throw new ZoomError(400, 5402, 'A reply cannot be replied to.');
}

function botMessage(world: World, id: string, accountId: string): Message {
  const message = world.store.messages.get(id);
  const isOurs = message?.userId === null && message.otherBot === undefined && message.accountId === accountId;
  if (!isOurs || message.deletedAt !== undefined) {
    throw new ZoomError(404, 8001, 'The message_id does not exist.');
  }
  return message;
}

const text = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

/** Chatbot endpoints on the /v2 router. */
export function chatbotEndpoints(world: World, router: Router): void {
  /** Refusals of this API carry `result: false`; that of the rate limit comes from in front of it. */
  const answered = (req: Request, res: Response, work: () => Answer): Promise<void> =>
    respond(world, req, res, () => {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof ZoomError) || error.status === 429) throw error;
        throw new ZoomError(error.status, error.code, error.message, { result: false });
      }
    });
  const json = (message: Message, userJid: string | undefined, changed: boolean): object => ({
    robot_jid: world.config.botJid,
    to_jid: message.toJid,
    // Later calls print the time in another form than the first one.
    sent_time: `${zoomSentTime(world.clock.now())}${changed ? ' +0000' : ''}`,
    message_id: message.id,
    user_jid: userJid ?? '',
  });

  router.post('/im/chat/messages', (req, res) =>
    answered(req, res, () => {
      checkBotToken(world, req);
      const input = readInput(postInput, req.body as unknown);
      checkRobot(world, input.robot_jid, input.account_id);
      const headers = countCall(world, input.account_id, 'MEDIUM');
      const where = destination(world, input.to_jid, input.account_id);
      checkUserJid(world, input.user_jid, input.account_id, 'channel' in where ? where.channel : undefined);
      const markdown = input.is_markdown_support === true;
      const content = fitted(world, input.content, markdown);
      let conversation: Conversation;
      if ('channel' in where) {
        conversation = `c:${where.channel.id}`;
        checkBotMayPost(world, where.channel);
      } else {
        conversation = `b:${where.user.id}`;
      }
      checkReplyTo(world, conversation, input.reply_to);
      const seenBy = visibleTo(world, input.visible_to_user) ?? ('only' in where ? where.only.id : undefined);
      if ('channel' in where && world.switches().burstCountsBotPosts) countMessage(world, where.channel.id);
      const message = postAsBot(world, {
        conversation,
        accountId: input.account_id,
        toJid: input.to_jid,
        content,
        markdown,
        replyTo: text(input.reply_to),
        visibleTo: seenBy,
      });
      return { status: 201, json: json(message, input.user_jid, false), headers };
    }),
  );

  router.put('/im/chat/messages/:m', (req, res) =>
    answered(req, res, () => {
      checkBotToken(world, req);
      const input = readInput(putInput, req.body as unknown);
      checkRobot(world, input.robot_jid, input.account_id);
      const headers = countCall(world, input.account_id, 'MEDIUM');
      const message = botMessage(world, req.params.m, input.account_id);
      const content = fitted(world, input.content, input.is_markdown_support ?? message.markdown);
      editMessage(world, message, {
        content,
        ...(input.is_markdown_support === undefined ? {} : { markdown: input.is_markdown_support }),
      });
      return { status: 200, json: json(message, input.user_jid, true), headers };
    }),
  );

  router.delete('/im/chat/messages/:m', (req, res) =>
    answered(req, res, () => {
      checkBotToken(world, req);
      const input = readInput(deleteQuery, req.query);
      checkRobot(world, input.robot_jid, input.account_id);
      const headers = countCall(world, input.account_id, 'MEDIUM');
      const message = botMessage(world, req.params.m, input.account_id);
      deleteMessage(world, message);
      return { status: 200, json: json(message, input.user_jid, true), headers };
    }),
  );

  router.post('/im/chat/callback/:id', (req, res) =>
    answered(req, res, () => {
      const callback = world.store.callbacks.get(req.params.id);
      const good = callback !== undefined && callback.token === bearerOf(req);
      if (!good || callback.used || callback.expiresAt <= world.clock.now()) {
        throw new ZoomError(401, 7010, 'Invalid authorization token.');
      }
      const input = readInput(callbackInput, req.body as unknown);
      const markdown = input.is_markdown_support === true;
      const content = fitted(world, input.content, markdown);
      const seenBy = visibleTo(world, input.visible_to_user);
      checkReplyTo(world, callback.conversation, input.reply_to);
      world.store.callbacks.put({ ...callback, used: true });
      const message = postAsBot(world, {
        conversation: callback.conversation,
        accountId: callback.accountId,
        toJid: callback.toJid,
        content,
        markdown,
        replyTo: text(input.reply_to),
        visibleTo: seenBy,
      });
      return { status: 201, json: json(message, undefined, false) };
    }),
  );
}
