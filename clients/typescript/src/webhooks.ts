/**
 * Verifies webhooks, by the package `standardwebhooks`, which only this module needs.
 *
 * @module
 */

import { Webhook } from "standardwebhooks";
import type { BulkJobSummary } from "./bulk.js";

export { WebhookVerificationError } from "standardwebhooks";

/** A job has ended. */
export interface BulkEnded {
  readonly type: "bulk.completed" | "bulk.partial" | "bulk.failed" | "bulk.canceled";
  /** When, in ISO 8601. */
  readonly timestamp: string;
  readonly data: BulkJobSummary;
}

/** Somebody tries the endpoint. */
export interface TestEvent {
  readonly type: "webhook.test";
  readonly timestamp: string;
  readonly data: { readonly message: string };
}

/** What a webhook says. */
export type WebhookEvent = BulkEnded | TestEvent;

type HeaderRecord = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Return what a webhook says, if your account's secret signed it within the last five minutes.
 *
 * @param secret - of `GET /v1/webhooks/secret`, `whsec_…`.
 * @param body - exactly as it came, not parsed.
 * @param headers - of the request: a `Headers`, or Node's `request.headers`.
 * @throws WebhookVerificationError if it is not signed so.
 */
export function verify(
  secret: string,
  body: string,
  headers: Headers | HeaderRecord,
): WebhookEvent {
  const pairs = headers instanceof Headers ? [...headers] : Object.entries(headers);
  const given = pairs.map(([name, value]) => [name, String(value)] as const);
  return new Webhook(secret).verify(body, Object.fromEntries(given)) as WebhookEvent;
}
