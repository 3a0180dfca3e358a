import type { ChannelNote } from '../../domain/channel-post.ts';
import type { Attachment } from '../../domain/message.ts';
import type { Agent } from '../../domain/transcript.ts';

/** What an agent wrote in a thread: for the team, unless they send it to the visitor. */
export interface ThreadReply {
  messageId: string;
  agent: Agent;
  text: string;
  attachments?: Attachment[];
}

export interface NotesState {
  /** In the order in which they are posted; the number is each note's own. */
  waiting: { number: number; note: ChannelNote }[];
  /** Numbers given out. */
  given: number;
  /** When each kind of note was last asked for, ms. */
  askedAt: Partial<Record<ChannelNote['about'], number>>;
  /** The latest replies in threads, by the number of the note that has their button. */
  replies: (ThreadReply & { number: number })[];
}

/** Notes of one chat: more would be noise, and nobody writes so many on purpose. */
const mostNotes = 500;
/** Notes that wait: what is beyond them repeats what they say. */
const mostWaiting = 20;
/** Replies in threads that can still be sent to the visitor. */
const mostReplies = 10;
/** What repeats itself within so long, ms, is answered once. */
const burstMs = 5 * 60_000;

/** What the app has to tell the team in the chat channel, so that nothing that they write disappears in silence. */
export class Notes {
  constructor(readonly state: NotesState = { waiting: [], given: 0, askedAt: {}, replies: [] }) {}

  /** Tell the team, each time. @returns the note's number; undefined when there are too many. */
  add(note: ChannelNote): number | undefined {
    const { state } = this;
    if (state.given >= mostNotes || state.waiting.length >= mostWaiting) return undefined;
    state.given += 1;
    state.waiting.push({ number: state.given, note });
    return state.given;
  }

  /** Tell the team, once as long as it goes on. */
  addOnce(note: ChannelNote, now: number): void {
    const before = this.state.askedAt[note.about];
    this.state.askedAt[note.about] = now;
    if (before === undefined || now - before >= burstMs) this.add(note);
  }

  get next(): { number: number; note: ChannelNote } | undefined {
    return this.state.waiting[0];
  }

  /** It is posted, or Zoom does not take it. */
  done(number: number): void {
    this.state.waiting = this.state.waiting.filter((one) => one.number !== number);
  }

  /** Nobody can read them any more. */
  giveUp(): void {
    this.state.waiting = [];
  }

  /** Somebody has answered in a thread: the team is told that it stayed there, with a button that sends it. */
  keepReply(reply: ThreadReply): void {
    const number = this.add({ about: 'threadReply' });
    // Without a note of its own there is no button: another one's must not send it.
    if (number === undefined) return;
    this.state.replies = [...this.state.replies, { ...reply, number }].slice(-mostReplies);
  }

  /** @returns the reply that belongs to a note's button, once. */
  takeReply(number: number): ThreadReply | undefined {
    const found = this.state.replies.find((reply) => reply.number === number);
    this.state.replies = this.state.replies.filter((reply) => reply !== found);
    return found;
  }
}
