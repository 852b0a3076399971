/** Parses multipart/mixed, as the service sends several results. */

import type { Answer } from "./connection.js";

const BLANK_LINE = [13, 10, 13, 10];

/**
 * Yield headers and content of the parts, each of which has its length.
 *
 * @throws RangeError if a part has none, or ends too early.
 */
export function* parts(body: Uint8Array<ArrayBuffer>, boundary: string): Generator<Answer> {
  const start = `--${boundary}\r\n`;
  let at = 0;
  while (ascii(body.subarray(at, at + start.length)) === start) {
    const begin = headEnd(body, at);
    const headers = new Headers(
      ascii(body.subarray(at + start.length, begin - BLANK_LINE.length))
        .split("\r\n")
        .map((line) => pair(line)),
    );
    const end = begin + Number(headers.get("content-length") ?? Number.NaN);
    if (!(end <= body.length)) throw new RangeError("a part of the answer has no length");
    yield { headers, body: body.slice(begin, end) };
    at = end + 2;
  }
}

/** Return the position after the blank line that ends the headers at a position. */
function headEnd(body: Uint8Array, from: number): number {
  for (let at = from; at < body.length; at++) {
    if (BLANK_LINE.every((byte, offset) => body[at + offset] === byte)) return at + 4;
  }
  throw new RangeError("the answer ends within a part's headers");
}

function pair(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function ascii(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
