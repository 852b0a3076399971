// The playground: an image and options in, the cut-out beside it out.

import { Brush } from "./playground-brush.js";
import { CodePanel } from "./playground-code.js";
import { Notice } from "./playground-notice.js";
import { Options } from "./playground-options.js";
import { listen } from "./playground-picker.js";
import { Preview } from "./playground-preview.js";
import { Progress, fileSize } from "./playground-progress.js";
import { Region } from "./playground-region.js";
import { Problem, send } from "./playground-request.js";
import { Slider } from "./playground-slider.js";
import { Stage } from "./playground-stage.js";
import { Tools } from "./playground-tools.js";

const PAUSE_MS = 350; // after the latest change, before it is sent
const DEVICES = { "triton-gpu": " on a GPU", "triton-cpu": " on a CPU", cpu: " on a CPU", cache: ", mask from the cache" };
const ARRANGING = ["crop", "scale", "position"]; // then pixels of the result are elsewhere

const root = document.querySelector("#playground");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const csrf = document.querySelector("meta[name=csrf-token]")?.content;

const stage = new Stage(part("viewport"), part("frame"), () => draw());
const slider = new Slider(part("slider"), part("before"), part("after"), stage);
const brush = new Brush(part("strokes"), stage);
const region = new Region(part("region"), stage, (text) => options.set("roi", text));
const preview = new Preview({ root, part, stage, slider });
const progress = new Progress({ list: part("stages"), bar: part("bar"), status: part("status") });
const notice = new Notice(part("notice"), run);
const code = new CodePanel(part("code"), new URL("/v1/removebg", location.href).href);
const options = new Options(part("options"), () => {
  region.follow(part("options").elements.roi.value);
  schedule();
});
const tools = new Tools(
  { viewport: part("viewport"), choices: part("tools").querySelectorAll("[name=_tool]"), size: part("brush-size"), stage, slider, brush, region },
  showTool,
  strokesChanged,
);

let image = null;
let timer = 0;
let latest = 0;
let cancel = () => {};

function draw() {
  slider?.draw();
  part("zoom").textContent = stage.width ? `${Math.round(stage.scale * 100)} %` : "";
}

async function pick(file) {
  const most = Number(root.dataset.maxBytes);
  if (file.size > most) {
    return notice.show(`This file has ${fileSize(file.size)}. Choose an image of at most ${fileSize(most)}.`);
  }
  image = file;
  part("facts").textContent = "";
  const size = await preview.start(file);
  brush.start(size.width, size.height);
  options.set("roi", "");
  tools.choose("compare");
  part("file-name").textContent = file.name;
  strokesChanged({ wait: false });
}

function schedule() {
  clearTimeout(timer);
  if (image) timer = setTimeout(run, PAUSE_MS);
}

async function run() {
  clearTimeout(timer);
  cancel();
  const number = ++latest;
  const fields = await currentFields();
  if (number !== latest) return;
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  notice.hide();
  options.blame("");
  progress.start();
  preview.wait(true);
  const sending = send(root.dataset.url, form, csrf ? { "X-CSRF-Token": csrf } : {}, (...how) => progress.advance(...how));
  cancel = sending.cancel;
  try {
    const outcome = await sending.done;
    if (number === latest) await finish(outcome, fields);
  } catch (problem) {
    if (number === latest) fail(problem);
  }
}

async function currentFields() {
  const strokes = await brush.trimap();
  const chosen = options.changed().filter(([name]) => !(strokes && name === "trimap"));
  return [["image", image], ...chosen, ...(strokes ? [["trimap", strokes]] : [])];
}

async function finish(outcome, fields) {
  const arranged = fields.some(([name]) => ARRANGING.includes(name));
  const shown = await preview.show(outcome, arranged);
  progress.finish(outcome, `${outcome.width} × ${outcome.height} pixels, ${fileSize(outcome.blob.size)}.`);
  const extension = outcome.name.split(".").at(-1);
  code.show(fields, `cutout.${extension}`);
  part("facts").textContent = facts(outcome, extension);
  if (!shown) notice.show("A ZIP holds color.jpg and alpha.png and has no preview. Download it to see them.");
  else if (!outcome.found) notice.show("Nothing stands out from the background. Paint what to keep with the brush, or try another image.");
}

function facts({ width, height, blob, model, device }, extension) {
  const by = model ? [model + (DEVICES[device] ?? ` on ${device}`)] : [];
  return [`${width} × ${height}`, `${extension.toUpperCase()} ${fileSize(blob.size)}`, ...by].join(" · ");
}

function fail(problem) {
  progress.fail();
  preview.fail();
  if (!(problem instanceof Problem)) throw problem;
  options.blame(problem.field, problem.message);
  notice.problem(problem);
}

function showTool() {
  preview.edit(tools.isEditing);
  root.classList.toggle("painting", ["keep", "erase"].includes(tools.tool));
}

function strokesChanged({ wait = true } = {}) {
  const none = !brush.strokes.length;
  for (const name of ["undo", "clear"]) part(name).disabled = none;
  part("save-strokes").hidden = none;
  if (wait) schedule();
  else run();
}

async function saveStrokes() {
  const file = await brush.trimap();
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: file.name });
  link.click();
  URL.revokeObjectURL(link.href);
}

const actions = {
  undo: () => (brush.undo(), strokesChanged()),
  clear: () => (brush.clear(), strokesChanged()),
  "save-strokes": saveStrokes,
  "zoom-in": () => stage.zoomIn(),
  "zoom-out": () => stage.zoomOut(),
  fit: () => stage.fit(),
  "actual-size": () => stage.actualSize(),
  "draw-region": () => tools.choose("region"),
};
for (const [name, action] of Object.entries(actions)) part(name).addEventListener("click", action);

listen(
  {
    input: part("file"),
    choosers: root.querySelectorAll("[data-choose]"),
    samples: root.querySelectorAll("[data-sample]"),
    target: part("drop"),
  },
  pick,
  (message) => notice.show(message),
);
root.dataset.ready = "true";
