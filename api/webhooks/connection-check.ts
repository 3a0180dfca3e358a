import { saysWord } from '../../domain/connection-check.ts';
import type { CheckEvent } from '../../workflows/connection-check/messages.ts';
import type { ButtonPressedEvent, ChannelMessageEvent } from '../../zoom/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { SignalOutcome } from '../temporal/call.ts';

type Dependencies = Pick<ApiDependencies, 'store' | 'temporal'>;

/**
 * Tell the connection check that listens in this channel, if there is one, that a bot has posted or that somebody has
 * written its word. Whatever else is written there is none of its business, and goes nowhere.
 * @returns `ended` when no check wants it.
 */
export async function messageForCheck({ store, temporal }: Dependencies, event: ChannelMessageEvent) {
  const { channelId, accountId, fromBot, text = '', byOutsider, operatorId = '' } = event;
  const check = await store.connectionChecks.inChannel(channelId);
  if (!check || (accountId !== undefined && accountId !== check._id)) return 'ended' satisfies SignalOutcome;
  const { _id, checkId, word } = check;
  const said = (): CheckEvent | undefined => {
    if (fromBot) return { kind: 'echo', checkId };
    return saysWord(text, word) ? { kind: 'word', checkId, userId: byOutsider ? '' : operatorId } : undefined;
  };
  const told = said();
  return told ? temporal.connectionChecks.signalCheck(_id, told) : ('ended' satisfies SignalOutcome);
}

/** The button of a check was pressed: it is for the check of the account that Zoom vouches for. */
export function pressForCheck(
  { temporal }: Dependencies,
  checkId: string,
  { accountId, userId }: Pick<ButtonPressedEvent, 'accountId' | 'userId'>,
): Promise<SignalOutcome> {
  return temporal.connectionChecks.signalCheck(accountId, { kind: 'press', checkId, userId });
}
