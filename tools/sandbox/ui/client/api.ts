import type { MessageView, UserView } from '../../views.ts';

export type { ChannelView, ConversationView, MemberView, MessageView, PersonView, UserView } from '../../views.ts';

/** A request that the sandbox refused, in its own words. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function call(method: string, path: string, body?: object): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(`/_sandbox/users/${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  } catch {
    throw new Refused(0, 'The sandbox cannot be reached. Try again in a moment.');
  }
  if (response.status === 204) return undefined;
  const json: unknown = await response.json().catch(() => null);
  if (response.ok) return json;
  const detail =
    typeof json === 'object' && json !== null && 'detail' in json ? String(json.detail) : 'That did not work.';
  throw new Refused(response.status, detail);
}

/** What one person can do; every call rejects with {@link Refused}. */
export function actionsOf(userId: string) {
  const at = (path: string): string => `${userId}${path}`;
  return {
    view: (conversation: string | null) =>
      call(
        'GET',
        at(conversation === null ? '/view?messages=none' : `/view?conversation=${conversation}`),
      ) as Promise<UserView>,
    send: (target: { to_channel?: string; to_contact?: string; to_bot?: boolean }, message: string, replyTo?: string) =>
      call('POST', at('/messages'), {
        ...target,
        message,
        ...(replyTo === undefined ? {} : { reply_to: replyTo }),
      }) as Promise<MessageView | { id: null; command: string }>,
    edit: (id: string, message: string) => call('PATCH', at(`/messages/${id}`), { message }),
    remove: (id: string) => call('DELETE', at(`/messages/${id}`)),
    press: (messageId: string, value: string) => call('POST', at('/press'), { message_id: messageId, value }),
    read: (conversation: string) => call('POST', at('/read'), { conversation }),
    createChannel: (name: string, type: number, userIds: string[]) =>
      call('POST', at('/channels'), { name, type, user_ids: userIds }) as Promise<{ channel_id: string }>,
    updateChannel: (id: string, change: object) => call('PATCH', at(`/channels/${id}`), change),
    deleteChannel: (id: string) => call('DELETE', at(`/channels/${id}`)),
    invite: (channelId: string, userIds: string[]) =>
      call('POST', at('/invite'), { channel_id: channelId, user_ids: userIds }),
    removeMember: (channelId: string, id: string) =>
      call('POST', at('/remove'), { channel_id: channelId, user_ids: [id] }),
    join: (channelId: string) => call('POST', at('/join'), { channel_id: channelId }),
    leave: (channelId: string) => call('POST', at('/leave'), { channel_id: channelId }),
    uninstall: () => call('POST', at('/uninstall'), {}),
  };
}

export type Actions = ReturnType<typeof actionsOf>;
