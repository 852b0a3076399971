// Results while somebody types, from an index that is fetched once. Without scripts the form leads
// to the same results; gateway/docs/search.py ranks them in the same way.

const IN_HEADING = 8, IN_TITLE = 4, IN_TEXT = 1;
const MOST = 12, BEFORE = 60, AFTER = 100;

const form = document.querySelector(".search");
const input = form.querySelector("input");
const list = Object.assign(document.createElement("ul"), { id: "found", className: "found", hidden: true });
let index;

function score(section, words) {
  const places = [[IN_HEADING, section.heading], [IN_TITLE, section.title], [IN_TEXT, section.text]];
  const scores = words.map((word) =>
    places.reduce((sum, [points, text]) => sum + (text.toLowerCase().includes(word) ? points : 0), 0),
  );
  return scores.every(Boolean) ? scores.reduce((sum, each) => sum + each, 0) : 0;
}

function search(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const scored = index.map((section) => ({ section, points: words.length && score(section, words) }));
  const found = scored.filter(({ points }) => points).sort((a, b) => b.points - a.points);
  return found.slice(0, MOST).map(({ section }) => option(section, words));
}

function excerpt(text, words) {
  const places = words.map((word) => text.toLowerCase().indexOf(word)).filter((at) => at >= 0);
  const start = Math.max(0, Math.min(...places, text.length) - BEFORE);
  const end = start + BEFORE + AFTER;
  const cut = (start ? "…" : "") + text.slice(start, end) + (end < text.length ? "…" : "");
  const any = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return cut.split(new RegExp(`(${any})`, "i")).map((piece, at) => (at % 2 ? element("mark", piece) : piece));
}

function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

function option(section, words) {
  const page = section.heading === section.title ? [] : [element("small", section.title)];
  const made = element("li", element("strong", section.heading), ...page, element("p", ...excerpt(section.text, words)));
  made.setAttribute("role", "option");
  made.dataset.path = section.path;
  return made;
}

function draw() {
  const options = input.value.trim() && index ? search(input.value) : [];
  const none = Object.assign(element("li", "Nothing has all these words."), { className: "nothing" });
  none.setAttribute("role", "presentation");
  list.replaceChildren(...(options.length ? options : [none]));
  options.forEach((each, at) => (each.id = `found-${at}`));
  list.hidden = !input.value.trim() || !index;
  input.setAttribute("aria-expanded", String(!list.hidden));
  select(options[0]);
}

function select(chosen) {
  for (const each of list.querySelectorAll("[role=option]")) each.setAttribute("aria-selected", String(each === chosen));
  if (chosen) input.setAttribute("aria-activedescendant", chosen.id);
  else input.removeAttribute("aria-activedescendant");
  chosen?.scrollIntoView({ block: "nearest" });
}

function close() {
  list.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function open(chosen) {
  close();
  location.assign(chosen.dataset.path);
}

async function load() {
  try {
    index ??= await (await fetch(form.dataset.index)).json();
  } catch {
    return; // the form still works
  }
  if (document.activeElement === input && input.value) draw();
}

input.setAttribute("role", "combobox");
input.setAttribute("aria-controls", list.id);
input.setAttribute("aria-expanded", "false");
input.setAttribute("aria-autocomplete", "list");
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Results");
form.append(list);

input.addEventListener("focus", load);
input.addEventListener("input", draw);
input.addEventListener("keydown", (event) => {
  const options = [...list.querySelectorAll("[role=option]")];
  const at = options.findIndex((each) => each.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") close();
  if (list.hidden || !options.length) return;
  if (step) {
    event.preventDefault();
    select(options.at((at + step) % options.length));
  } else if (event.key === "Enter" && at >= 0) {
    event.preventDefault();
    open(options[at]);
  }
});
list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
list.addEventListener("click", (event) => {
  const chosen = event.target.closest("[role=option]");
  if (chosen) open(chosen);
});
input.addEventListener("blur", close);

// "/" goes to the search, unless somebody types it.
document.addEventListener("keydown", (event) => {
  const types = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || types || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  input.focus();
  input.select();
});
