// The picture on its checkerboard: fitted or zoomed, and moved.

const MAX_ZOOM = 32;
const STEP = 1.5;
const PAN_STEP = 40;
const PIXELS_VISIBLE_FROM = 3;

/**
 * Lays a frame of the picture's size out in the viewport.
 *
 * Attributes:
 *   zoom: CSS pixels for each pixel of the picture; 0 fits it into the viewport.
 *   box: {left, top, width, height} of the frame, in CSS pixels of the viewport.
 */
export class Stage {
  /**
   * @param {HTMLElement} viewport
   * @param {HTMLElement} frame inside it
   * @param {() => void} moved called after each change of the layout
   */
  constructor(viewport, frame, moved) {
    Object.assign(this, { viewport, frame, moved, zoom: 0, x: 0, y: 0, width: 0, height: 0 });
    this.box = { left: 0, top: 0, width: 0, height: 0 };
    new ResizeObserver(() => this.layout()).observe(viewport);
    viewport.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    viewport.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Set the size of the picture in its own pixels; another shape is fitted anew. */
  setSize(width, height) {
    const reshaped = Math.abs(width * this.height - height * this.width) > this.width + this.height;
    if (this.zoom && !reshaped) this.zoom *= this.width / width;
    Object.assign(this, { width, height });
    if (reshaped) this.fit();
    else this.layout();
  }

  /** Return CSS pixels for each pixel of the picture. */
  get scale() {
    return this.zoom || this.#fitted();
  }

  fit() {
    Object.assign(this, { zoom: 0, x: 0, y: 0 });
    this.layout();
  }

  /** Zoom by a factor, so that a point of the viewport stays where it is; default: its centre. */
  zoomBy(factor, point = this.#centre()) {
    const before = this.scale;
    const zoom = Math.min(MAX_ZOOM, Math.max(before * factor, Math.min(this.#fitted(), 1)));
    const ratio = zoom / before;
    const centre = this.#centre();
    this.x = (point.x - centre.x) * (1 - ratio) + this.x * ratio;
    this.y = (point.y - centre.y) * (1 - ratio) + this.y * ratio;
    this.zoom = zoom <= this.#fitted() * 1.001 ? 0 : zoom;
    this.layout();
  }

  zoomIn() {
    this.zoomBy(STEP);
  }

  zoomOut() {
    this.zoomBy(1 / STEP);
  }

  /** Show one pixel of the picture as one CSS pixel. */
  actualSize() {
    this.zoomBy(1 / this.scale);
  }

  panBy(x, y) {
    this.x += x;
    this.y += y;
    this.layout();
  }

  /** Return where a pointer is on the picture, as shares of its sides. */
  locate(event) {
    const at = this.viewport.getBoundingClientRect();
    return {
      x: (event.clientX - at.left - this.box.left) / this.box.width,
      y: (event.clientY - at.top - this.box.top) / this.box.height,
    };
  }

  layout() {
    const { clientWidth, clientHeight } = this.viewport;
    const width = this.width * this.scale;
    const height = this.height * this.scale;
    const room = { x: Math.max(0, (width - clientWidth) / 2), y: Math.max(0, (height - clientHeight) / 2) };
    this.x = Math.min(room.x, Math.max(-room.x, this.x));
    this.y = Math.min(room.y, Math.max(-room.y, this.y));
    this.box = {
      left: (clientWidth - width) / 2 + this.x,
      top: (clientHeight - height) / 2 + this.y,
      width,
      height,
    };
    for (const [side, value] of Object.entries(this.box)) this.frame.style[side] = `${value}px`;
    this.frame.classList.toggle("pixels", this.scale >= PIXELS_VISIBLE_FROM);
    this.viewport.classList.toggle("zoomed", room.x + room.y > 0);
    this.moved();
  }

  #fitted() {
    const { clientWidth, clientHeight } = this.viewport;
    return Math.min(1, clientWidth / (this.width || 1), clientHeight / (this.height || 1)) || 1;
  }

  #centre() {
    return { x: this.viewport.clientWidth / 2, y: this.viewport.clientHeight / 2 };
  }

  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    const at = this.viewport.getBoundingClientRect();
    this.zoomBy(2 ** (-event.deltaY / 200), { x: event.clientX - at.left, y: event.clientY - at.top });
  }

  #key(event) {
    if (event.target !== this.viewport || event.ctrlKey || event.metaKey) return;
    const actions = {
      "+": () => this.zoomIn(),
      "=": () => this.zoomIn(),
      "-": () => this.zoomOut(),
      0: () => this.fit(),
      1: () => this.actualSize(),
      ArrowLeft: () => this.panBy(PAN_STEP, 0),
      ArrowRight: () => this.panBy(-PAN_STEP, 0),
      ArrowUp: () => this.panBy(0, PAN_STEP),
      ArrowDown: () => this.panBy(0, -PAN_STEP),
    };
    if (!(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  }
}

/** Call `move` while a pointer is dragged from where it was pressed, and `end` when it is let go. */
export function drag(element, event, move, end = () => {}) {
  element.setPointerCapture(event.pointerId);
  const moving = (next) => move(next);
  const ending = () => {
    element.removeEventListener("pointermove", moving);
    element.removeEventListener("pointerup", ending);
    element.removeEventListener("pointercancel", ending);
    end();
  };
  element.addEventListener("pointermove", moving);
  element.addEventListener("pointerup", ending);
  element.addEventListener("pointercancel", ending);
}
