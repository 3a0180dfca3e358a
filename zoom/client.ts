import { BotTokenSource } from './bot-token.ts';
import { createRestCaller } from './caller.ts';
import { channelsApi, type ChannelsApi } from './channels.ts';
import { botApi, type BotApi } from './chatbot.ts';
import { regionalApiUrl, type ZoomAppOptions } from './config.ts';
import { createTransport } from './http.ts';
import { membersApi, type MembersApi } from './members.ts';
import { messagesApi, type MessagesApi } from './messages.ts';
import { createOAuth, type ZoomOAuth } from './oauth.ts';
import { isAccountLevel } from './scopes.ts';
import { usersApi, type UsersApi } from './users.ts';

/** Every call that is made with a user's token. */
export type ZoomUserApi = UsersApi & ChannelsApi & MembersApi & MessagesApi;

/** What is known of the user whose token is used. */
export interface TokenOwner {
  readonly userId?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly apiUrl?: string | undefined;
}

/** Zoom, as one app sees it. Nothing is retried inside but a bot call whose token was refused. */
export interface ZoomClient {
  readonly oauth: ZoomOAuth;
  /**
   * Calls with a user's access token.
   *
   * @param owner whose token it is, and the rest of their TokenSet. `apiUrl` is followed only to a host that
   *   `regionalApiUrl` trusts. Without `userId`, as long as it is not known, calls are about `me`.
   */
  asUser(accessToken: string, owner?: TokenOwner): ZoomUserApi;
  /** Calls as the app's bot, with a chatbot token that the client keeps by itself. */
  readonly bot: BotApi;
}

/** Makes the client of one Zoom app. Keep one per process: it holds the chatbot token. */
export function createZoomClient(options: ZoomAppOptions): ZoomClient {
  const transport = createTransport(options);
  const oauth = createOAuth(options, transport);
  const botTokens = new BotTokenSource(() => oauth.clientCredentials(), options.clock);
  return {
    oauth,
    asUser(accessToken, { userId, scopes = [], apiUrl } = {}) {
      const call = createRestCaller(transport, regionalApiUrl(options.apiUrl, apiUrl), accessToken);
      // Zoom documents `me` for user-managed apps, and an id for those that act for the whole account.
      const user = userId !== undefined && isAccountLevel(scopes) ? userId : 'me';
      return { ...usersApi(call), ...channelsApi(call, user), ...membersApi(call, user), ...messagesApi(call, user) };
    },
    bot: botApi(options, transport, botTokens),
  };
}
