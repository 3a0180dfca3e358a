import { describe, expect, test } from 'vitest';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import { Mail } from '../../workflows/chat/mail.ts';

const s = 1_000;
const min = 60 * s;
const afterMs = 2 * min;
const says = (seq: number): TranscriptEntry => ({
  kind: 'agentMessage',
  seq,
  at: 0,
  messageId: `m-${seq}`,
  agent: { id: 'jill', name: 'Jill' },
  text: 'Hello',
});
const known = () => new Mail(afterMs, 'jane@example.com');

describe('what a visitor is mailed', () => {
  test('is what agents wrote while they were away, after the time', () => {
    const mail = known();
    mail.published([says(5)], false, 10 * min);
    expect(mail.dueAt(9 * min)).toBe(11 * min);
    expect(mail.begin(9 * min)).toEqual({ to: 'jane@example.com', firstSeq: 1, lastSeq: 5 });
    mail.settled({ firstSeq: 1, lastSeq: 5 }, 'sent', 11 * min);
    expect(mail.dueAt(9 * min)).toBeUndefined();
    expect(mail.state.last).toEqual({ at: 11 * min, isConfirmed: true });
  });

  test('is nothing while they are there, without an address, or where no mail is sent', () => {
    const mail = known();
    mail.published([says(5)], false, 10 * min);
    expect(mail.dueAt(undefined)).toBeUndefined();
    for (const none of [new Mail(afterMs, undefined), new Mail(undefined, 'jane@example.com')]) {
      none.published([says(5)], false, 10 * min);
      expect(none.dueAt(9 * min)).toBeUndefined();
    }
  });

  test('is nothing that only visitors or the system wrote', () => {
    const mail = known();
    mail.published([{ kind: 'visitorMessage', seq: 1, at: 0, clientId: 'c', text: 'Hello' }], false, 10 * min);
    mail.published([{ kind: 'agentJoined', seq: 2, at: 0, agent: { id: 'jill', name: 'Jill' } }], false, 10 * min);
    expect(mail.dueAt(9 * min)).toBeUndefined();
  });

  test('is nothing that they have seen: by being there after it, or a minute before they went', () => {
    const seen = known();
    seen.published([says(5)], false, 10 * min);
    seen.seen();
    expect(seen.dueAt(11 * min)).toBeUndefined();

    const pushed = known();
    pushed.published([says(5)], true, 10 * min);
    pushed.published([says(6)], true, 10 * min + 30 * s);
    expect(pushed.dueAt(11 * min + 30 * s)).toBeUndefined();
    // What was pushed just before they went may have gone nowhere.
    expect(pushed.begin(11 * min)).toMatchObject({ firstSeq: 6, lastSeq: 6 });
    expect(pushed.begin(10 * min + 40 * s)).toMatchObject({ firstSeq: 6, lastSeq: 6 });
    expect(pushed.dueAt(10 * min + 40 * s)).toBe(12 * min + 40 * s);
  });

  test('takes no room in the chat’s memory while they are there', () => {
    const mail = known();
    for (let seq = 1; seq <= 5_000; seq += 1) mail.published([says(seq)], true, seq * 100);
    expect(JSON.stringify(mail.state).length).toBeLessThan(25_000);
    for (let seq = 5_001; seq <= 10_000; seq += 1) mail.published([says(seq)], false, seq * 100);
    expect(mail.state.pushed.length).toBeLessThan(700);
  });

  test('is several lines in one mail: after a pause, but not for ever', () => {
    const mail = known();
    mail.published([says(5)], false, 20 * min);
    expect(mail.dueAt(9 * min)).toBe(20 * min + 10 * s);
    mail.published([says(6)], false, 20 * min + 8 * s);
    expect(mail.dueAt(9 * min)).toBe(20 * min + 18 * s);
    for (let n = 2; n < 30; n += 1) mail.published([says(5 + n)], false, 20 * min + n * 8 * s);
    expect(mail.dueAt(9 * min)).toBe(21 * min);
  });

  test('is one mail in five minutes', () => {
    const mail = known();
    mail.published([says(5)], false, 10 * min);
    mail.settled({ firstSeq: 1, lastSeq: 5 }, 'sent', 12 * min);
    mail.published([says(7)], false, 12 * min + 30 * s);
    expect(mail.dueAt(9 * min)).toBe(17 * min);
    expect(mail.begin(9 * min)).toMatchObject({ firstSeq: 6, lastSeq: 7 });
  });

  test('is tried again at ever longer times, with what came since if nothing was sent for sure', () => {
    const mail = known();
    mail.published([says(5)], false, 10 * min);
    mail.begin(9 * min);
    mail.failed(true, 12 * min);
    expect(mail.dueAt(9 * min)).toBe(17 * min);
    mail.published([says(6)], false, 13 * min);
    expect(mail.begin(9 * min)).toMatchObject({ firstSeq: 1, lastSeq: 6 });
    mail.failed(false, 17 * min);
    expect(mail.dueAt(9 * min)).toBe(27 * min);
    // It may have been sent: the next try is of the same messages, and the rest comes in another mail.
    mail.published([says(7)], false, 18 * min);
    expect(mail.begin(9 * min)).toMatchObject({ firstSeq: 1, lastSeq: 6 });
    mail.settled({ firstSeq: 1, lastSeq: 6 }, 'sent', 27 * min);
    expect(mail.begin(9 * min)).toMatchObject({ firstSeq: 7, lastSeq: 7 });
    for (let n = 0; n < 100; n += 1) mail.failed(true, 30 * min);
    expect(mail.state.nextTryAt).toBe(30 * min + 120 * min);
  });

  test('is nothing more once the address is refused, until they leave another one', () => {
    const mail = known();
    mail.published([says(5)], false, 10 * min);
    mail.refused(mail.begin(9 * min));
    expect(mail.state).toMatchObject({ isRefused: true });
    mail.published([says(6)], false, 20 * min);
    expect(mail.dueAt(9 * min)).toBeUndefined();
    mail.addressGiven('jane@example.com');
    expect(mail.dueAt(9 * min)).toBeUndefined();
    mail.addressGiven('jane@example.org');
    expect(mail.begin(9 * min)).toEqual({ to: 'jane@example.org', firstSeq: 6, lastSeq: 6 });
  });

  test('is nothing once they want none', () => {
    const mail = known();
    mail.published([says(5)], false, 10 * min);
    mail.stop();
    expect(mail.dueAt(9 * min)).toBeUndefined();
  });

  test('is the same after the chat has continued as new', () => {
    const mail = known();
    mail.published([says(5)], false, 10 * min);
    mail.begin(9 * min);
    const next = new Mail(afterMs, 'other@example.com', JSON.parse(JSON.stringify(mail.state)) as typeof mail.state);
    expect(next.state).toEqual(mail.state);
    expect(next.dueAt(9 * min)).toBe(11 * min);
  });
});
