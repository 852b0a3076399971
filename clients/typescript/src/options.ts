/** One image and its options, as the fields of a form. */

import type { operations } from "./openapi.js";

/** An encoded image. In Node, `openAsBlob(path)` of `node:fs` is one that is read while it is sent. */
export type ImageFile = Blob | ArrayBuffer | ArrayBufferView<ArrayBuffer>;

type Body<Operation extends { requestBody: { content: object } }> =
  Operation["requestBody"]["content"];
type BulkForm = Body<operations["createBulkJob"]>["multipart/form-data"];
type Json = Body<operations["removeBackground"]>["application/json"];

/** The fields of the form of bulk jobs. */
export type BulkFields = Omit<BulkForm, "images" | "custom_id" | "metadata" | "variants" | Files>;

type Files = "bg_image" | "mask" | "trimap";

/** The options of one image, by the names that the API's table has. */
export type RemovalOptions = Omit<BulkFields, "webhook_url"> & {
  /** A picture to lay behind the foreground. */
  readonly bg_image?: ImageFile;
  /** A mask instead of the model's. */
  readonly mask?: ImageFile;
  /** What to keep (white) and to erase (black). */
  readonly trimap?: ImageFile;
};

/** The options of one of several results. */
export type VariantOptions = NonNullable<Json["variants"]>[number];

type Value = string | number | boolean | ImageFile | undefined;

/** Return a form with these fields; those that are undefined are left out. */
export function form(fields: Readonly<Record<string, Value>>): FormData {
  const made = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "object") made.append(name, blob(value), name);
    else if (value !== undefined) made.append(name, String(value));
  }
  return made;
}

/** Return an image as a Blob, without copying one. */
export function blob(image: ImageFile): Blob {
  return image instanceof Blob ? image : new Blob([image]);
}
