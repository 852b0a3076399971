/** The client: single images, models, usage; `bulk` has jobs. */

import { BulkClient } from "./bulk.js";
import {
  type CallSettings,
  Connection,
  type ConnectionSettings,
  json,
  query,
} from "./connection.js";
import { type Cutout, cutouts } from "./cutout.js";
import type { components, operations } from "./openapi.js";
import { form, type ImageFile, type RemovalOptions, type VariantOptions } from "./options.js";

/** One of the service's models. */
export type Model = components["schemas"]["Model"];
/** What the key's account used. */
export type UsageReport = components["schemas"]["UsageReport"];

type UsageQuery = NonNullable<operations["getUsage"]["parameters"]["query"]>;

/** Which usage to report. */
export interface UsageRequest extends Pick<UsageQuery, "step"> {
  /** By default 30 days before `to`, or an hour by minutes. */
  readonly from?: Date;
  /** By default now. */
  readonly to?: Date;
  /** Id of one key; all by default. */
  readonly key?: number;
}

/** A client of one service, for Node and browsers. It holds no connections of its own. */
export class Client {
  /** Jobs of up to 50 images, done later. */
  readonly bulk: BulkClient;
  readonly #connection: Connection;

  /**
   * @param url - of the service's HTTP API: `http://host:8080`, or `https://`.
   * @param key - an API key.
   * @throws TypeError if the URL or the key is malformed.
   */
  constructor(url: string, key: string, settings: ConnectionSettings = {}) {
    this.#connection = new Connection(url, key, settings);
    this.bulk = new BulkClient(this.#connection);
  }

  /**
   * Cut the foreground out of an image.
   *
   * @param image - the encoded image, or a public URL of one if the service allows that.
   * @throws Problem if the service rejects the request, or does not answer.
   */
  async remove(
    image: ImageFile | URL,
    options: RemovalOptions = {},
    settings: CallSettings = {},
  ): Promise<Cutout> {
    const call = { method: "POST", body: form({ ...source(image), ...options }) } as const;
    return this.#connection.call("/v1/removebg", call, single, settings);
  }

  /**
   * Return several cut-outs of an image, which is segmented and charged once.
   *
   * @param image - see `remove`.
   * @param variants - the options of each cut-out, at most 10; what one leaves out is as in
   *   `options`. The model, the region of interest and files are in `options` alone.
   * @param options - of all of them.
   * @throws Problem as `remove` does.
   */
  async removeVariants(
    image: ImageFile | URL,
    variants: readonly VariantOptions[],
    options: RemovalOptions = {},
    settings: CallSettings = {},
  ): Promise<Cutout[]> {
    const body = form({ ...source(image), ...options, variants: JSON.stringify(variants) });
    const call = { method: "POST", body, headers: { Accept: "multipart/mixed" } } as const;
    return this.#connection.call("/v1/removebg", call, cutouts, settings);
  }

  /** Return the models that the account may use, the default one first. */
  async models(settings: CallSettings = {}): Promise<Model[]> {
    const read = json<{ models: Model[] }>;
    return (await this.#connection.call("/v1/models", {}, read, settings)).models;
  }

  /** Return what the account used. */
  async usage(request: UsageRequest = {}, settings: CallSettings = {}): Promise<UsageReport> {
    const { from, to, step, key } = request;
    const given = { from: from?.toISOString(), to: to?.toISOString(), step, key };
    const path = `/v1/usage?${query(given)}`;
    return this.#connection.call(path, {}, json<UsageReport>, settings);
  }
}

function source(image: ImageFile | URL): { image: ImageFile } | { image_url: string } {
  return image instanceof URL ? { image_url: image.href } : { image };
}

function single(answer: Parameters<typeof cutouts>[0]): Cutout {
  const [first] = cutouts(answer);
  if (!first) throw new RangeError("the answer has no results");
  return first;
}
