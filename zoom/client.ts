import { BotTokenSource } from './bot-token.ts';
import { createRestCaller } from './caller.ts';
import { channelsApi, type ChannelsApi } from './channels.ts';
import { botApi, type BotApi } from './chatbot.ts';
import { regionalApiUrl, type ZoomAppOptions } from './config.ts';
import { createTransport } from './http.ts';
import { membersApi, type MembersApi } from './members.ts';
import { messagesApi, type MessagesApi } from './messages.ts';
import { createOAuth, type ZoomOAuth } from './oauth.ts';
import { usersApi, type UsersApi } from './users.ts';

/** Every call that is made with a user's token. */
export type ZoomUserApi = UsersApi & ChannelsApi & MembersApi & MessagesApi;

/** Zoom, as one app sees it. Nothing is retried inside but a bot call whose token was refused. */
export interface ZoomClient {
  readonly oauth: ZoomOAuth;
  /**
   * Calls with a user's access token.
   *
   * @param options.apiUrl the `apiUrl` of their TokenSet; followed only to a host that `regionalApiUrl` trusts.
   */
  asUser(accessToken: string, options?: { readonly apiUrl?: string | undefined }): ZoomUserApi;
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
    asUser(accessToken, { apiUrl } = {}) {
      const call = createRestCaller(transport, regionalApiUrl(options.apiUrl, apiUrl), accessToken);
      return { ...usersApi(call), ...channelsApi(call), ...membersApi(call), ...messagesApi(call) };
    },
    bot: botApi(options, transport, botTokens),
  };
}
