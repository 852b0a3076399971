// The panel with the call of what was just done: tabs, a field for the key, a copy button.

import { curl, node, python } from "./playground-examples.js";

const LANGUAGES = { curl, python, node };

export class CodePanel {
  /** @param {HTMLElement} root @param {string} url of the API's call */
  constructor(root, url) {
    Object.assign(this, { url, fields: [], output: "cutout.png" });
    this.code = root.querySelector("code");
    this.key = root.querySelector("input[name=_key]");
    this.tabs = [...root.querySelectorAll("[role=tab]")];
    this.copied = root.querySelector("[data-copy]");
    for (const tab of this.tabs) {
      tab.addEventListener("click", () => this.#choose(tab));
      tab.addEventListener("keydown", (event) => this.#key(event));
    }
    this.key.addEventListener("input", () => this.draw());
    this.copied.addEventListener("click", () => this.#copy());
    this.draw();
  }

  /** Show a call. @param {[string, string | File][]} fields @param {string} output file name */
  show(fields, output) {
    Object.assign(this, { fields, output });
    this.draw();
  }

  draw() {
    const language = this.tabs.find((tab) => tab.ariaSelected === "true").dataset.language;
    const fields = this.fields.length ? this.fields : [["image", new File([], "photo.jpg")]];
    const { url, output } = this;
    this.code.textContent = LANGUAGES[language]({ url, key: this.key.value.trim(), fields, output });
  }

  #choose(chosen) {
    for (const tab of this.tabs) {
      tab.ariaSelected = String(tab === chosen);
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
    this.code.closest("[role=tabpanel]").setAttribute("aria-labelledby", chosen.id);
    this.draw();
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const next = this.tabs.at((this.tabs.indexOf(event.target) + step) % this.tabs.length);
    this.#choose(next);
    next.focus();
  }

  async #copy() {
    const label = this.copied.textContent;
    try {
      await navigator.clipboard.writeText(this.code.textContent);
      this.copied.textContent = "Copied";
    } catch {
      // Pages without TLS may not write to the clipboard: select the text instead.
      getSelection().selectAllChildren(this.code);
      this.copied.textContent = "Press Ctrl+C";
    }
    setTimeout(() => (this.copied.textContent = label), 2000);
  }
}
