import { log } from '@temporalio/activity';
import type { MissingScope } from '../domain/missing-scope.ts';
import type { Member, Notice, Store } from '../store/index.ts';
import { isZoomError, scopesNamed, type Card, type ZoomClient } from '../zoom/index.ts';
import {
  botNotAllowedMessage,
  botNotInChatChannelsMessage,
  inboundChannelGoneMessage,
  standsInMessage,
} from './cards.ts';
import { sendDirectMessage } from './direct-messages.ts';
import { missingInAccount } from './missing-scopes.ts';
import { missingScopesMessage } from './scope-message.ts';

/** What keeps the app from working in an account until an administrator does something in Zoom. */
export type Trouble =
  | { cause: 'botNotAllowed'; channel: { id: string; name: string } }
  | { cause: 'channelGone'; channel: { id: string; name: string } }
  | { cause: 'botNotInChatChannels' }
  /** `scopes`: as Zoom named them, of either family; empty when it named none. */
  | { cause: 'scopeMissing'; scopes: readonly string[] };

/** Chat channels are one thing to an administrator: the key of what is wrong with all of them. */
const chatChannels = 'chat-channels';
/** The key of all missing scopes, which are about no channel. */
const allScopes = 'scopes';
/** The key of who stands in for the account's owner. */
const standIns = 'stand-ins';
/** Most members who are written to in vain before the next try. */
const mostRecipients = 3;

export interface NoticesDependencies {
  store: Pick<Store, 'accounts' | 'members' | 'notices' | 'tokenSets'>;
  zoom: Pick<ZoomClient, 'bot'>;
  /** Where the app's pages are. */
  publicUrl: string;
}

/**
 * Direct messages of the bot to an administrator: one for each account, channel and cause, or missing scope, however
 * many chats meet it, and again only after it has worked in between.
 */
export function createNotices({ store, zoom, publicUrl }: NoticesDependencies) {
  const installUrl = `${publicUrl}/install`;

  return {
    /** Ask for help, unless that was done. Never fails: what waits is on the dashboard too. */
    async ask(accountId: string, trouble: Trouble): Promise<void> {
      try {
        const { notices, content } = await about(accountId, trouble);
        if (!(await begin(notices))) return;
        await toAdministrator(accountId, content).catch(async (error: unknown) => {
          await forget(notices);
          throw error;
        });
      } catch (error) {
        log.warn('No administrator could be asked for help.', {
          accountId,
          cause: trouble.cause,
          error: String(error),
        });
      }
    },

    /** It works again in that channel, or, without one, in the chat channels. */
    async settled(accountId: string, channelId: string = chatChannels): Promise<void> {
      await store.notices.forget({ accountId, channelId });
    },

    /**
     * Tell an administrator that they stand in for the account's owner: once, until the owner has given a new grant.
     * Never fails.
     */
    async standsIn(accountId: string, zoomUserId: string): Promise<void> {
      const notice: Notice = { accountId, channelId: standIns, cause: `standsIn ${zoomUserId}` };
      try {
        const [account, members] = await Promise.all([
          store.accounts.get(accountId),
          store.members.ofAccount(accountId),
        ]);
        const member = (id: string | undefined) => members.find(({ _id }) => _id === id);
        const [standIn, owner] = [member(zoomUserId), member(account?.ownerUserId)];
        if (!standIn || !(await begin([notice]))) return;
        const content = standsInMessage(owner?.name ?? 'who installed it');
        await sendDirectMessage(zoom.bot, standIn, content).catch(async (error: unknown) => {
          await forget([notice]);
          throw error;
        });
      } catch (error) {
        log.warn('An administrator could not be told that they stand in.', { accountId, error: String(error) });
      }
    },

    /**
     * A member has just given a grant: tell them what Zoom has not granted with it of what the app cannot do without.
     * @throws ZoomError when the message could not be sent.
     */
    async granted(member: Member): Promise<void> {
      const { accountId } = member;
      const account = await store.accounts.get(accountId);
      if (account?.ownerUserId === member._id) await store.notices.forget({ accountId, channelId: standIns });
      const missing = (await missingInAccount(store, accountId)).filter(({ required }) => required);
      await store.notices.forget({ accountId, channelId: allScopes });
      if (missing.length === 0) return;
      await sendDirectMessage(zoom.bot, member, missingScopesMessage(missing, installUrl));
      await begin(scopeNotices(accountId, missing));
    },
  };

  async function about(accountId: string, trouble: Trouble): Promise<{ notices: Notice[]; content: Card }> {
    switch (trouble.cause) {
      case 'botNotAllowed': {
        const { id: channelId, name } = trouble.channel;
        return { notices: [{ accountId, channelId, cause: trouble.cause }], content: botNotAllowedMessage(name) };
      }
      case 'channelGone': {
        const { id: channelId, name } = trouble.channel;
        const content = inboundChannelGoneMessage(name, `${publicUrl}/settings`);
        return { notices: [{ accountId, channelId, cause: trouble.cause }], content };
      }
      case 'botNotInChatChannels':
        return {
          notices: [{ accountId, channelId: chatChannels, cause: trouble.cause }],
          content: botNotInChatChannelsMessage(),
        };
      case 'scopeMissing': {
        const missing = await allMissing(accountId, trouble.scopes);
        return { notices: scopeNotices(accountId, missing), content: missingScopesMessage(missing, installUrl) };
      }
    }
  }

  /** What Zoom has just refused for, and what else is missing that the app needs: all of it can be ticked at once. */
  async function allMissing(accountId: string, names: readonly string[]): Promise<MissingScope[]> {
    const named = scopesNamed(names);
    const others = (await missingInAccount(store, accountId))
      .filter(({ required }) => required)
      .map((row) => ({
        ...row,
        granular: row.granular.filter((name) => !named.some((n) => n.granular.includes(name))),
      }))
      .filter(({ granular }) => granular.length > 0);
    if (named.length > 0 || others.length > 0) return [...named, ...others];
    return [{ ...unknownScope, granular: [...names] }];
  }

  /** Whether any of it has not been told yet. */
  async function begin(notices: readonly Notice[]): Promise<boolean> {
    const begun = await Promise.all(notices.map((notice) => store.notices.begin(notice)));
    return begun.includes(true);
  }

  async function forget(notices: readonly Notice[]): Promise<void> {
    for (const { accountId, channelId } of notices.slice(0, 1)) await store.notices.forget({ accountId, channelId });
  }

  /** To the account's owner, or else to another member whom Zoom lets the bot write to. */
  async function toAdministrator(accountId: string, content: Card): Promise<void> {
    const ownerUserId = (await store.accounts.get(accountId))?.ownerUserId;
    const rank = ({ _id, grantStatus }: Member) => (_id === ownerUserId ? 0 : grantStatus === 'connected' ? 1 : 2);
    const members = (await store.members.ofAccount(accountId))
      .filter(({ grantStatus }) => grantStatus !== 'removed')
      .sort((a, b) => rank(a) - rank(b))
      .slice(0, mostRecipients);
    let refusal: unknown = new Error('The account has no member to write to.');
    for (const member of members) {
      try {
        await sendDirectMessage(zoom.bot, member, content);
        return;
      } catch (error) {
        if (!isZoomError(error, 'botNotAllowed', 'channelGone')) throw error;
        refusal = error;
      }
    }
    throw refusal;
  }
}
export type Notices = ReturnType<typeof createNotices>;

/** One for each scope: what was told is not told again because of another scope. */
function scopeNotices(accountId: string, missing: readonly MissingScope[]): Notice[] {
  const names = missing.flatMap(({ classic, granular }) => (granular.length > 0 ? granular : [classic]));
  return names.map((name) => ({ accountId, channelId: allScopes, cause: `scopeMissing ${name}` }));
}

/** A scope that the app does not know, or that Zoom did not name. */
const unknownScope: MissingScope = {
  label: 'A permission that Zoom did not describe',
  classic: '',
  granular: [],
  without: 'A chat waits for it.',
  required: true,
};
