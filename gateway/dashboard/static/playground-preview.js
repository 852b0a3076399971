// The picture before and after, on the stage, and the link that downloads the result.

const REVEAL_MS = 700;

export class Preview {
  /**
   * @param {object} parts
   * @param {HTMLElement} parts.root has the classes `no-image`, `busy`, `editing`, `has-result`
   * @param {(name: string) => HTMLElement} parts.part
   * @param {import("./playground-stage.js").Stage} parts.stage
   * @param {import("./playground-slider.js").Slider} parts.slider
   */
  constructor({ root, part, stage, slider }) {
    Object.assign(this, { root, stage, slider });
    this.viewport = part("viewport");
    this.before = part("before");
    this.after = part("after");
    this.download = part("download");
    this.original = { width: 0, height: 0 };
    this.result = null;
  }

  /** Show a new image before anything is known of its result; return its size, as far as known. */
  async start(file) {
    this.result = null;
    this.#mark({ "has-result": false, "no-before": false });
    URL.revokeObjectURL(this.download.href); // of the image before this one
    this.download.removeAttribute("href");
    this.download.setAttribute("aria-disabled", "true");
    replaceUrl(this.before, "src", file);
    try {
      await this.before.decode();
      this.original = { width: this.before.naturalWidth, height: this.before.naturalHeight };
    } catch {
      // The browser may not know the format: HEIC, TIFF.
      this.#mark({ "no-before": true });
      this.original = { width: 1024, height: 1024 };
    }
    this.viewport.classList.remove("no-image");
    this.root.classList.remove("no-image");
    this.stage.setSize(this.original.width, this.original.height);
    this.slider.set(100);
    return this.original;
  }

  /** Show that a request runs, or has ended. */
  wait(busy) {
    this.#mark({ busy });
    this.viewport.setAttribute("aria-busy", String(busy));
  }

  /** Show that there is no result: what nobody can show makes room for another image. */
  fail() {
    this.wait(false);
    const nothing = !this.result && this.root.classList.contains("no-before");
    if (!nothing) return;
    this.viewport.classList.add("no-image");
    this.#mark({ "no-image": true });
  }

  /**
   * Show a result.
   *
   * @param {import("./playground-request.js").Outcome} outcome
   * @param {boolean} arranged its pixels are not where the original's are
   * @returns {Promise<boolean>} false if it is no picture
   */
  async show(outcome, arranged) {
    replaceUrl(this.download, "href", outcome.blob);
    Object.assign(this.download, { download: outcome.name });
    this.download.removeAttribute("aria-disabled");
    const isPicture = outcome.blob.type.startsWith("image/");
    if (isPicture) await this.#place(outcome, arranged);
    this.wait(false);
    return isPicture;
  }

  /** Show the whole original under the result, to paint on, or both beside the divider. */
  edit(editing) {
    this.#mark({ editing });
    this.#resize();
  }

  async #place(outcome, arranged) {
    replaceUrl(this.after, "src", outcome.blob);
    await this.after.decode();
    const first = !this.result;
    this.result = { width: outcome.width, height: outcome.height, arranged };
    this.#mark({ "has-result": true, arranged });
    if (this.root.classList.contains("no-before") && !arranged) this.original = this.result;
    this.#resize();
    if (first) this.#reveal();
  }

  #resize() {
    const moved = this.result?.arranged && !this.root.classList.contains("editing");
    const { width, height } = moved ? this.result : this.original;
    if (width) this.stage.setSize(width, height);
  }

  #reveal() {
    this.#mark({ revealing: true });
    this.slider.set(this.root.classList.contains("no-before") ? 0 : 50);
    setTimeout(() => this.#mark({ revealing: false }), REVEAL_MS);
  }

  #mark(classes) {
    for (const [name, on] of Object.entries(classes)) this.root.classList.toggle(name, on);
  }
}

function replaceUrl(element, attribute, blob) {
  if (element[attribute].startsWith("blob:")) URL.revokeObjectURL(element[attribute]);
  element[attribute] = URL.createObjectURL(blob);
}
