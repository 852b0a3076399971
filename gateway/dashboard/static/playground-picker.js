// Where an image comes from: dropped, pasted, chosen, or the sample.

/**
 * @param {object} parts
 * @param {HTMLInputElement} parts.input the file field
 * @param {Iterable<HTMLButtonElement>} parts.choosers open the file dialog
 * @param {Iterable<HTMLButtonElement>} parts.samples carry `data-url` and `data-name`
 * @param {HTMLElement} parts.target takes drops; has the class `dragging` meanwhile
 * @param {(file: File) => void} picked
 * @param {(message: string) => void} failed
 */
export function listen({ input, choosers, samples, target }, picked, failed) {
  input.addEventListener("change", () => {
    if (input.files[0]) picked(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
  for (const button of choosers) button.addEventListener("click", () => input.click());
  for (const button of samples) {
    button.addEventListener("click", () => fetchSample(button.dataset).then(picked, () => failed("The sample picture cannot be loaded. Choose one of your own.")));
  }
  document.addEventListener("paste", (event) => {
    const file = firstImage(event.clipboardData.files);
    if (file) picked(file);
  });
  listenForDrops(target, picked, failed);
}

function listenForDrops(target, picked, failed) {
  const mark = (dragging) => target.classList.toggle("dragging", dragging);
  // On the whole page: a file dropped beside the target would replace the page.
  document.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || mark(false));
  document.addEventListener("drop", (event) => {
    if (event.target.closest?.("input[type=file]")) return mark(false); // a backdrop, say
    event.preventDefault();
    mark(false);
    const file = firstImage(event.dataTransfer.files) ?? event.dataTransfer.files[0];
    if (file) picked(file);
    else failed("That was no file. Drop an image file, or choose one.");
  });
}

async function fetchSample({ url, name }) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(response.statusText);
  return new File([await response.blob()], name, { type: "image/jpeg" });
}

function firstImage(files) {
  return [...files].find((file) => file.type.startsWith("image/"));
}
