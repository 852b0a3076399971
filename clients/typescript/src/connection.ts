/** Where a service is, and how it is called: the key, timeouts, retries, errors. */

import { problem, unexpectedResponse } from "./problem.js";
import { withRetries } from "./retries.js";
import { Timeout } from "./timeout.js";

/** The optional arguments of a client. */
export interface ConnectionSettings {
  /** Seconds that one attempt may take, 60 by default. */
  readonly timeoutS?: number;
  /** Attempts per call, 5 by default. Retried are errors with a Retry-After, after the time it
   * gives, and broken connections, after growing pauses. */
  readonly attempts?: number;
}

/** The last argument of every call. */
export interface CallSettings {
  /** Aborts the call; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the client's. */
  readonly timeoutS?: number | undefined;
}

/** What is sent. */
export interface Call {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: FormData;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that has arrived as a whole. */
export interface Answer {
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Parses an answer; whatever it throws means that the answer is not ClearBG's. */
export type Read<Result> = (answer: Answer) => Result;

export class Connection {
  readonly timeoutS: number;
  readonly attempts: number;
  readonly #base: string;
  readonly #key: string;

  /** @throws TypeError if the URL or the key is malformed. */
  constructor(url: string, key: string, settings: ConnectionSettings = {}) {
    if (!/^https?:\/\/[^/]/.test(url)) {
      throw new TypeError(`${JSON.stringify(url)}: give a URL such as http://host:8080`);
    }
    // `fetch` cannot send such keys, and its own error would quote the secret.
    if (!/^[!-~]+$/.test(key)) {
      throw new TypeError("the API key contains characters that no API key contains");
    }
    this.#base = url.replace(/\/+$/, "");
    this.#key = key;
    this.timeoutS = settings.timeoutS ?? 60;
    this.attempts = settings.attempts ?? 5;
  }

  /**
   * Send a request, again where that may help, and return what is read of the answer.
   *
   * @throws Problem if the service rejects it, or does not answer.
   */
  call<Result>(
    path: string,
    call: Call,
    read: Read<Result>,
    settings: CallSettings = {},
  ): Promise<Result> {
    const attempt = () => this.#attempt(path, call, read, settings);
    return withRetries(this.attempts, attempt, settings.signal);
  }

  /**
   * Send a request, once, and return the pieces of the answer as they arrive. The timeout is that
   * of each wait.
   *
   * @throws Problem if the service rejects it, or does not answer; so do the pieces.
   */
  async stream(
    path: string,
    call: Call,
    settings: CallSettings = {},
  ): Promise<AsyncGenerator<Uint8Array, void, undefined>> {
    const timeout = new Timeout(settings.timeoutS ?? this.timeoutS, settings.signal);
    try {
      const response = await this.#fetch(path, call, timeout.signal);
      return pieces(response, timeout);
    } catch (error) {
      timeout.stop();
      throw timeout.meaning(error);
    }
  }

  async #attempt<Result>(
    path: string,
    call: Call,
    read: Read<Result>,
    settings: CallSettings,
  ): Promise<Result> {
    const timeout = new Timeout(settings.timeoutS ?? this.timeoutS, settings.signal);
    try {
      const response = await this.#fetch(path, call, timeout.signal);
      const body = new Uint8Array(await response.arrayBuffer());
      return parse({ headers: response.headers, body }, read);
    } catch (error) {
      throw timeout.meaning(error);
    } finally {
      timeout.stop();
    }
  }

  async #fetch(path: string, call: Call, signal: AbortSignal): Promise<Response> {
    // Not X-API-Key: `fetch` drops this one when it follows a redirect to a storage.
    const headers = { ...call.headers, Authorization: `Bearer ${this.#key}` };
    const response = await fetch(this.#base + path, { ...call, headers, signal });
    if (!response.ok) throw await problem(response);
    return response;
  }
}

/** Parse JSON of one of the API's own types. */
export function json<Result>(answer: Answer): Result {
  return JSON.parse(new TextDecoder().decode(answer.body)) as Result;
}

async function* pieces(
  response: Response,
  timeout: Timeout,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  try {
    for (;;) {
      timeout.restart();
      const piece = await reader?.read();
      if (!piece || piece.done) return;
      yield piece.value;
    }
  } catch (error) {
    throw timeout.meaning(error);
  } finally {
    timeout.stop();
  }
}

function parse<Result>(answer: Answer, read: Read<Result>): Result {
  try {
    return read(answer);
  } catch {
    throw unexpectedResponse(answer.headers);
  }
}

/** Return the query of a URL; values that are undefined are left out. */
export function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}
