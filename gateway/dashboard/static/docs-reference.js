// Draws the API's reference from /openapi.json.

const root = document.getElementById("reference");
const dark = matchMedia("(prefers-color-scheme: dark)");

// Swagger UI's own dark colours; the rest is docs-reference.css.
function follow() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

dark.addEventListener("change", follow);
follow();
window.SwaggerUIBundle({
  url: root.dataset.url,
  domNode: root,
  deepLinking: false, // its links would be inside of buttons
  layout: "BaseLayout",
  presets: [window.SwaggerUIBundle.presets.apis],
});

// Its menus have no names, which screen readers need.
new MutationObserver(() => {
  for (const menu of root.querySelectorAll("select:not([aria-label], [id])")) menu.setAttribute("aria-label", "Choice");
}).observe(root, { childList: true, subtree: true });
