// The same example in several languages: one at a time, on the whole page the one chosen last.

class Tabs {
  /** @param {HTMLElement} group @param {number} number of the group on the page */
  constructor(group, number) {
    this.group = group;
    this.panels = [...group.querySelectorAll(".code")];
    this.list = document.createElement("div");
    this.list.className = "tabs";
    this.list.setAttribute("role", "tablist");
    this.list.setAttribute("aria-label", "Language");
    this.tabs = this.panels.map((panel, at) => this.#tab(panel, `tab-${number}-${at}`));
    this.list.append(...this.tabs);
    this.list.addEventListener("keydown", (event) => this.#key(event));
    group.classList.add("tabbed");
    group.prepend(this.list);
    this.show(this.tabs[0].textContent);
  }

  #tab(panel, id) {
    const tab = document.createElement("button");
    Object.assign(tab, { type: "button", id, textContent: panel.querySelector(".code-head span").textContent });
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", `${id}-panel`);
    tab.addEventListener("click", () => choose(tab));
    panel.id = `${id}-panel`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", id);
    return tab;
  }

  /** Show a language, if the group has it. @param {string} name */
  show(name) {
    if (!this.tabs.some((tab) => tab.textContent === name)) return;
    this.tabs.forEach((tab, at) => {
      const selected = tab.textContent === name;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
      this.panels[at].hidden = !selected;
    });
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const next = this.tabs.at((this.tabs.indexOf(event.target) + step) % this.tabs.length);
    choose(next);
    next.focus();
  }
}

const groups = [...document.querySelectorAll(".alternatives")].map((group, at) => new Tabs(group, at));

function choose(tab) {
  const before = tab.getBoundingClientRect().top;
  for (const group of groups) group.show(tab.textContent);
  // Groups above may have become higher or lower: the reader's place stays.
  scrollBy({ top: tab.getBoundingClientRect().top - before, behavior: "instant" });
}
