// How far a request is: what is known while it runs, and how long each stage took.

const SERVER_STAGES = ["decode", "queue", "infer", "compose", "encode"];

export class Progress {
  /**
   * @param {object} parts
   * @param {HTMLElement} parts.list items with `data-stage`, each with a `.time`
   * @param {HTMLProgressElement} parts.bar
   * @param {HTMLElement} parts.status read out by screen readers
   */
  constructor({ list, bar, status }) {
    Object.assign(this, { bar, status });
    this.items = new Map([...list.children].map((item) => [item.dataset.stage, item]));
  }

  /** Show a request that has begun. */
  start() {
    for (const item of this.items.values()) set(item, "waiting", "");
    this.bar.hidden = false;
    this.#say("Uploading …");
    this.#count();
  }

  /** @param {"upload" | "work" | "download"} stage @param {number} share 0 to 1 */
  advance(stage, share) {
    if (stage === "work") {
      this.#finish("upload");
      for (const name of SERVER_STAGES) set(this.items.get(name), "active", "");
      this.bar.removeAttribute("value"); // unknown until the answer begins
      this.#say("Removing the background …");
      return;
    }
    if (stage === "download") for (const name of SERVER_STAGES) this.#finish(name);
    set(this.items.get(stage), "active", `${Math.round(share * 100)} %`);
    this.bar.value = share * 100;
  }

  /** Show the durations of a finished request. @param {import("./playground-request.js").Outcome} outcome */
  finish({ timesMs, totalMs }, summary) {
    for (const [stage, item] of this.items) {
      set(item, "done", stage in timesMs ? duration(timesMs[stage]) : "–");
      item.style.setProperty("--share", String((timesMs[stage] ?? 0) / totalMs));
    }
    this.bar.hidden = true;
    clearInterval(this.clock);
    this.#say(`Done in ${duration(totalMs)}. ${summary}`);
  }

  fail() {
    for (const item of this.items.values()) set(item, "waiting", "");
    this.bar.hidden = true;
    clearInterval(this.clock);
    this.#say("");
  }

  /** Show how long it takes so far; the service does not tell at which of its stages it is. */
  #count() {
    const since = performance.now();
    const time = this.items.get("infer").querySelector(".time");
    clearInterval(this.clock);
    this.clock = setInterval(() => {
      const seconds = Math.round((performance.now() - since) / 1000);
      if (seconds && time.parentElement.dataset.state === "active") time.textContent = `${seconds} s …`;
    }, 250);
  }

  #finish(stage) {
    set(this.items.get(stage), "done", "");
  }

  #say(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }
}

function set(item, state, text) {
  item.dataset.state = state;
  item.querySelector(".time").textContent = text;
  item.style.removeProperty("--share");
}

/** Return milliseconds as people read them. */
function duration(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Return bytes as people read them. */
export function fileSize(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
