import { fakeChatActivities } from './fake-zoom-side.ts';

type Fake = ReturnType<typeof fakeChatActivities>;
type Activity = (input: { chatId?: string }) => Promise<unknown>;

/** Fakes for several chats behind one worker: each chat has lists of its own. */
export function manyFakes() {
  const fakes = new Map<string, Fake>();
  const anyone = fakeChatActivities();
  const of = (chatId: string): Fake => {
    const known = fakes.get(chatId) ?? fakeChatActivities();
    fakes.set(chatId, known);
    return known;
  };
  /** The same activities, each run by the fake of the chat that it is for; what is for no chat leaves nothing behind. */
  const dispatched = <Set extends object>(part: (fake: Fake) => Set): Set =>
    Object.fromEntries(
      Object.keys(part(anyone)).map((name) => [
        name,
        (input: { chatId?: string }) => {
          const fake = input.chatId === undefined ? anyone : of(input.chatId);
          return (part(fake) as Record<string, Activity>)[name]?.(input);
        },
      ]),
    ) as Set;
  return {
    of,
    activities: dispatched((fake) => fake.activities),
    shortWay: dispatched((fake) => fake.shortWay),
    instance: dispatched((fake) => fake.instance),
  };
}
