/** The result of one image, and how it is read from an answer. */

import type { Answer } from "./connection.js";
import { parts } from "./multipart.js";

/** A rectangle, in pixels of the result. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

/** One finished cut-out. */
export interface Cutout {
  /** The encoded result, in the format of the options. */
  readonly image: Uint8Array<ArrayBuffer>;
  readonly mediaType: string;
  readonly width: number;
  readonly height: number;
  /** The box around the foreground; undefined when none was found. */
  readonly foreground: Box | undefined;
  /** How sure the model is of the foreground, 0 to 1. */
  readonly confidence: number;
  readonly modelVersion: string;
  /** What ran the model: `cpu`, `triton-cpu` or `triton-gpu`; `cache` if the mask was known; `none`
   * with a `mask`. */
  readonly device: string;
  /** Seconds by stage: `decode`, `queue`, `infer`, `compose`, `encode`; `cache` instead of `queue`
   * and `infer` if the mask was known. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Name of the model; empty with a `mask`. */
  readonly model: string;
}

/**
 * Parse the answer to a removal request: one cut-out, or that of each variant.
 *
 * @throws RangeError if it is not one.
 */
export function cutouts(answer: Answer): Cutout[] {
  const boundary = /^multipart\/mixed; *boundary=(\w+)$/.exec(header(answer, "content-type"))?.[1];
  return boundary ? [...parts(answer.body, boundary)].map(cutout) : [cutout(answer)];
}

function cutout(answer: Answer): Cutout {
  return {
    image: answer.body,
    mediaType: header(answer, "content-type"),
    width: number(answer, "x-width"),
    height: number(answer, "x-height"),
    foreground: foreground(answer),
    confidence: number(answer, "x-confidence"),
    modelVersion: header(answer, "x-model-version"),
    device: header(answer, "x-device"),
    seconds: seconds(answer.headers.get("server-timing") ?? ""),
    model: answer.headers.get("x-model") ?? "",
  };
}

function foreground(answer: Answer): Box | undefined {
  if (!answer.headers.has("x-foreground-top")) return undefined;
  return {
    top: number(answer, "x-foreground-top"),
    left: number(answer, "x-foreground-left"),
    width: number(answer, "x-foreground-width"),
    height: number(answer, "x-foreground-height"),
  };
}

/** Parse a Server-Timing header, which has milliseconds. */
function seconds(timing: string): Record<string, number> {
  const stages = [...timing.matchAll(/(\w+);dur=([0-9.]+)/g)];
  return Object.fromEntries(stages.map(([, stage, ms]) => [stage, Number(ms) / 1000]));
}

function header(answer: Answer, name: string): string {
  const value = answer.headers.get(name);
  if (value === null) throw new RangeError(`the answer has no ${name}`);
  return value;
}

function number(answer: Answer, name: string): number {
  const value = Number(header(answer, name));
  if (Number.isNaN(value)) throw new RangeError(`${name} is no number`);
  return value;
}
