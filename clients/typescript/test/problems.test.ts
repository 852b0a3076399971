import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, Problem } from "clearbg";
import {
  client,
  impatient,
  KEY,
  KEY_OF_ONE_IMAGE,
  KEY_OF_ONE_REQUEST,
  LARGE_PHOTO,
  PHOTO,
  statuses,
  URL_OF_SERVICE,
} from "./service.js";

const NO_JOB = "job_aaaaaaaaaaaaaaaaaaaa";

/** What the service rejects, by the slug and status of the problem. */
const REJECTED: Record<string, [number, () => Promise<unknown>]> = {
  "bad-request": [400, () => client.usage({ key: 0 })],
  "bad-option": [400, () => client.remove(PHOTO, { size: "huge" })],
  "bad-image": [400, () => client.remove(Buffer.from("no image"))],
  "bad-url": [400, () => client.remove(new URL("http://127.0.0.1/photo.jpg"))],
  "too-many-pixels": [400, () => client.remove(LARGE_PHOTO)],
  "invalid-key": [401, () => new Client(URL_OF_SERVICE, "cbg_wrong").models()],
  "no-job": [404, () => client.bulk.get(NO_JOB)],
  "no-key": [404, () => client.usage({ key: 999_999 })],
  "image-too-large": [413, () => client.remove(Buffer.alloc(300_000))],
};

for (const [slug, [status, call]] of Object.entries(REJECTED)) {
  test(`${slug} is thrown at once`, async () => {
    const seen = await statuses(async () => {
      const problem = await thrown(call());
      assert.deepEqual([problem.slug, problem.status], [slug, status]);
      assert.equal(problem.type, `/problems/${slug}`);
      assert.equal(problem.message, problem.detail);
      assert.match(problem.requestId, /^[\w-]{8,}$/);
      assert.equal(problem.isRetryable, false);
    });
    assert.deepEqual(seen, [status]);
  });
}

test("a problem names the option", async () => {
  const single = await thrown(client.remove(PHOTO, { size: "huge" }));
  assert.equal(single.field, "size");
  assert.match(single.detail, /1080p/);
  const variant = await thrown(client.removeVariants(PHOTO, [{}, { size: "huge" }]));
  assert.equal(variant.field, "variants[1].size");
  assert.equal((await thrown(client.remove(Buffer.from("no image")))).field, undefined);
});

test("a path that the service does not have is a problem without a type of its own", async () => {
  const problem = await thrown(new Client(`${URL_OF_SERVICE}/elsewhere`, "key").models());
  assert.deepEqual([problem.status, problem.type], [404, "about:blank"]);
});

test("a month's quota is not waited for", async () => {
  const limited = new Client(URL_OF_SERVICE, KEY_OF_ONE_IMAGE);
  await limited.remove(PHOTO);
  const seen = await statuses(async () => {
    const problem = await thrown(limited.remove(PHOTO));
    assert.deepEqual([problem.slug, problem.status], ["quota-exceeded", 429]);
    assert.ok((problem.retryAfterS ?? 0) > 120);
  });
  assert.deepEqual(seen, [429]);
});

test("over the rate limit, the client waits as long as it is told", async (context) => {
  const limited = new Client(URL_OF_SERVICE, KEY_OF_ONE_REQUEST, { attempts: 3, timeoutS: 600 });
  const pauses: number[] = [];
  const setTimeout = globalThis.setTimeout;
  const skipping = (callback: () => void, ms = 0) => {
    if (ms < 10_000 || ms === 600_000) return setTimeout(callback, ms); // fetch's own, the timeout
    pauses.push(ms / 1000);
    return setTimeout(callback, 0);
  };
  await limited.models();
  context.mock.method(globalThis, "setTimeout", skipping as typeof setTimeout);
  const seen = await statuses(async () => {
    const problem = await thrown(limited.models());
    assert.equal(problem.slug, "rate-limited");
    const told = problem.retryAfterS ?? 0;
    assert.ok(told > 10 && told <= 120);
    assert.equal(pauses.length, 2);
    for (const pause of pauses) assert.ok(pause >= told && pause <= told * 1.25 + 2);
  });
  assert.deepEqual(seen, [429, 429, 429]);
});

test("what was refused by an overloaded service is done later", async () => {
  const mask = (await client.remove(PHOTO, { channels: "alpha" })).image;
  const patient = new Client(URL_OF_SERVICE, KEY, { attempts: 20 });
  const seen = await statuses(async () => {
    const sent = Array.from({ length: 6 }, () => patient.remove(PHOTO, { mask, refine: "high" }));
    for (const cutout of await Promise.all(sent)) assert.equal(cutout.width, 512);
  });
  assert.ok(seen.includes(503), `${seen}: none was refused`);
  assert.equal(seen.filter((status) => status === 200).length, 6);
});

test("overloaded is thrown after the last attempt", async () => {
  const sent = Array.from({ length: 6 }, () => impatient.remove(PHOTO, { refine: "high" }));
  const ends = await Promise.allSettled(sent);
  const problems = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
  assert.ok(problems.length > 0 && problems.length < 6);
  for (const problem of problems) {
    assert.ok(problem instanceof Problem);
    assert.deepEqual([problem.slug, problem.status], ["overloaded", 503]);
    assert.equal(problem.isRetryable, true);
  }
});

async function thrown(call: Promise<unknown>): Promise<Problem> {
  const error = await call.then(
    () => assert.fail("nothing was thrown"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Problem, String(error));
  return error;
}
