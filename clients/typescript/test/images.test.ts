import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cutout, RemovalOptions } from "clearbg";
import { client, PHOTO } from "./service.js";

const alpha = await client.remove(PHOTO, { channels: "alpha" });
const inverted = await client.remove(PHOTO, { channels: "alpha", invert: true });

/** The type makes sure that none is missing. */
const OPTIONS: Required<RemovalOptions> = {
  size: "100x100",
  format: "webp",
  bg_color: "#ff000080",
  bg_image: new Blob([PHOTO]),
  channels: "alpha",
  roi: "0% 0% 50% 100%",
  crop: true,
  crop_margin: "10px",
  scale: "50%",
  position: "0% 0%",
  shadow: 50,
  refine: "off",
  model: "isnet",
  threshold: 50,
  feather: "5px",
  expand: "-5px",
  invert: true,
  smooth: "9px",
  keep: "0% 0% 20% 20%",
  erase: "30% 30% 60% 60%",
  mask: inverted.image,
  trimap: inverted.image.buffer,
};
const NEEDED: { readonly [Name in keyof RemovalOptions]?: RemovalOptions } = {
  crop: { erase: "0% 0% 100% 30%" },
  crop_margin: { erase: "0% 0% 100% 30%", crop: true },
  position: { scale: "50%" },
};

/** Options that make no difference to a photo as small as this one, with the only model. */
const UNSEEN: readonly string[] = ["model", "refine"];

for (const name of Object.keys(OPTIONS) as (keyof RemovalOptions)[]) {
  test(`the option ${name} reaches the service`, async () => {
    if (UNSEEN.includes(name)) {
      await client.remove(PHOTO, { [name]: OPTIONS[name] });
      await assert.rejects(client.remove(PHOTO, { [name]: "wrong" }), { field: name });
      return;
    }
    const needed = NEEDED[name] ?? {};
    const without = await client.remove(PHOTO, needed);
    const given = await client.remove(PHOTO, { ...needed, [name]: OPTIONS[name] });
    assert.ok(!Buffer.from(given.image).equals(without.image));
  });
}

test("a cut-out says all that the service knows of it", async () => {
  const cutout = await client.remove(PHOTO, { size: "256x256" });
  assert.deepEqual(png(cutout), [256, 256]);
  assert.deepEqual([cutout.width, cutout.height], [256, 256]);
  assert.equal(cutout.mediaType, "image/png");
  assert.ok(cutout.foreground && cutout.foreground.width > 100 && cutout.foreground.height > 100);
  assert.ok(cutout.foreground.top + cutout.foreground.height <= 256);
  assert.ok(cutout.confidence > 0.5 && cutout.confidence <= 1);
  assert.deepEqual([cutout.model, cutout.device], ["isnet", "cache"]);
  assert.ok(cutout.modelVersion);
  assert.deepEqual(Object.keys(cutout.seconds).sort(), ["cache", "compose", "decode", "encode"]);
  assert.ok(Object.values(cutout.seconds).every((seconds) => seconds >= 0 && seconds < 30));
});

test("where nothing was found there is no box", async () => {
  const empty = await client.remove(PHOTO, { erase: "0% 0% 100% 100%" });
  assert.equal(empty.foreground, undefined);
});

test("variants are what requests of their own would get", async () => {
  const variants = [
    { size: "preview" },
    { format: "jpg", bg_color: "white" },
    { crop: true },
  ] as const;
  const shared = { mask: alpha.image };
  const got = await client.removeVariants(PHOTO, variants, shared);
  assert.deepEqual(
    got.map((each) => each.mediaType),
    ["image/png", "image/jpeg", "image/png"],
  );
  for (const [number, variant] of variants.entries()) {
    const alone = await client.remove(PHOTO, { ...variant, ...shared });
    assert.ok(Buffer.from(alone.image).equals(got[number]?.image ?? Buffer.of()));
  }
});

test("a form leaves out what is undefined", async () => {
  const options = { size: undefined, crop: undefined } as unknown as RemovalOptions;
  const cutout = await client.remove(PHOTO, options);
  assert.deepEqual(png(cutout), [512, 512]);
});

test("the models are listed, the default one first", async () => {
  const [model] = await client.models();
  assert.deepEqual([model?.name, model?.default], ["isnet", true]);
});

test("usage is reported", async () => {
  const from = new Date(Date.now() - 3_600_000);
  const report = await client.usage({ from, to: new Date(), step: "minute" });
  assert.equal(report.step, "minute");
  const keys = await client.usage({ key: report.keys[0]?.id ?? 1 });
  assert.ok(keys.total.requests >= 0);
});

/** Width and height, as the file has them. */
function png(cutout: Cutout): [number, number] {
  const file = Buffer.from(cutout.image);
  assert.equal(file.toString("latin1", 1, 4), "PNG");
  return [file.readUInt32BE(16), file.readUInt32BE(20)];
}
