import assert from "node:assert/strict";
import { openAsBlob } from "node:fs";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type BulkItem, Client, Problem } from "clearbg";
import { answering } from "./http.js";
import { client, KEY, PHOTO, URL_OF_SERVICE } from "./service.js";

const DAMAGED = PHOTO.subarray(0, PHOTO.length / 3);

test("a job is uploaded, watched, and its results are downloaded", async () => {
  const images = [
    { image: await openAsBlob("../../docs/astronaut.jpg"), name: "a.jpg" },
    new File([PHOTO], "b.jpg"),
    PHOTO,
    DAMAGED,
  ];
  const variants = [{ size: "64x64" }, { format: "jpg", bg_color: "white" }] as const;
  const options = { variants, custom_id: ["1", "2", "3", "4"], metadata: { order: 7 } } as const;
  const id = await client.bulk.create(images, options);
  const seen: BulkItem[] = [];
  const job = await client.bulk.wait(id, { onImage: (image) => seen.push(image) });
  assert.equal(job.status, "partial");
  assert.deepEqual([job.counts.succeeded, job.counts.failed, job.counts.total], [3, 1, 4]);
  assert.deepEqual(job.metadata, { order: 7 });
  assert.deepEqual(
    job.items.map(({ name, custom_id }) => [name, custom_id]),
    [
      ["a.jpg", "1"],
      ["b.jpg", "2"],
      ["image-2", "3"],
      ["image-3", "4"],
    ],
  );
  assert.equal(job.items[3]?.problem?.type, "/problems/bad-image");
  assert.deepEqual(
    seen.sort((one, other) => one.index - other.index),
    job.items,
  );

  assert.equal(zipStart(await client.bulk.result(id, 0)), "PK");
  await assert.rejects(client.bulk.result(id, 3), { slug: "no-result", status: 404 });
  const file = join(tmpdir(), `${id}.zip`);
  await writeFile(file, await client.bulk.archive(id));
  const archive = await openAsBlob(file);
  assert.equal(zipStart(new Uint8Array(await archive.arrayBuffer())), "PK");
  assert.ok(archive.size > 3 * 10_000);

  const { jobs, next_before } = await client.bulk.list({ limit: 1 });
  assert.equal(jobs[0]?.job_id, id);
  assert.ok(next_before);
  await client.bulk.delete(id);
  await assert.rejects(client.bulk.get(id), { slug: "no-job" });
});

test("a second upload with the same key creates no second job", async () => {
  const settings = { idempotencyKey: `key-${Date.now()}` };
  const id = await client.bulk.create([PHOTO], { size: "64x64" }, settings);
  assert.equal(await client.bulk.create([PHOTO], { size: "64x64" }, settings), id);
  await assert.rejects(client.bulk.create([PHOTO], { size: "65x65" }, settings), {
    slug: "key-reused",
    status: 422,
  });
  assert.notEqual(await client.bulk.create([PHOTO], { size: "64x64" }), id);
});

test("a canceled job ends", async () => {
  const id = await client.bulk.create(Array.from({ length: 8 }, () => PHOTO));
  const canceled = await client.bulk.cancel(id);
  assert.ok(canceled.canceled_at);
  const job = await client.bulk.wait(id);
  assert.ok(job.status === "canceled" || job.counts.succeeded === 8);
});

test("a stream that breaks off is resumed, and another client resumes a job by its id", async () => {
  const resumedAt: string[] = [];
  await throughCuttingProxy(resumedAt, async (url) => {
    const id = await client.bulk.create([PHOTO, PHOTO, PHOTO]);
    const other = new Client(url, KEY);
    const numbers: number[] = [];
    const job = await other.bulk.wait(id, { onImage: (image) => numbers.push(image.index) });
    assert.equal(job.status, "completed");
    assert.deepEqual(numbers.sort(), [0, 1, 2], "each image once");
    assert.equal(resumedAt.length, 3, "each image's stream was cut");
    assert.deepEqual(resumedAt.map(Boolean), [true, true, true]);
  });
});

test("a stream that never goes on is a problem, after the last attempt", async () => {
  const silent = new Client(URL_OF_SERVICE, KEY, { attempts: 2 });
  const id = await silent.bulk.create([PHOTO]);
  await silent.bulk.wait(id);
  let requests = 0;
  const cut = (_: unknown, response: import("node:http").ServerResponse) => {
    requests++;
    response.writeHead(200, { "content-type": "text/event-stream" }).write(": ping\n\n");
    response.destroy();
  };
  await answering(cut, async (url) => {
    const lost = new Client(url, KEY, { attempts: 2 });
    await assert.rejects(lost.bulk.wait(id), (error) => {
      return error instanceof Problem && error.slug === "unreachable";
    });
  });
  assert.equal(requests, 2);
});

/** A proxy of the service that cuts each stream of events after its first image. */
async function throughCuttingProxy(
  resumedAt: string[],
  block: (url: string) => Promise<void>,
): Promise<void> {
  await answering((incoming, response) => {
    const isStream = incoming.url?.endsWith("/events") === true;
    const token = incoming.headers["last-event-id"];
    if (typeof token === "string") resumedAt.push(token);
    const { method, headers, url = "" } = incoming;
    const options = { ...(method ? { method } : {}), headers };
    const outgoing = request(URL_OF_SERVICE + url, options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (!isStream) return answer.pipe(response);
      let text = "";
      const forward = (piece: Buffer) => {
        text += piece.toString();
        const [image] = /^.*?event: image.*?\r?\n\r?\n/s.exec(text) ?? [];
        if (image === undefined) return;
        answer.off("data", forward).off("end", end);
        outgoing.destroy();
        response.write(image, () => response.destroy());
      };
      const end = () => response.end(text);
      return answer.on("data", forward).on("end", end);
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  }, block);
}

function zipStart(file: Uint8Array): string {
  return Buffer.from(file.subarray(0, 2)).toString();
}
