// The region of interest, drawn as a rectangle on the picture.

const SMALLEST = 0.01; // share of a side: less was a click, which clears the region

export class Region {
  /**
   * @param {HTMLElement} outline inside the picture's frame
   * @param {import("./playground-stage.js").Stage} stage
   * @param {(text: string) => void} drawn receives the option's value; empty: the whole picture
   */
  constructor(outline, stage, drawn) {
    Object.assign(this, { outline, stage, drawn, corners: [] });
  }

  begin(event) {
    this.start = this.#inside(event);
    this.extend(event);
  }

  extend(event) {
    const end = this.#inside(event);
    const sides = (axis) => [this.start[axis], end[axis]].sort((a, b) => a - b);
    const [[left, right], [top, bottom]] = [sides("x"), sides("y")];
    this.corners = [left, top, right, bottom];
    this.#draw();
  }

  finish() {
    const [left, top, right, bottom] = this.corners;
    const empty = right - left < SMALLEST || bottom - top < SMALLEST;
    this.drawn(empty ? "" : this.corners.map((share) => `${(share * 100).toFixed(1)}%`).join(" "));
  }

  /** Show the region of an option's value; the service judges what this cannot read. */
  follow(text) {
    const percents = text.match(/^\s*([\d.]+)%[ ,]+([\d.]+)%[ ,]+([\d.]+)%[ ,]+([\d.]+)%\s*$/);
    this.corners = percents ? percents.slice(1).map((percent) => Number(percent) / 100) : [];
    this.#draw();
  }

  #inside(event) {
    const { x, y } = this.stage.locate(event);
    return { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
  }

  #draw() {
    const [left, top, right, bottom] = this.corners;
    this.outline.hidden = !this.corners.length;
    if (this.outline.hidden) return;
    const percent = (share) => `${share * 100}%`;
    Object.assign(this.outline.style, { left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top) });
  }
}
