/**
 * A client of ClearBG, for Node 20 and browsers, on `fetch` alone.
 *
 * ```ts
 * const client = new Client("http://127.0.0.1:8080", "cbg_…");
 * const cutout = await client.remove(photo, { size: "1080p" });
 * ```
 *
 * What goes over the wire (options, jobs, reports) has the API's own names and generated types.
 *
 * @module
 */

export type {
  BulkClient,
  BulkEvent,
  BulkItem,
  BulkJob,
  BulkJobSummary,
  BulkOptions,
  BulkPage,
  NamedImage,
  PageRequest,
  WaitSettings,
} from "./bulk.js";
export { Client, type Model, type UsageReport, type UsageRequest } from "./client.js";
export type { CallSettings, ConnectionSettings } from "./connection.js";
export type { Box, Cutout } from "./cutout.js";
export type { ImageFile, RemovalOptions, VariantOptions } from "./options.js";
export { Problem } from "./problem.js";
