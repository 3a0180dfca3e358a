import { saysWord } from '../../domain/connection-check.ts';
import type { CheckEvent } from '../../workflows/connection-check/messages.ts';
import { isBot, type ButtonPressedEvent, type ChannelMessageEvent } from '../../zoom/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { SignalOutcome } from '../temporal/call.ts';

type Dependencies = Pick<ApiDependencies, 'config' | 'store' | 'temporal'>;

/**
 * Tell the connection check that listens in this channel, if there is one, that the app's bot has posted or that
 * somebody has written its word. Whatever else is written there is none of its business, and goes nowhere.
 * @returns `ended` when no check wants it.
 */
export async function messageForCheck({ config, store, temporal }: Dependencies, event: ChannelMessageEvent) {
  const { channelId, accountId, fromBot, text = '', byOutsider, operatorId = '', operatorMemberId } = event;
  const check = await store.connectionChecks.inChannel(channelId);
  if (!check || (accountId !== undefined && accountId !== check._id)) return 'ended' satisfies SignalOutcome;
  const { _id, checkId, word } = check;
  const said = (): CheckEvent | undefined => {
    // Under which id Zoom sends it is not documented: the card's own words say it too.
    const isOurs = isBot([operatorId, operatorMemberId], config.zoom.botJid) || text.includes(checkId);
    if (isOurs) return { kind: 'echo', checkId };
    if (fromBot) return undefined;
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
