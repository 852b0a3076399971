/** The running service that the tests call, and what they send to it. */

import { readFileSync } from "node:fs";
import { Client } from "clearbg";

/** Of the service. */
export const URL_OF_SERVICE = variable("CLEARBG_URL");
/** A key without limits, one of one request a minute, and one of one image a month. */
export const KEY = variable("CLEARBG_API_KEY");
export const KEY_OF_ONE_REQUEST = variable("CLEARBG_KEY_OF_ONE_REQUEST");
export const KEY_OF_ONE_IMAGE = variable("CLEARBG_KEY_OF_ONE_IMAGE");

/** 512 x 512 pixels. */
export const PHOTO = readFileSync("../../docs/astronaut.jpg");
/** More pixels than the service allows. */
export const LARGE_PHOTO = readFileSync("../../docs/editing.jpg");

export const client = new Client(URL_OF_SERVICE, KEY);
/** Throws the first error. */
export const impatient = new Client(URL_OF_SERVICE, KEY, { attempts: 1 });

/** Count the statuses of all answers that `fetch` gets in the block. */
export async function statuses(block: () => Promise<unknown>): Promise<number[]> {
  const seen: number[] = [];
  const original = globalThis.fetch;
  globalThis.fetch = async (...request) => {
    const response = await original(...request);
    seen.push(response.status);
    return response;
  };
  try {
    await block();
  } finally {
    globalThis.fetch = original;
  }
  return seen;
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: pytest tests/clients runs these tests`);
  return value;
}
