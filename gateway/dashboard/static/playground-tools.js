// What a pointer on the picture does: compare and move, paint strokes, or draw the region.

import { drag } from "./playground-stage.js";

const EDITING = ["keep", "erase", "region"];

export class Tools {
  /**
   * @param {object} parts
   * @param {HTMLElement} parts.viewport
   * @param {Iterable<HTMLInputElement>} parts.choices radio buttons with the names of the tools
   * @param {HTMLInputElement} parts.size diameter of the brush, in CSS pixels
   * @param {import("./playground-stage.js").Stage} parts.stage
   * @param {import("./playground-slider.js").Slider} parts.slider
   * @param {import("./playground-brush.js").Brush} parts.brush
   * @param {import("./playground-region.js").Region} parts.region
   * @param {() => void} toolChanged
   * @param {() => void} painted called after each stroke
   */
  constructor(parts, toolChanged, painted) {
    Object.assign(this, parts, { painted, tool: "compare" });
    for (const choice of this.choices) {
      choice.addEventListener("change", () => {
        this.tool = choice.value;
        this.viewport.dataset.tool = this.tool;
        toolChanged();
      });
    }
    this.viewport.addEventListener("pointerdown", (event) => this.#press(event));
    this.viewport.addEventListener("dblclick", () => this.tool === "compare" && this.#toggleZoom());
  }

  /** Whether the whole picture must be shown, as it was sent. */
  get isEditing() {
    return EDITING.includes(this.tool);
  }

  /** Choose a tool as if it had been clicked. */
  choose(tool) {
    [...this.choices].find((choice) => choice.value === tool).click();
  }

  #press(event) {
    if (this.viewport.classList.contains("no-image") || event.button > 1) return;
    if (event.button === 1 || !this.isEditing) return this.#compare(event);
    event.preventDefault();
    if (this.tool === "region") {
      this.region.begin(event);
      drag(this.viewport, event, (next) => this.region.extend(next), () => this.region.finish());
      return;
    }
    this.brush.begin(this.tool, Number(this.size.value), event);
    drag(this.viewport, event, (next) => this.brush.extend(next), this.painted);
  }

  #compare(event) {
    const onHandle = this.slider.handle.contains(event.target);
    const zoomed = this.viewport.classList.contains("zoomed");
    if (event.button === 1 || (zoomed && !onHandle)) {
      drag(this.viewport, event, (next) => this.stage.panBy(next.movementX, next.movementY));
      return;
    }
    this.slider.handle.focus({ preventScroll: true });
    event.preventDefault(); // keeps the focus there
    this.slider.moveTo(event);
    drag(this.viewport, event, (next) => this.slider.moveTo(next));
  }

  #toggleZoom() {
    if (this.stage.zoom) this.stage.fit();
    else this.stage.actualSize();
  }
}
