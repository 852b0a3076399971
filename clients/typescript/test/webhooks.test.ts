import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { test } from "node:test";
import { verify, WebhookVerificationError } from "clearbg/webhooks";
import { answering } from "./http.js";
import { client, KEY, PHOTO, URL_OF_SERVICE } from "./service.js";

test("the webhook of a job that has ended is verified", async () => {
  const { secret } = (await (await call("secret")).json()) as { secret: string };
  const [headers, body] = await received((url) =>
    client.bulk.create([PHOTO], { size: "64x64", webhook_url: url }),
  );
  const event = verify(secret, body, headers);
  assert.ok(event.type === "bulk.completed");
  assert.equal(event.data.counts.succeeded, 1);
  const { items, ...summary } = await client.bulk.get(event.data.job_id);
  assert.equal(items.length, 1);
  assert.deepEqual(event.data, summary);

  const strings = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  assert.deepEqual(verify(secret, body, new Headers(Object.fromEntries(strings))), event);
  assert.throws(() => verify(secret, `${body} `, headers), WebhookVerificationError);
  assert.throws(() => verify(`whsec_${"a".repeat(32)}`, body, headers), WebhookVerificationError);
  assert.throws(() => verify(secret, body, {}), WebhookVerificationError);
});

test("a test event is verified", async () => {
  const { secret } = (await (await call("secret")).json()) as { secret: string };
  const [headers, body] = await received((url) => call("test", JSON.stringify({ url })));
  const event = verify(secret, body, headers);
  assert.ok(event.type === "webhook.test");
  assert.match(event.data.message, /test/);
});

/** Return headers and body of the webhook that a call causes. */
async function received(
  cause: (url: string) => Promise<unknown>,
): Promise<[IncomingHttpHeaders, string]> {
  let arrived: (message: [IncomingHttpHeaders, string]) => void = () => undefined;
  const message = new Promise<[IncomingHttpHeaders, string]>((resolve) => {
    arrived = resolve;
  });
  return answering(
    async (request, response) => {
      let body = "";
      for await (const piece of request) body += piece;
      response.end();
      arrived([request.headers, body]);
    },
    async (url) => {
      await cause(`${url}/hook`);
      return message;
    },
  );
}

function call(path: string, body?: string): Promise<Response> {
  return fetch(`${URL_OF_SERVICE}/v1/webhooks/${path}`, {
    headers: { "X-API-Key": KEY, "Content-Type": "application/json" },
    ...(body ? { method: "POST", body } : {}),
  });
}
