import assert from "node:assert/strict";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { test } from "node:test";
import { Client, Problem } from "clearbg";
import { answering } from "./http.js";

const IMAGE = Buffer.from("image");
const CUTOUT = {
  "content-type": "image/png",
  "x-width": "2",
  "x-height": "1",
  "x-confidence": "0.9",
  "x-model-version": "1",
  "x-device": "cpu",
};

test("broken connections and errors with Retry-After are retried with the same body", async () => {
  const bodies: string[] = [];
  const answers: ((response: ServerResponse) => unknown)[] = [
    (response) => response.destroy(),
    (response) => response.writeHead(503, { "content-type": "text/html" }).end("<p>nginx"),
    (response) => response.writeHead(429, { "retry-after": "0" }).end("{}"),
    (response) =>
      response
        .writeHead(200, { ...CUTOUT, "content-length": "9" })
        .write("cut", () => response.destroy()),
    (response) => response.writeHead(200, CUTOUT).end("cutout"),
  ];
  const listener: RequestListener = async (request, response) => {
    bodies.push(await text(request));
    answers.shift()?.(response);
  };
  await answering(listener, async (url) => {
    const cutout = await new Client(`${url}/`, "key").remove(IMAGE, { crop: true, shadow: 5 });
    assert.equal(Buffer.from(cutout.image).toString(), "cutout");
    assert.deepEqual(cutout.seconds, {});
  });
  assert.equal(answers.length, 0);
  assert.equal(bodies.length, 5);
  for (const body of bodies) assert.match(body, /"crop"\s+true.+"shadow"\s+5/s);
});

test("other errors are not retried", async () => {
  for (const [status, headers, slug] of [
    [500, {}, "http-500"],
    [504, {}, "http-504"],
    [429, { "retry-after": "121" }, "http-429"],
    [200, { "content-type": "text/html" }, "strange-answer"],
  ] as const) {
    let requests = 0;
    const listener: RequestListener = (_, response) => {
      requests++;
      response.writeHead(status, headers).end("<p>");
    };
    await answering(listener, async (url) => {
      await assert.rejects(new Client(url, "key").remove(IMAGE), { name: "Problem", slug });
    });
    assert.equal(requests, 1);
  }
});

test("an attempt that takes too long is a problem, and is not retried", async () => {
  let requests = 0;
  await answering(
    () => requests++,
    async (url) => {
      const client = new Client(url, "key", { timeoutS: 0.1 });
      await assert.rejects(client.models(), {
        slug: "deadline-exceeded",
        detail: "No answer within 0.1 seconds.",
      });
      await assert.rejects(client.models({ timeoutS: 0.2 }), { detail: /0\.2/ });
    },
  );
  assert.equal(requests, 2);
});

test("the caller's signal ends a call and a pause, with its own reason", async () => {
  const reason = new Error("enough");
  const silent: RequestListener = () => undefined;
  await answering(silent, async (url) => {
    const controller = new AbortController();
    const call = new Client(url, "key").models({ signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(call, reason);
    await assert.rejects(new Client(url, "key").models({ signal: controller.signal }), reason);
  });
  const controller = new AbortController();
  const refusing: RequestListener = (_, response) => {
    response.writeHead(503, { "retry-after": "100" }).end("{}", () => {
      setTimeout(() => controller.abort(reason), 50);
    });
  };
  await answering(refusing, async (url) => {
    await assert.rejects(new Client(url, "key").models({ signal: controller.signal }), reason);
  });
});

test("a redirect to a storage does not get the key", async () => {
  const seen: IncomingMessage["headers"][] = [];
  const storage: RequestListener = (request, response) => {
    seen.push(request.headers);
    response.end("result");
  };
  await answering(storage, (elsewhere) =>
    answering(
      (request, response) => {
        seen.push(request.headers);
        response.writeHead(307, { location: `${elsewhere}/presigned` }).end();
      },
      async (url) => {
        const result = await new Client(url, "key").bulk.result("job_1", 0);
        assert.equal(Buffer.from(result).toString(), "result");
      },
    ),
  );
  assert.deepEqual(
    seen.map((headers) => headers.authorization),
    ["Bearer key", undefined],
  );
  assert.ok(!JSON.stringify(seen[1]).includes("Bearer"));
});

test("without a service there is no answer, and the problem says why", async () => {
  const url = await answering(
    () => undefined,
    async (own) => own,
  );
  await assert.rejects(new Client(url, "key", { attempts: 2 }).models(), (error) => {
    assert.ok(error instanceof Problem && error.isRetryable);
    assert.equal(error.slug, "unreachable");
    assert.equal(error.status, undefined);
    assert.match(error.detail, /ECONNREFUSED/);
    return true;
  });
});

test("malformed URLs and keys are errors, which do not quote the key", () => {
  for (const url of ["", "host:8080", "grpc://host", "http://"]) {
    assert.throws(() => new Client(url, "key"), TypeError);
  }
  for (const key of ["", "a key", "kéy", "key\n"]) {
    assert.throws(
      () => new Client("http://host", key),
      (error) => error instanceof TypeError && (!key || !error.message.includes(key)),
    );
  }
});

async function text(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}
