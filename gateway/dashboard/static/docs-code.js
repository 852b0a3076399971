// Code blocks: a button that copies, and the reader's key in place of YOUR_API_KEY.

const NO_KEY = "YOUR_API_KEY";

// The key stays here: it is put into the text of the page, and nowhere else.
const field = document.querySelector(".key-field");
const places = document.querySelectorAll(".api-key");

function fill(key) {
  for (const place of places) {
    place.textContent = key || NO_KEY;
    place.classList.toggle("filled", Boolean(key));
  }
}

if (field) {
  const input = field.querySelector("input");
  field.hidden = false;
  field.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", () => fill(input.value.trim()));
  fill(input.value.trim()); // browsers restore what was typed when they go back
}

async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent.trimEnd());
    button.textContent = "Copied";
  } catch {
    // Pages without TLS may not write to the clipboard: select the text instead.
    getSelection().selectAllChildren(code);
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

for (const block of document.querySelectorAll(".code")) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
  button.className = "button quiet small";
  button.addEventListener("click", () => copy(block.querySelector("code"), button));
  block.querySelector(".code-head").append(button);
}
