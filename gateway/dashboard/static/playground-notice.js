// What went wrong, and what to do about it.

const RETRY = "Try again";

export class Notice {
  /**
   * @param {HTMLElement} root with a text, a button and a link
   * @param {() => void} retry
   */
  constructor(root, retry) {
    this.root = root;
    this.text = root.querySelector("[data-text]");
    this.button = root.querySelector("button");
    this.link = root.querySelector("a");
    this.button.textContent = RETRY;
    this.button.addEventListener("click", retry);
  }

  show(message, { canRetry = false, mustSignIn = false } = {}) {
    this.text.textContent = message;
    this.button.hidden = !canRetry;
    this.link.hidden = !mustSignIn;
    this.root.hidden = false;
  }

  /** @param {import("./playground-request.js").Problem} problem */
  problem({ title, message, status, retryAfterS }) {
    if (status === 401) {
      return this.show("You are signed out. Sign in, then choose the image again.", { mustSignIn: true });
    }
    const wait = retryAfterS > 1 ? ` Try again in ${retryAfterS} seconds.` : "";
    const canRetry = !status || status === 429 || status >= 500;
    this.show(message.startsWith(title) ? message + wait : `${title}: ${message}${wait}`, { canRetry });
  }

  hide() {
    this.root.hidden = true;
  }
}
