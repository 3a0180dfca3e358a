import { setTimeout as pause } from 'node:timers/promises';
import type { SandboxChannel, ZoomSide } from '../../test/support/driver.ts';
import type { Administrators } from './administrators.ts';
import type { Fault } from './faults.ts';
import type { ChatPlan } from './plan.ts';
import type { Random } from './random.ts';
import type { SandboxRules } from './sandbox-rules.ts';
import type { JoinedChat, Team } from './team.ts';
import type { ChaosVisitor } from './visitor.ts';
import { words } from './words.ts';

type Change = Extract<Fault, { do: 'change' }>;

/** A chat channel that the team has deleted or archived. */
export interface LostChannel extends JoinedChat {
  how: 'deleted' | 'archived';
  /** ms since 1970. */
  at: number;
  /** The visitor had messages waiting for Zoom: the chat has to ask for an agent again. */
  mustGoOn: boolean;
}

/** A time in which grants were ended, or worth less, in Zoom: from the change to its repair, ms since 1970. */
export interface EndedGrants {
  from: number;
  to: number;
}

/** Numbers of what visitors write because of a change, beyond all that is planned. */
const extraWordsFrom = 8_000;
/** How often, and how long, it is looked for a chat that a change can happen to. */
const lookEveryMs = 500;
const looks = 60;
/** A message has its ✓ within this, or the visitor is cut off just now, ms. */
const acceptedWithinMs = 10_000;
/** Chats whose channel may be lost: of those that nobody ends, all but this share. */
const sparedShare = 1 / 3;

/** Of calls that chats make. */
const scopes = [
  'team_chat:write:user_message:admin',
  'team_chat:read:list_user_messages:admin',
  'team_chat:write:user_channel:admin',
  'team_chat:write:members:admin',
  'user:read:user:admin',
];

export interface WorldParts {
  zoom: ZoomSide;
  rules: SandboxRules;
  team: Team;
  administrators: Administrators;
  visitors: ReadonlyMap<number, ChaosVisitor>;
  chats: readonly ChatPlan[];
  /** User ids of the agents, and of somebody outside the account. */
  people: readonly string[];
  outsider: string;
  /** The channel where new chats appear. */
  inbound: string;
  random: Random;
  signal: AbortSignal;
}

/** What people change in Zoom, and repair after a while. */
export class World {
  /** Channels that were deleted, with what was in them. */
  readonly deleted: SandboxChannel[] = [];
  readonly lost: LostChannel[] = [];
  readonly endedGrants: EndedGrants[] = [];
  readonly #parts: WorldParts;
  /** The channel where new chats appear. */
  #inbound: string;
  #extraWords = extraWordsFrom;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    this.#inbound = parts.inbound;
  }

  /**
   * Makes a change, and repairs it. @returns how often it came true; 0 when there was nothing that it could happen
   * to.
   */
  async change(change: Change): Promise<number> {
    switch (change.fault) {
      case 'inbound-archived':
        return this.#archiveInbound(change);
      case 'inbound-deleted':
        return this.#deleteInbound(change);
      case 'inbound-renamed':
        return this.#parts.administrators.alone(() =>
          this.#rename(this.#inbound, `Live Chat Renamed ${change.variant}`),
        );
      case 'chat-channel-archived':
      case 'chat-channel-deleted':
        return this.#loseChatChannel(change);
      case 'chat-channel-renamed':
        return this.#withChat(({ channelId, number }) =>
          this.#rename(channelId, `Order ${change.variant} of customer ${number}`),
        );
      case 'owner-deactivated':
        return this.#deactivateOwner(change);
      case 'bot-removed':
        return this.#removeBot(change);
      case 'scope-removed':
        return this.#removeScope(change);
      case 'content-refused':
        await this.#sayRefusedWords(change);
        // What the sandbox refuses is what counts.
        return 0;
      case 'outsider-writes':
        return this.#letOutsiderWrite(change);
      case 'other-bot-writes':
        return this.#withChat(async ({ channelId, number }) => {
          await this.#parts.zoom.writeAsOtherBot(channelId, words.otherBot(number, change.variant));
          return 1;
        });
      case 'app-removed':
        return this.#removeApp(change);
    }
  }

  /** The owner chooses another channel for new chats. */
  async reroute(): Promise<void> {
    const { team, administrators, random } = this.#parts;
    const chosen = random.pick([...team.inbound].filter((id) => id !== this.#inbound && !this.#isDeleted(id)));
    await administrators.choose(chosen);
    this.#inbound = chosen;
  }

  #archiveInbound({ repairAfterMs }: Change): Promise<number> {
    const { zoom, administrators } = this.#parts;
    return administrators.alone(async () => {
      const { owner } = administrators.people;
      await zoom.changeChannel(owner, this.#inbound, { archived: true });
      await this.#pause(repairAfterMs);
      await zoom.changeChannel(owner, this.#inbound, { archived: false });
      return 1;
    });
  }

  #deleteInbound({ variant, repairAfterMs }: Change): Promise<number> {
    const { zoom, administrators, people, team } = this.#parts;
    return administrators.alone(async () => {
      const { owner } = administrators.people;
      this.deleted.push(await zoom.deleteChannel(owner, this.#inbound));
      await this.#pause(repairAfterMs);
      team.inbound.add(await zoom.createChannel(owner, `Live Chat Desk ${variant + 2}`, people));
      await administrators.patiently(() => this.reroute());
      return 1;
    });
  }

  async #rename(channelId: string, name: string): Promise<number> {
    await this.#asOwner(channelId, (owner) => this.#parts.zoom.changeChannel(owner, channelId, { name }));
    return 1;
  }

  /** Every other time while the visitor's messages wait for Zoom. */
  #loseChatChannel({ fault, variant, repairAfterMs }: Change): Promise<number> {
    const { zoom, team, rules } = this.#parts;
    return this.#withChat(
      async (chat) => {
        const { channelId } = chat;
        const refusals = variant % 2 === 0 ? await rules.add(undefined, refusePosts(channelId)) : [];
        const mustGoOn = refusals.length > 0 && (await this.#sayAccepted(chat.number));
        team.loses(chat);
        const how = fault === 'chat-channel-deleted' ? 'deleted' : 'archived';
        await this.#asOwner(channelId, async (owner) => {
          if (how === 'deleted') this.deleted.push(await zoom.deleteChannel(owner, channelId));
          else await zoom.changeChannel(owner, channelId, { archived: true });
        });
        this.lost.push({ ...chat, how, at: Date.now(), mustGoOn });
        await rules.remove(refusals);
        if (how === 'archived') {
          await this.#pause(repairAfterMs);
          await this.#asOwner(channelId, (owner) => zoom.changeChannel(owner, channelId, { archived: false }));
          team.regains(chat);
        }
        return 1;
      },
      { mayEnd: true },
    );
  }

  #deactivateOwner({ repairAfterMs }: Change): Promise<number> {
    const { zoom, administrators, random } = this.#parts;
    const { owner } = administrators.people;
    return this.#endGrants(async () => {
      await zoom.changeUser(owner, { status: 'inactive' });
      if (random.chance(0.5))
        await zoom.faults({ tokens: { action: 'revoke', kinds: ['access', 'refresh'], user: owner } });
      await this.#pause(repairAfterMs);
      await zoom.changeUser(owner, { status: 'active' });
      await administrators.patiently(async () => {
        if (await administrators.needsReconnect()) await administrators.addApp(owner);
      });
    });
  }

  #removeScope({ repairAfterMs }: Change): Promise<number> {
    const { zoom, random } = this.#parts;
    return this.#endGrants(async () => {
      await zoom.faults({ remove_scopes: { scopes: [random.pick(scopes)] } });
      await this.#pause(repairAfterMs);
      await this.#addAppForAll();
    });
  }

  #removeApp({ repairAfterMs }: Change): Promise<number> {
    const { zoom, administrators } = this.#parts;
    const { owner, colleague } = administrators.people;
    return this.#endGrants(async () => {
      for (const userId of [owner, colleague]) await zoom.removeApp(userId);
      await this.#pause(repairAfterMs);
      await this.#addAppForAll();
    });
  }

  /** Every other time in the inbound channel. */
  #removeBot({ variant, repairAfterMs }: Change): Promise<number> {
    const { zoom } = this.#parts;
    const remove = async (channelId: string): Promise<number> => {
      await this.#asOwner(channelId, async (owner) => {
        // To be taken out it must have been added.
        await zoom.changeChannel(owner, channelId, { app_added: true });
        await zoom.changeChannel(owner, channelId, { app_added: false });
      });
      await this.#pause(repairAfterMs);
      if (this.#isDeleted(channelId)) return 1;
      await this.#asOwner(channelId, (owner) => zoom.changeChannel(owner, channelId, { app_added: true }));
      return 1;
    };
    if (variant % 2 === 0) return this.#withChat(({ channelId }) => remove(channelId));
    return this.#parts.administrators.alone(() => remove(this.#inbound));
  }

  /** Every other time before an agent has joined, so that the words are for the card. */
  async #sayRefusedWords({ variant }: Change): Promise<void> {
    const { team, visitors, random } = this.#parts;
    const joined = new Set(team.joined.map(({ number }) => number));
    const waiting = [...visitors].filter(([number, { accepted, ended }]) => {
      return accepted.size > 0 && !ended && !joined.has(number) && !team.hasLostChannel(number);
    });
    const number =
      variant % 2 === 1 && waiting.length > 0 ? random.pick(waiting)[0] : (await this.#someChat(false))?.number;
    if (number !== undefined) this.#say(number, words.visitorRefused);
  }

  #letOutsiderWrite({ variant, repairAfterMs }: Change): Promise<number> {
    const { zoom, outsider } = this.#parts;
    return this.#withChat(async ({ channelId, number }) => {
      await this.#asOwner(channelId, async (owner) => {
        await zoom.changeChannel(owner, channelId, { type: 1 });
        await zoom.invite(owner, channelId, [outsider]);
      });
      await zoom.join(outsider, channelId);
      await zoom.write(outsider, channelId, words.outsider(number, variant));
      await this.#pause(repairAfterMs);
      if (!this.#isDeleted(channelId)) await zoom.leave(outsider, channelId);
      return 1;
    });
  }

  async #endGrants(work: () => Promise<void>): Promise<number> {
    return this.#parts.administrators.alone(async () => {
      const ended = { from: Date.now(), to: Infinity };
      this.endedGrants.push(ended);
      await work();
      ended.to = Date.now();
      return 1;
    });
  }

  async #addAppForAll(): Promise<void> {
    const { administrators } = this.#parts;
    const { owner, colleague } = administrators.people;
    for (const userId of [owner, colleague]) await administrators.patiently(() => administrators.addApp(userId));
  }

  /** Does something in a channel as its owner, who may be away for a while. */
  async #asOwner(channelId: string, work: (owner: string) => Promise<unknown>): Promise<void> {
    const { zoom, administrators } = this.#parts;
    await administrators.patiently(async () => {
      const { members } = (await zoom.state()).channels.find(({ id }) => id === channelId) ?? { members: [] };
      const owner = members.find(({ channel_role }) => channel_role === 'owner');
      if (!owner) throw new Error(`Nobody owns the channel ${channelId}.`);
      await work(owner.id);
    });
  }

  async #withChat(
    work: (chat: JoinedChat) => Promise<number>,
    { mayEnd = false }: { mayEnd?: boolean } = {},
  ): Promise<number> {
    const chat = await this.#someChat(mayEnd);
    return chat ? work(chat) : 0;
  }

  /** A chat that an agent has joined; one is waited for. Some are spared from what may end them. */
  async #someChat(mayEnd: boolean): Promise<JoinedChat | undefined> {
    const { team, visitors, chats, random } = this.#parts;
    const endless = chats.filter(({ ends }) => ends === false).map(({ number }) => number);
    const spared = Math.max(1, Math.ceil(endless.length * sparedShare));
    if (mayEnd && this.lost.length >= endless.length - spared) return undefined;
    for (let look = 0; look < looks && !this.#parts.signal.aborted; look += 1) {
      const fitting = team.joined.filter(({ number }) => {
        if (visitors.get(number)?.ended !== false) return false;
        return !mayEnd || (endless.includes(number) && !team.hasLostChannel(number));
      });
      if (fitting.length > 0) return random.pick(fitting);
      await this.#pause(lookEveryMs);
    }
    return undefined;
  }

  /** The visitor writes two more messages. @returns whether both have their ✓. */
  async #sayAccepted(number: number): Promise<boolean> {
    const ids = [this.#say(number, words.visitor), this.#say(number, words.visitor)];
    const deadline = Date.now() + acceptedWithinMs;
    const areAccepted = (): boolean => ids.every((id) => this.#parts.visitors.get(number)?.accepted.has(id) === true);
    while (!areAccepted() && Date.now() < deadline && !this.#parts.signal.aborted) await this.#pause(50);
    return areAccepted();
  }

  /** @returns the message's id */
  #say(number: number, text: (chat: number, n: number) => string): string {
    this.#extraWords += 1;
    const id = words.visitor(number, this.#extraWords);
    this.#parts.visitors.get(number)?.say(text(number, this.#extraWords), id);
    return id;
  }

  #isDeleted(channelId: string): boolean {
    return this.deleted.some(({ id }) => id === channelId);
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#parts.signal }).catch(() => undefined);
  }
}

/** Posts into this channel are refused, so that what the visitor writes waits. */
function refusePosts(channelId: string): object[] {
  return ['/v2/im/chat/messages', '/v2/chat/users/*/messages'].map((path) => ({
    kind: 'status',
    status: 503,
    match: { method: 'POST', path, body: `*${channelId}*` },
  }));
}
