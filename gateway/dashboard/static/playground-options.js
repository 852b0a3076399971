// The options form: what differs from the defaults, and controls that write into text fields.
//
// Controls have the API's names, so that the form is all there is to know of an option. Names that
// begin with `_` are the page's own and are never sent.
//   data-fills="smooth" data-unit="px"   a slider, list or colour that writes the field `smooth`
//   data-needs="crop"                    disabled unless the checkbox is set
//   data-needs="_background=color"       disabled and hidden unless the radio button has this value

const CUSTOM = "custom";

export class Options {
  /**
   * @param {HTMLFormElement} form
   * @param {() => void} changed called after each change that a person made
   */
  constructor(form, changed) {
    this.form = form;
    this.fillers = [...form.querySelectorAll("[data-fills]")];
    form.addEventListener("input", (event) => this.#edited(event.target, changed));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => (this.refresh(), changed())));
    this.refresh();
  }

  /** Return the changed options as [name, text or File], in the form's order. */
  changed() {
    return [...this.form.elements].filter(isChanged).map((control) => [control.name, valueOf(control)]);
  }

  /** Set a text field as if it had been typed. */
  set(name, text) {
    const field = this.form.elements[name];
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Show an error beside the control that it is about; none if `name` is no control. */
  blame(name, message) {
    for (const note of this.form.querySelectorAll(".field-error")) note.remove();
    for (const each of this.form.querySelectorAll("[aria-invalid]")) {
      each.removeAttribute("aria-invalid");
      each.removeAttribute("aria-describedby");
    }
    const found = name ? this.form.elements[name] : null;
    const control = found instanceof RadioNodeList ? found[0] : found;
    if (!control) return;
    control.closest("details").open = true;
    const note = Object.assign(document.createElement("p"), { className: "field-error", textContent: message });
    note.id = `error-${name}`;
    control.closest(".field").append(note);
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", note.id);
  }

  /** Bring sliders, lists and what depends on others in line with the fields. */
  refresh() {
    this.fillers.forEach((filler) => follow(filler, this.form.elements[filler.dataset.fills]));
    for (const dependent of this.form.querySelectorAll("[data-needs]")) {
      const [name, value] = dependent.dataset.needs.split("=");
      const needed = this.form.elements[name];
      dependent.disabled = value === undefined ? !needed.checked : needed.value !== value;
      if (value !== undefined) dependent.hidden = dependent.disabled;
    }
  }

  #edited(control, changed) {
    if (control.dataset.fills) fill(control, this.form.elements[control.dataset.fills]);
    if (control.name === "_background") this.#startColour(control.value);
    this.refresh();
    changed();
  }

  /** Begin with the colour that the colour field shows, so that the choice is seen at once. */
  #startColour(background) {
    const { bg_color: field } = this.form.elements;
    if (background === "color") field.value ||= this.form.querySelector("[data-fills=bg_color]").value;
  }
}

function isChanged(control) {
  if (!control.name || control.name.startsWith("_") || control.matches(":disabled")) return false;
  if (control.type === "file") return control.files.length > 0;
  if (control.type === "radio") return control.checked && !control.defaultChecked;
  if (control.type === "checkbox") return control.checked !== control.defaultChecked;
  if (control.tagName === "SELECT") return !control.selectedOptions[0]?.defaultSelected;
  return control.value.trim() !== control.defaultValue;
}

function valueOf(control) {
  if (control.type === "file") return control.files[0];
  return control.type === "checkbox" ? String(control.checked) : control.value.trim();
}

function fill(filler, field) {
  const { value } = filler;
  if (filler.tagName === "SELECT") {
    if (value === CUSTOM) {
      field.hidden = false;
      field.focus();
      return;
    }
    field.value = value;
  } else if (filler.type === "range") {
    const unset = filler.dataset.unset ?? filler.defaultValue;
    field.value = value === unset ? field.defaultValue : value + (filler.dataset.unit ?? "");
  } else {
    field.value = value;
  }
}

function follow(filler, field) {
  if (filler.tagName === "SELECT") {
    const known = [...filler.options].some((option) => option.value === field.value && option.value !== CUSTOM);
    const typing = document.activeElement === field;
    if (known && !typing) filler.value = field.value;
    else filler.value = CUSTOM;
    field.hidden = filler.value !== CUSTOM;
  } else if (filler.type === "range") {
    const number = field.value.match(/^\s*([+-]?[\d.]+)\s*(px|%)?\s*$/);
    const unit = filler.dataset.unit ?? "";
    const unset = field.value.trim() === field.defaultValue || !number || (number[2] && number[2] !== unit);
    filler.value = unset ? (filler.dataset.unset ?? filler.defaultValue) : number[1];
  } else if (/^#[0-9a-f]{6}$/i.test(field.value)) {
    filler.value = field.value;
  }
}
