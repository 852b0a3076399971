/** Ends one attempt: when it takes too long, or when the caller aborts it. */

import { Problem, timedOut, unreachable } from "./problem.js";

/**
 * The signal of one attempt.
 *
 * @param timeoutS - seconds until it is aborted, unless it is restarted.
 * @param caller - the caller's own signal.
 */
export class Timeout {
  readonly #controller = new AbortController();
  readonly #timeoutS: number;
  readonly #caller: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(timeoutS: number, caller: AbortSignal | undefined) {
    this.#timeoutS = timeoutS;
    this.#caller = caller;
    if (caller?.aborted) this.#abort();
    else caller?.addEventListener("abort", this.#abort, { once: true });
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Count the seconds from now on. */
  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      this.#abort();
    }, this.#timeoutS * 1000);
  }

  /** End the attempt: what of its answer has not been read is not waited for. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#abort);
    this.#abort();
  }

  /** Return what an error of `fetch` means: the caller's own reason, or a Problem. */
  meaning(error: unknown): unknown {
    if (error instanceof Problem) return error;
    if (this.#caller?.aborted) return this.#caller.reason;
    return this.#isOver ? timedOut(this.#timeoutS) : unreachable(error);
  }

  readonly #abort = (): void => this.#controller.abort();
}
