/** Jobs of up to 50 images per upload, cut out later. */

import { type CallSettings, type Connection, json, query } from "./connection.js";
import { events } from "./events.js";
import type { components } from "./openapi.js";
import {
  type BulkFields,
  blob,
  form,
  type ImageFile,
  type RemovalOptions,
  type VariantOptions,
} from "./options.js";
import { unreachable } from "./problem.js";
import { pauseAfter, withRetries } from "./retries.js";

/** A job with the status of its images. */
export type BulkJob = components["schemas"]["BulkJob"];
/** A job without its images. */
export type BulkJobSummary = components["schemas"]["BulkJobSummary"];
/** One image of a job. */
export type BulkItem = components["schemas"]["BulkItem"];

/** An image with a name, which the job reports. */
export interface NamedImage {
  readonly image: ImageFile;
  readonly name: string;
}

/** The options of a job: those of one image, for all of them, and these. */
export type BulkOptions = RemovalOptions &
  Pick<BulkFields, "webhook_url"> & {
    /** Makes several results of each image, as one ZIP. */
    readonly variants?: readonly VariantOptions[];
    /** Your names for the images, in their order. */
    readonly custom_id?: readonly string[];
    /** A flat object that the job keeps for you. */
    readonly metadata?: Readonly<Record<string, unknown>>;
  };

/** Which jobs to list. */
export interface PageRequest {
  /** At most 100; 20 by default. */
  readonly limit?: number;
  /** `next_before` of the previous page. */
  readonly before?: string;
}

/** Some jobs, newest first. */
export interface BulkPage {
  readonly jobs: BulkJobSummary[];
  /** `before` of the next page; null after the last one. */
  readonly next_before: string | null;
}

/** An image has its final status, or the job has ended, and no event follows. */
export type BulkEvent =
  | { readonly type: "image"; readonly image: BulkItem; readonly resumeToken: string }
  | { readonly type: "end"; readonly job: BulkJobSummary; readonly resumeToken: string };

/** The settings of `wait`. */
export interface WaitSettings extends CallSettings {
  /** Called once for each image that has its final status. */
  readonly onImage?: (image: BulkItem) => void;
}

const PATH = "/v1/bulk";
/** Default for one attempt to send images: 50 of them take longer than other calls. */
const UPLOAD_TIMEOUT_S = 600;

/** Jobs of an account, by their ids: any process with a key of the account can go on with a job. */
export class BulkClient {
  readonly #connection: Connection;

  /** Made by `Client`. */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Upload images as one job.
   *
   * @param images - 1 to 50.
   * @param options - of all images.
   * @param settings - `idempotencyKey`: a second upload with the same key creates no second job: the
   *   service answers with the first one. By default a random key, for the attempts of this call.
   *   One attempt may take 10 minutes by default.
   * @returns the job's id.
   * @throws Problem if the service rejects the upload, or does not answer; no image is stored then.
   */
  async create(
    images: readonly (ImageFile | NamedImage)[],
    options: BulkOptions = {},
    settings: CallSettings & { readonly idempotencyKey?: string } = {},
  ): Promise<string> {
    const headers = { "Idempotency-Key": settings.idempotencyKey ?? randomKey() };
    const call = { method: "POST", body: jobForm(images, options), headers } as const;
    const patient = { ...settings, timeoutS: settings.timeoutS ?? UPLOAD_TIMEOUT_S };
    const read = json<components["schemas"]["BulkJobAccepted"]>;
    return (await this.#connection.call(PATH, call, read, patient)).job_id;
  }

  /**
   * Return a job with the status of its images.
   *
   * @throws Problem `no-job` if it has been deleted, or belongs to another account.
   */
  async get(jobId: string, settings: CallSettings = {}): Promise<BulkJob> {
    return this.#connection.call(path(jobId), {}, json<BulkJob>, settings);
  }

  /** Return the newest jobs, or those before. */
  async list(page: PageRequest = {}, settings: CallSettings = {}): Promise<BulkPage> {
    return this.#connection.call(`${PATH}?${query({ ...page })}`, {}, json<BulkPage>, settings);
  }

  /**
   * Yield each image of a job once it has its final status, then the end of the job. Broken
   * connections are resumed.
   *
   * @param settings - `resumeToken` of the last event that is known: the ones after it are yielded.
   *   The timeout is that of each wait; the service sends a sign of life every 15 seconds.
   * @throws Problem as `get` does.
   */
  async *watch(
    jobId: string,
    settings: CallSettings & { readonly resumeToken?: string } = {},
  ): AsyncGenerator<BulkEvent, void, undefined> {
    let token = settings.resumeToken ?? "";
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const event of this.#events(jobId, token, settings)) {
          yield event;
          if (event.type === "end") return;
          token = event.resumeToken;
          attempt = 1;
        }
        throw unreachable("it ended the stream before the job's end");
      } catch (error) {
        await pauseAfter(error, attempt, this.#connection.attempts, settings.signal);
      }
    }
  }

  /**
   * Wait until a job has ended, and return it; this resumes a job whose id was kept.
   *
   * @throws Problem as `get` does.
   */
  async wait(jobId: string, settings: WaitSettings = {}): Promise<BulkJob> {
    for await (const event of this.watch(jobId, settings)) {
      if (event.type === "image") settings.onImage?.(event.image);
    }
    return this.get(jobId, settings);
  }

  /**
   * Return the result file of one image that succeeded.
   *
   * @param number - the image's `index` in the job, from 0.
   * @throws Problem `no-result` if the image has no result, `no-job` as for `get`.
   */
  async result(
    jobId: string,
    number: number,
    settings: CallSettings = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const read = (answer: { body: Uint8Array<ArrayBuffer> }) => answer.body;
    return this.#connection.call(`${path(jobId)}/items/${number}`, {}, read, settings);
  }

  /**
   * Return all results so far as one ZIP, in pieces, as they arrive; in Node `writeFile` takes them.
   *
   * @throws Problem as `result` does; so do the pieces if the connection breaks.
   */
  async archive(jobId: string, settings: CallSettings = {}): Promise<AsyncIterable<Uint8Array>> {
    const open = () => this.#connection.stream(`${path(jobId)}/archive`, {}, settings);
    return withRetries(this.#connection.attempts, open, settings.signal);
  }

  /** Cancel a job: images that have not been started are not processed. */
  async cancel(jobId: string, settings: CallSettings = {}): Promise<BulkJob> {
    const call = { method: "POST" } as const;
    return this.#connection.call(`${path(jobId)}/cancel`, call, json<BulkJob>, settings);
  }

  /** Cancel a job, and delete its images and results. */
  async delete(jobId: string, settings: CallSettings = {}): Promise<void> {
    await this.#connection.call(path(jobId), { method: "DELETE" }, () => undefined, settings);
  }

  async *#events(
    jobId: string,
    token: string,
    settings: CallSettings,
  ): AsyncGenerator<BulkEvent, void, undefined> {
    const headers: Record<string, string> = token ? { "Last-Event-ID": token } : {};
    const pieces = await this.#connection.stream(`${path(jobId)}/events`, { headers }, settings);
    for await (const { event, data, id } of events(pieces)) {
      if (event === "image") {
        yield { type: event, image: JSON.parse(data) as BulkItem, resumeToken: id };
      } else if (event === "end") {
        yield { type: event, job: JSON.parse(data) as BulkJobSummary, resumeToken: id };
      }
    }
  }
}

function path(jobId: string): string {
  return `${PATH}/${encodeURIComponent(jobId)}`;
}

function jobForm(images: readonly (ImageFile | NamedImage)[], options: BulkOptions): FormData {
  const { variants, custom_id, metadata, ...fields } = options;
  const made = form({
    ...fields,
    variants: variants && JSON.stringify(variants),
    metadata: metadata && JSON.stringify(metadata),
  });
  for (const id of custom_id ?? []) made.append("custom_id", id);
  for (const [index, image] of images.entries()) {
    const named = "image" in image ? image : { image, name: fileName(image) ?? `image-${index}` };
    made.append("images", blob(named.image), named.name);
  }
  return made;
}

function fileName(image: ImageFile): string | undefined {
  return image instanceof File ? image.name : undefined;
}

/** Not `crypto.randomUUID`: browsers have it on pages by HTTPS alone. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
