import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import {
  visitorFrameSchema,
  visitorProtocolVersion,
  type ServerFrame,
  type VisitorFrame,
} from '../../domain/visitor-protocol.ts';

export type ErrorFrame = Extract<ServerFrame, { type: 'error' }>;

/** A frame from a visitor, or the error that answers it. */
export type FrameReading = { ok: true; frame: VisitorFrame } | { ok: false; error: ErrorFrame };

/** As much of a frame as is looked at to say well what is wrong with it. */
const looseSchema = z.looseObject({
  type: z.string().optional().catch(undefined),
  v: z.unknown().optional(),
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .optional()
    .catch(undefined),
  text: z.string().optional().catch(undefined),
});

/** Reads one frame. Everything that is not exactly in the protocol is refused, in words for the widget's developer. */
export function readFrame(text: string): FrameReading {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refused('bad_frame', 'The frame is not JSON.');
  }
  const loose = looseSchema.safeParse(json);
  if (!loose.success) return refused('bad_frame', 'The frame is not a JSON object.');
  const { type, v, id, text: message } = loose.data;
  if (type === 'hello' && v !== visitorProtocolVersion) {
    return refused('unsupported_version', `This server speaks version ${visitorProtocolVersion}: reload the page.`);
  }
  if (type === 'message' && message !== undefined && message.trim().length > limits.visitorMessageLength) {
    return refused('too_long', `A message has at most ${limits.visitorMessageLength} characters.`, id);
  }
  const parsed = visitorFrameSchema.safeParse(json);
  if (parsed.success) return { ok: true, frame: parsed.data };
  // Paths only: what stands there may be a visitor's words.
  const places = [...new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'the frame'))].slice(0, 5);
  return refused('bad_frame', `Not as the protocol has it: ${places.join(', ')}.`, id);
}

/** An error frame. */
export function errorFrame(
  code: ErrorFrame['code'],
  message: string,
  options: { retryable?: boolean; ref?: string | undefined; retryAfterMs?: number } = {},
): ErrorFrame {
  const { retryable = false, ref, retryAfterMs } = options;
  return {
    type: 'error',
    code,
    message,
    retryable,
    ...(ref === undefined ? {} : { ref }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function refused(code: ErrorFrame['code'], message: string, ref?: string): FrameReading {
  return { ok: false, error: errorFrame(code, message, { ref }) };
}
