/** One field's fault in an answer with code 300. */
export interface FieldError {
  field: string;
  message: string;
}

/**
 * A refusal as Zoom words it: HTTP status, Zoom's own code, and a message
 * (developers.zoom.us/docs/api/errors/). Clients branch on the pair of status and code.
 */
export class ZoomError extends Error {
  override readonly name = 'ZoomError';
  readonly status: number;
  readonly code: number;
  readonly errors: FieldError[] | undefined;
  /** Set by the chatbot API, whose refusals carry `result: false`. */
  readonly result: false | undefined;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: number,
    message: string,
    extra: { errors?: FieldError[]; headers?: Record<string, string>; result?: false } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = extra.errors;
    this.result = extra.result;
    this.headers = extra.headers ?? {};
  }

  /** The JSON body of the answer. */
  get body(): object {
    return {
      code: this.code,
      message: this.message,
      ...(this.errors === undefined ? {} : { errors: this.errors }),
      ...(this.result === undefined ? {} : { result: this.result }),
    };
  }
}

/** 400/200: not a member, not the owner, not the sender, or a role without the right. */
export function noPermission(message = 'No permission.', status = 400): ZoomError {
  return new ZoomError(status, 200, message);
}

/** 400/300 with the faults of single fields. */
export function invalid(errors: FieldError[] | string): ZoomError {
  return typeof errors === 'string'
    ? new ZoomError(400, 300, errors)
    : new ZoomError(400, 300, 'Validation Failed.', { errors });
}

/** 400/5301: the generic refusal of a request about channels, members or messages. */
export function failed(what: string): ZoomError {
  return new ZoomError(400, 5301, `Request to ${what} failed.`);
}

/** 404/1001 */
export function noUser(who: string): ZoomError {
  return new ZoomError(404, 1001, `User does not exist: ${who}.`);
}

/** 404/4130 */
export function noChannel(id: string, status = 404): ZoomError {
  return new ZoomError(status, 4130, `Channel does not exist: ${id}.`);
}
