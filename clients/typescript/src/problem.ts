/** The error that all calls throw. */

/** What is known of an error besides its words. */
export interface ProblemFields {
  readonly type?: string;
  readonly status?: number | undefined;
  readonly field?: string | undefined;
  readonly retryAfterS?: number | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

const UNREACHABLE = "unreachable";
/** For a 502 or 503 without Retry-After: a proxy sends them while a service restarts. */
const PROXY_RETRY_AFTER_S = 1;

/** The service rejected a request, or did not answer. */
export class Problem extends Error {
  override readonly name = "Problem";
  /** Kind of the error, as in the API's table; `unreachable` when there was no answer. */
  readonly slug: string;
  /** What is wrong, and what to change. */
  readonly detail: string;
  /** The problem's type as the service has it, such as `/problems/bad-image`; else empty. */
  readonly type: string;
  /** The HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** Name of the invalid option, if an option is to blame. */
  readonly field: string | undefined;
  /** Seconds after which the same request may succeed; undefined if not reported. */
  readonly retryAfterS: number | undefined;
  /** Id of the request in the service's log; empty when there is none. */
  readonly requestId: string;

  constructor(slug: string, detail: string, fields: ProblemFields = {}) {
    super(detail, { cause: fields.cause });
    this.slug = slug;
    this.detail = detail;
    this.type = fields.type ?? "";
    this.status = fields.status;
    this.field = fields.field;
    this.retryAfterS = fields.retryAfterS;
    this.requestId = fields.requestId ?? "";
  }

  /** Whether the same request may succeed later. */
  get isRetryable(): boolean {
    return this.retryAfterS !== undefined || this.slug === UNREACHABLE;
  }
}

/** Parse an error response; proxies send errors of their own, in HTML. */
export async function problem(response: Response): Promise<Problem> {
  const body = parsed(await response.text());
  const isProxy = response.status === 502 || response.status === 503;
  const type = text(body, "type");
  return new Problem(
    type.slice(type.lastIndexOf("/") + 1) || `http-${response.status}`,
    text(body, "detail") || `The service answered ${response.status}.`,
    {
      type,
      status: response.status,
      field: text(body, "field") || undefined,
      retryAfterS: retryAfterS(response) ?? (isProxy ? PROXY_RETRY_AFTER_S : undefined),
      requestId: response.headers.get("x-request-id") ?? "",
    },
  );
}

/** Return the problem of a connection that failed before the answer was complete. */
export function unreachable(cause: unknown): Problem {
  return new Problem(UNREACHABLE, `The service does not answer: ${reason(cause)}`, { cause });
}

/** Return the problem of an answer that did not arrive in time. */
export function timedOut(timeoutS: number): Problem {
  return new Problem("deadline-exceeded", `No answer within ${timeoutS} seconds.`);
}

/** Return the problem of a response that is not ClearBG's. */
export function unexpectedResponse(headers: Headers): Problem {
  const mediaType = headers.get("content-type") ?? "missing";
  const detail = `The response is not ClearBG's; its content type is ${mediaType}.`;
  return new Problem("strange-answer", detail);
}

function retryAfterS(response: Response): number | undefined {
  const value = response.headers.get("retry-after") ?? "";
  return /^\d+$/.test(value) ? Number(value) : undefined;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function text(body: unknown, name: string): string {
  if (typeof body !== "object" || body === null) return "";
  const value: unknown = Reflect.get(body, name);
  return typeof value === "string" ? value : "";
}

/** Node says why `fetch` failed in the error's cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
