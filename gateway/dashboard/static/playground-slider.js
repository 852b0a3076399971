// The divider between the picture before and after, moved by pointer or keyboard.

const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -100, End: 100 };
const SHIFT_FACTOR = 10;

export class Slider {
  /**
   * @param {HTMLElement} handle has `role=slider`, 0 to 100
   * @param {HTMLElement} before on the left of it
   * @param {HTMLElement} after on the right of it
   * @param {import("./playground-stage.js").Stage} stage
   */
  constructor(handle, before, after, stage) {
    Object.assign(this, { handle, before, after, stage, percent: 50 });
    handle.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Move the divider below a pointer. */
  moveTo(event) {
    const { left, right } = this.#visible();
    const x = event.clientX - this.stage.viewport.getBoundingClientRect().left;
    this.set(((x - left) / (right - left)) * 100);
  }

  set(percent) {
    this.percent = Math.round(Math.min(100, Math.max(0, percent)) * 10) / 10;
    this.draw();
  }

  /** Place the divider, and show of each picture its side. */
  draw() {
    const { left, right, top, bottom } = this.#visible();
    const x = left + ((right - left) * this.percent) / 100;
    const { box } = this.stage;
    const inside = Math.min(Math.max(x - box.left, 0), box.width);
    this.before.style.clipPath = `inset(0 ${box.width - inside}px 0 0)`;
    this.after.style.clipPath = `inset(0 0 0 ${inside}px)`;
    Object.assign(this.handle.style, { left: `${x}px`, top: `${top}px`, height: `${bottom - top}px` });
    this.handle.setAttribute("aria-valuenow", Math.round(this.percent));
    this.handle.setAttribute("aria-valuetext", `${Math.round(this.percent)} % of the original`);
  }

  #visible() {
    const { box, viewport } = this.stage;
    return {
      left: Math.max(0, box.left),
      right: Math.min(viewport.clientWidth, box.left + box.width),
      top: Math.max(0, box.top),
      bottom: Math.min(viewport.clientHeight, box.top + box.height),
    };
  }

  #key(event) {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.set(this.percent + step * (event.shiftKey ? SHIFT_FACTOR : 1));
  }
}
