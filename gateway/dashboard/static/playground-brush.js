// Strokes that keep or erase, drawn on the picture and sent as a trimap.

const MAX_SIDE = 2048; // of the trimap: strokes need no more, whatever the picture has
const INKS = {
  shown: { keep: "rgb(34 160 90)", erase: "rgb(220 50 60)" },
  sent: { keep: "#fff", erase: "#000" },
};

export class Brush {
  /**
   * @param {HTMLCanvasElement} canvas over the picture
   * @param {import("./playground-stage.js").Stage} stage
   */
  constructor(canvas, stage) {
    Object.assign(this, { canvas, stage, strokes: [] });
  }

  /** Forget all strokes, for a picture of this size. */
  start(width, height) {
    const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
    this.canvas.width = Math.max(1, Math.round(width * scale));
    this.canvas.height = Math.max(1, Math.round(height * scale));
    this.strokes = [];
  }

  /**
   * Begin a stroke.
   *
   * @param {"keep" | "erase"} tool
   * @param {number} size diameter in CSS pixels, as it looks on the screen
   */
  begin(tool, size, event) {
    const radius = (size / 2) * (this.canvas.width / this.stage.box.width);
    this.strokes.push({ tool, radius, points: [this.#point(event)] });
    paint(this.canvas, this.strokes.slice(-1), INKS.shown);
  }

  extend(event) {
    this.strokes.at(-1).points.push(this.#point(event));
    paint(this.canvas, this.strokes.slice(-1), INKS.shown);
  }

  undo() {
    this.strokes.pop();
    this.#redraw();
  }

  clear() {
    this.strokes = [];
    this.#redraw();
  }

  /** Return the strokes as a PNG: white keeps, black erases, transparent leaves as it is. */
  async trimap() {
    if (!this.strokes.length) return null;
    const sheet = document.createElement("canvas");
    Object.assign(sheet, { width: this.canvas.width, height: this.canvas.height });
    paint(sheet, this.strokes, INKS.sent);
    const blob = await new Promise((resolve) => sheet.toBlob(resolve, "image/png"));
    return new File([blob], "strokes.png", { type: "image/png" });
  }

  #redraw() {
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
    paint(this.canvas, this.strokes, INKS.shown);
  }

  #point(event) {
    const { x, y } = this.stage.locate(event);
    return [x * this.canvas.width, y * this.canvas.height];
  }
}

function paint(canvas, strokes, inks) {
  const context = canvas.getContext("2d");
  Object.assign(context, { lineCap: "round", lineJoin: "round" });
  for (const { tool, radius, points } of strokes) {
    context.strokeStyle = inks[tool];
    context.lineWidth = Math.max(1, 2 * radius);
    context.beginPath();
    context.moveTo(...points[0]);
    for (const point of points) context.lineTo(...point);
    context.stroke();
  }
}
