// The guide's pages work without scripts; these add what needs one.

import "./docs-code.js";
import "./docs-search.js";
import "./docs-tabs.js";

// The outline shows where the reader is.
const links = new Map(
  [...document.querySelectorAll(".outline a")].map((link) => [decodeURIComponent(link.hash.slice(1)), link]),
);
const watch = new IntersectionObserver(
  (entries) => {
    const entry = entries.find((each) => each.isIntersecting);
    if (!entry) return;
    for (const link of links.values()) link.removeAttribute("aria-current");
    links.get(entry.target.id).setAttribute("aria-current", "location");
  },
  { rootMargin: "-10% 0px -70% 0px" },
);
for (const id of links.keys()) watch.observe(document.getElementById(id));
