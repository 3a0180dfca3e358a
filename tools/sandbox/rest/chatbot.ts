import type { Request, Router } from 'express';
import { z } from 'zod';
import { cardContent, overLimit, truncated, type CardContent } from '../cards.ts';
import { zoomSentTime } from '../clock.ts';
import { checkBotMayPost, deleteMessage, editMessage, findChannel, findUser, membership, postAsBot } from '../chat.ts';
import { ZoomError } from '../errors.ts';
import { botDmJid, isInstalled } from '../events.ts';
import { respond, type Answer } from '../respond.ts';
import type { Channel, Conversation, Message, User } from '../state.ts';
import type { World } from '../world.ts';
import { bearerOf, countCall, countMessage } from './api.ts';

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
  const good = token?.kind === 'bot' && token.ended === undefined && token.expiresAt > world.clock.now();
  if (!good) throw new ZoomError(401, 7010, 'Invalid authorization token.');
  if (world.switches().appDisabled !== 'no') throw new ZoomError(401, 7010, 'The app has been disabled.');
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

/** Where a chatbot message goes: a channel, or the conversation of one person with the bot. */
function destination(world: World, toJid: string, accountId: string): { channel: Channel } | { user: User } {
  const channelId = /^([0-9a-f]{32})@conference\.xmpp\.zoom\.us$/.exec(toJid)?.[1];
  if (channelId !== undefined) {
    const channel = findChannel(world, channelId);
    if (channel === undefined) throw nobody();
    const here =
      channel.accountId === accountId ||
      channel.members.some((member) => world.store.users.get(member.userId)?.accountId === accountId);
    if (!here) throw nobody();
    return { channel };
  }
  const user = world.store.users.all().find((one) => one.jid === toJid || botDmJid(world, one) === toJid);
  if (user?.accountId !== accountId || user.status !== 'active') throw nobody();
  if (world.switches().botDmRequires === 'user' && world.store.grants.get(user.id) === undefined) {
    throw new ZoomError(403, 7004, 'Not authorized');
  }
  return { user };
}

function checkUserJid(
  world: World,
  userJid: string | undefined,
  accountId: string,
  channel: Channel | undefined,
): void {
  const switches = world.switches();
  if (userJid === undefined) {
    if (switches.userJidRequired) throw malformed('Invalid request body: user_jid is required.');
    return;
  }
  const user = userByJid(world, userJid);
  if (user === undefined || (user.accountId !== accountId && channel === undefined)) {
    throw new ZoomError(403, 7004, 'No user can be found with the given user_jid.');
  }
  if (switches.userJidMustBeMember && channel !== undefined && membership(channel, user.id) === undefined) {
    throw new ZoomError(403, 7004, 'Not authorized');
  }
}

function fitted(world: World, content: CardContent): CardContent {
  const fault = overLimit(content, world.switches());
  if (fault !== null) throw malformed(fault);
  return world.switches().cardText === 'truncate' ? truncated(content) : content;
}

function visibleTo(world: World, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (world.switches().managedType !== 'admin') throw malformed('visible_to_user needs an admin-managed app.');
  const user = findUser(world, value) ?? userByJid(world, value);
  if (user === undefined) throw new ZoomError(403, 7004, 'No user can be found with the given visible_to_user.');
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
  const json = (message: Message, userJid: string | undefined, changed: boolean): object => ({
    robot_jid: world.config.botJid,
    to_jid: message.toJid,
    // Later calls print the time in another form than the first one.
    sent_time: `${zoomSentTime(world.clock.now())}${changed ? ' +0000' : ''}`,
    message_id: message.id,
    user_jid: userJid ?? '',
  });

  router.post('/im/chat/messages', (req, res) =>
    respond(world, req, res, (): Answer => {
      checkBotToken(world, req);
      const input = readInput(postInput, req.body as unknown);
      checkRobot(world, input.robot_jid, input.account_id);
      const headers = countCall(world, input.account_id, 'MEDIUM');
      const where = destination(world, input.to_jid, input.account_id);
      checkUserJid(world, input.user_jid, input.account_id, 'channel' in where ? where.channel : undefined);
      const content = fitted(world, input.content);
      let conversation: Conversation;
      if ('channel' in where) {
        conversation = `c:${where.channel.id}`;
        checkBotMayPost(world, where.channel);
      } else {
        conversation = `b:${where.user.id}`;
      }
      checkReplyTo(world, conversation, input.reply_to);
      const seenBy = visibleTo(world, input.visible_to_user);
      if ('channel' in where && world.switches().burstCountsBotPosts) countMessage(world, where.channel.id);
      const message = postAsBot(world, {
        conversation,
        accountId: input.account_id,
        toJid: input.to_jid,
        content,
        markdown: input.is_markdown_support === true,
        replyTo: text(input.reply_to),
        visibleTo: seenBy,
      });
      return { status: world.switches().chatbotPostStatus, json: json(message, input.user_jid, false), headers };
    }),
  );

  router.put('/im/chat/messages/:m', (req, res) =>
    respond(world, req, res, (): Answer => {
      checkBotToken(world, req);
      const input = readInput(putInput, req.body as unknown);
      checkRobot(world, input.robot_jid, input.account_id);
      const headers = countCall(world, input.account_id, 'MEDIUM');
      const message = botMessage(world, req.params.m, input.account_id);
      const content = fitted(world, input.content);
      editMessage(world, message, {
        content,
        ...(input.is_markdown_support === undefined ? {} : { markdown: input.is_markdown_support }),
      });
      if (world.switches().chatbotPutStatus === 204) return { status: 204, headers };
      return { status: 200, json: json(message, input.user_jid, true), headers };
    }),
  );

  router.delete('/im/chat/messages/:m', (req, res) =>
    respond(world, req, res, (): Answer => {
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
    respond(world, req, res, (): Answer => {
      const callback = world.store.callbacks.get(req.params.id);
      const good = callback !== undefined && callback.token === bearerOf(req);
      if (!good || callback.used || callback.expiresAt <= world.clock.now()) {
        throw new ZoomError(401, 7010, 'Invalid authorization token.');
      }
      const input = readInput(callbackInput, req.body as unknown);
      const content = fitted(world, input.content);
      const seenBy = visibleTo(world, input.visible_to_user);
      checkReplyTo(world, callback.conversation, input.reply_to);
      world.store.callbacks.put({ ...callback, used: true });
      const message = postAsBot(world, {
        conversation: callback.conversation,
        accountId: callback.accountId,
        toJid: callback.toJid,
        content,
        markdown: input.is_markdown_support === true,
        replyTo: text(input.reply_to),
        visibleTo: seenBy,
      });
      return { status: world.switches().chatbotPostStatus, json: json(message, undefined, false) };
    }),
  );
}
