/** Which errors are retried, and after which pause. */

import { Problem } from "./problem.js";

/** Pauses without a Retry-After: they double from the first to the longest. */
const FIRST_PAUSE_S = 0.2;
const LONGEST_PAUSE_S = 10;
/** Longest Retry-After that the client honours; beyond it, the error is thrown at once. */
const LONGEST_RETRY_AFTER_S = 120;
/** Largest random extension of a pause, as a part of it: without it, all clients that were rejected
 * together would retry together. */
const JITTER = 0.25;

/** Await a call, and retry it; the last error is thrown. */
export async function withRetries<Result>(
  attempts: number,
  call: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      await pauseAfter(error, attempt, attempts, signal);
    }
  }
}

/**
 * Wait until the next attempt.
 *
 * @param error - of the last attempt.
 * @param attempt - its number, from 1.
 * @param attempts - how many there may be.
 * @param signal - ends the pause: its reason is thrown.
 * @throws the error, if there is to be no further attempt.
 */
export async function pauseAfter(
  error: unknown,
  attempt: number,
  attempts: number,
  signal?: AbortSignal,
): Promise<void> {
  if (!(error instanceof Problem) || !error.isRetryable || attempt >= attempts) throw error;
  if ((error.retryAfterS ?? 0) > LONGEST_RETRY_AFTER_S) throw error;
  const growing = Math.min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempt - 1));
  await sleep((error.retryAfterS ?? growing) * (1 + Math.random() * JITTER), signal);
}

function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, seconds * 1000);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
