import { E_CANCELED, Mutex } from 'async-mutex';
import { visitorCloseCodes, type VisitorFrame } from '../../domain/visitor-protocol.ts';
import { inSpan } from '../../telemetry/tracing.ts';
import { isDatabaseError } from '../http/as-problem.ts';
import { TemporalUnavailableError } from '../temporal/call.ts';
import type { ChatConnection, VisitorEnd } from './chat-connection.ts';
import { handshake, type HandshakeDependencies } from './handshake.ts';
import { errorFrame, readFrame, type ErrorFrame, type FrameReading } from './read-frame.ts';

/** Bad frames after which a connection is closed. */
const mostBadFrames = 5;
/** Standard WebSocket code for an error of ours. */
const closeInternal = 1011;

/**
 * A visitor's socket from its opening on: reads the frames strictly one after the other, leads the handshake, and hands
 * what comes after it to a {@link ChatConnection}.
 */
export class VisitorSocket {
  readonly #deps: HandshakeDependencies;
  readonly #visitor: VisitorEnd;
  /** Held while a frame is dealt with; the others wait in the order in which they came. */
  readonly #frames = new Mutex();
  /** Present after the handshake. */
  #connection: ChatConnection | undefined;
  #badFrames = 0;
  #closed = false;

  constructor(deps: HandshakeDependencies, visitor: VisitorEnd) {
    this.#deps = deps;
    this.#visitor = visitor;
  }

  /** Nothing has been said by the visitor that could lead to a welcome. */
  get awaitsHello(): boolean {
    return this.#connection === undefined && !this.#frames.isLocked();
  }

  /** A text frame came in. Resolves when it is dealt with; never rejects. */
  async receive(text: string): Promise<void> {
    if (this.#closed) return;
    const reading = readFrame(text);
    // Before its time: a heartbeat asks whether the connection lives, not whether Temporal does.
    if (reading.ok && reading.frame.type === 'ping') {
      this.#visitor.send({ type: 'pong' });
      return;
    }
    try {
      await this.#frames.runExclusive(() => this.#handle(reading));
    } catch (error) {
      this.#notHandled(reading, error);
    }
  }

  /** A binary frame came in: the protocol has none. */
  receiveBinary(): void {
    this.#bad(errorFrame('bad_frame', 'Frames are JSON text.'));
  }

  /** See {@link ChatConnection.refresh}. */
  async refresh(): Promise<void> {
    await this.#connection?.refresh();
  }

  /** The socket is gone: what waits is dropped. Resolves when the frame under way is dealt with; never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#frames.cancel();
    this.#connection?.close();
    await this.#frames.waitForUnlock();
  }

  async #handle(reading: FrameReading): Promise<void> {
    if (!reading.ok) {
      this.#bad(reading.error);
      return;
    }
    const { frame } = reading;
    const attributes = this.#connection ? { 'chat.id': this.#connection.about.chatId } : {};
    try {
      // What a visitor does begins a trace.
      await inSpan(`visitor ${frame.type}`, { kind: 'server', attributes }, () => this.#take(frame));
    } catch (error) {
      if (!(error instanceof TemporalUnavailableError) && !isDatabaseError(error)) throw error;
      this.#refuseAsUnavailable(frame);
      // Also what came after it and waits, or one message would overtake another.
      this.#frames.cancel();
    }
  }

  #notHandled(reading: FrameReading, error: unknown): void {
    if (this.#closed) return;
    if (error !== E_CANCELED) {
      this.#deps.log.error({ err: error, ...this.#connection?.about }, 'a visitor connection failed');
      this.#visitor.close(closeInternal, 'internal error');
    } else if (reading.ok) {
      this.#refuseAsUnavailable(reading.frame);
    } else {
      this.#bad(reading.error);
    }
  }

  async #take(frame: VisitorFrame): Promise<void> {
    if (frame.type === 'ping') return;
    if (frame.type !== 'hello') {
      if (this.#connection) {
        await (frame.type === 'page' ? this.#connection.moved(frame) : this.#connection.handle(frame));
        return;
      }
      const ref = 'id' in frame ? frame.id : undefined;
      this.#visitor.send(errorFrame('hello_expected', 'The first frame must be a hello.', { ref }));
      this.#visitor.close(visitorCloseCodes.protocolError, 'hello expected');
      return;
    }
    if (this.#connection) {
      this.#bad(errorFrame('bad_frame', 'There was a hello on this connection already.'));
      return;
    }
    this.#connection = await handshake(this.#deps, this.#visitor, frame);
    // Closed meanwhile: there was nothing yet that could be closed.
    if (this.#closed) this.#connection?.close();
  }

  #bad(error: ErrorFrame): void {
    this.#visitor.send(error);
    this.#badFrames += 1;
    if (this.#badFrames >= mostBadFrames) this.#visitor.close(visitorCloseCodes.protocolError, 'too many bad frames');
  }

  #refuseAsUnavailable(frame: VisitorFrame): void {
    const ref = 'id' in frame ? frame.id : undefined;
    const message = 'The message could not be stored just now: send it again.';
    this.#visitor.send(errorFrame('unavailable', message, { retryable: true, ref }));
  }
}
