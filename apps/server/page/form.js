// The form: filled from the model, from a picture's settings and from what it held before a reload.

const SAVED = "latentdial.form";
const LONGEST = 3;  // Of a picture's side by the other; of a longer start image the middle is taken.
const SIDE = 8;  // Sides are multiples of it.
const SIDES = ["extend_left", "extend_right", "extend_top", "extend_bottom"];
const NUMBERS = ["steps", "guidance_scale", "width", "height", "strength", "upscale_by", "blur_sigma", ...SIDES];
const OF_START_IMAGE = ["strength", "invert", "restore", ...SIDES];
const NOT_OF_EXTENDED = ["strength", "invert", "width", "height"];  // What is new is drawn whole, at a size that follows from it.
const NOT_OF_RESTORED = ["style", "method", "invert", "width", "height", ...SIDES];  // It is the same picture, at its own size or a multiple of it.
const OF_RESTORATION = { upscale_by: "upscale", blur_sigma: "deblur" };
const RESTORED_STRENGTH = 0.5;  // As the program's commands have it.
const OF_PART = ["only_masked", "mask_fill"];
// Files on the server and the other end of an interpolation: a picture's settings name them but do not hold them.
const NOT_HELD = ["image", "style_mask", "mask", "blur_kernel", "dial", "to_prompt", "to_image", "to_seed", "theta"];

export class Form {
  #taken = null;  // The size that a start image's shape gave.
  extras = {};  // Settings of a picture that have no field here, kept so that it can be made again.

  constructor(element, model, changed) {
    this.element = element;
    this.fields = element.elements;
    this.model = model;
    this.changed = changed;
    this.defaults = Object.fromEntries(model.settings.map((setting) => [setting.name, setting.default]));
    this.#offerChoices();
    this.#describeFields();
    this.#write({ ...this.defaults, ...model.example });
    this.#restore();
    this.fields.restore.addEventListener("change", () => this.#takeStrength());
    element.addEventListener("input", () => this.#keep());
  }

  /** The settings as the API takes them; those of a start image, or of a part of it, only when there is one: `brings` is a StartImage's. */
  read(brings) {
    return { ...this.extras, ...this.#values((field) => this.#isAsked(brings, field)) };
  }

  /** Shows what may be asked of the start image: of all of it, or of a part. */
  showStart({ image, mask }) {
    const id = (name) => document.getElementById(name);
    const restoration = this.#restoration({ image, mask });
    id("part").hidden = id("mask_remove").hidden = !mask;
    id("invert_label").hidden = mask;
    id("mask_paint").textContent = mask ? "Change the part …" : "Redraw a part …";
    id("worse_copy").hidden = mask;
    id("enlarged").hidden = restoration !== "upscale";
    id("blurred").hidden = restoration !== "deblur";
    id("restore_note").hidden = !restoration;
    id("start").classList.toggle("extended", !restoration && this.#extends);
    id("start").classList.toggle("restored", restoration !== "");
    id("start").classList.toggle("coloured", restoration === "colorize");
    id("size_note").textContent = restoration ? "The size follows from the start image." : this.#sizeNote();
    this.fields.prompt.required = !restoration;
  }

  /** What the start image is a worse copy by; "" where it is none. A part of it is redrawn, not restored. */
  #restoration({ image, mask }) {
    return image && !mask ? this.fields.restore.value : "";
  }

  /** Of what is painted over nothing is to be left. */
  redrawInFull() {
    this.fields.strength.value = 1;
    this.#keep();
  }

  /** A restored picture stays nearer to what was given than one that is drawn anew. */
  #takeStrength() {
    this.fields.strength.value = this.fields.restore.value ? RESTORED_STRENGTH : this.defaults.strength;
    this.#keep();
  }

  /** Takes a picture's settings over; returns the names of those that could not be. */
  fill(settings) {
    const missed = [];
    this.extras = {};
    for (const [name, value] of Object.entries(settings)) {
      if (name === "position" || this.fields[name]?.name === name || this.#isDefault(name, value)) continue;
      if (NOT_HELD.includes(name)) missed.push(name);
      else this.extras[name] = value;
    }
    missed.push(...this.#write({ ...this.defaults, ...settings }));
    this.#keep();
    return missed;
  }

  /** Null when all fields hold what they may; else one line about the first that does not. */
  complaint(brings) {
    for (const field of this.#named()) {
      if (field.checkValidity() || !this.#isAsked(brings, field)) continue;
      const label = this.element.querySelector(`label[for=${field.id}]`).textContent;
      field.closest("details")?.setAttribute("open", "");
      field.focus();
      return `${label}: ${field.validationMessage}`;
    }
    return null;
  }

  /** -1 asks for any seed, as in A1111: which it was, the field then shows. */
  drawSeed() {
    if (this.fields.seed.value.trim() === "-1") this.newSeed();
  }

  /** What the server says of a method; undefined for one that it has not. */
  method(name) {
    return this.model.dial_methods.find((method) => method.name === name);
  }

  /** The size becomes that of a picture of this shape, as the program chooses it: with about as many pixels as the model's own. It is
   * not extended, as the one before may have been. */
  takeShape(width, height) {
    const shape = Math.min(LONGEST, Math.max(1 / LONGEST, width / height));
    const pixels = this.model.width * this.model.height;
    const side = (length) => SIDE * Math.max(1, Math.round(length / SIDE));
    this.#taken = [side(Math.sqrt(pixels * shape)), side(Math.sqrt(pixels / shape))];
    this.#extendNothing();
    this.#setSize(...this.#taken);
  }

  /** The size is the model's own again, where it still is the one that was taken. */
  giveShapeBack() {
    const { width, height } = this.fields;
    const still = this.#taken?.[0] === width.valueAsNumber && this.#taken[1] === height.valueAsNumber;
    this.#taken = null;
    this.#extendNothing();
    this.#setSize(still ? this.model.width : width.value, still ? this.model.height : height.value);
  }

  #extendNothing() {
    for (const side of SIDES) this.fields[side].value = 0;
  }

  get #extends() {
    return SIDES.some((side) => this.fields[side].valueAsNumber > 0);
  }

  #setSize(width, height) {
    this.fields.width.value = width;
    this.fields.height.value = height;
    this.#keep();
  }

  newSeed() {
    this.fields.seed.value = crypto.getRandomValues(new Uint32Array(1))[0];
    this.#keep();
  }

  /** Whether a field says something of what there is, and of what is to become of it. */
  #isAsked(brings, field) {
    const restoration = this.#restoration(brings);
    if (field.name in OF_RESTORATION) return OF_RESTORATION[field.name] === restoration && !(field.name === "blur_sigma" && this.extras.blur_motion);
    if (restoration) return isOf(brings, field) && !NOT_OF_RESTORED.includes(field.name) && !(restoration === "colorize" && field.name === "strength");
    return isOf(brings, field) && !(brings.image && this.#extends && NOT_OF_EXTENDED.includes(field.name));
  }

  #named() {
    return [...this.fields].filter((field) => field.name);
  }

  #values(wanted) {
    return Object.fromEntries(this.#named().filter(wanted).map((field) => [field.name, this.#value(field)]));
  }

  #value(field) {
    if (field.type === "checkbox") return field.checked;
    return NUMBERS.includes(field.name) ? Number(field.value) : field.value.trim();
  }

  #isDefault(name, value) {
    return value === "" || !(name in this.defaults) || String(value) === String(this.defaults[name]);
  }

  #offerChoices() {
    const option = (value) => new Option(value, value);
    this.fields.method.append(...this.#methodGroups());
    this.fields.sampler.append(...this.model.samplers.map(option));
    this.fields.scheduler.append(...this.model.schedulers.map(option));
    document.getElementById("styles").append(...this.model.styles.map(option));
  }

  #methodGroups() {
    const group = (label, peer) => {
      const element = document.createElement("optgroup");
      element.label = label;
      element.append(...this.model.dial_methods.filter((method) => method.peer === peer).map(({ name }) => new Option(name, name)));
      return element;
    };
    return [group("Dials", false), group("For comparison", true)];
  }

  #describeFields() {
    for (const { name, help, min, max } of this.model.settings) {
      const field = this.fields[name];
      if (field?.name !== name) continue;
      field.title = help;
      if (field.type !== "number") continue;
      field.min = ["width", "height"].includes(name) ? 8 : min;
      field.max = max;
    }
  }

  // Returns the names of choices that this model does not offer.
  #write(settings) {
    const own = { width: this.model.width, height: this.model.height, sampler: this.model.sampler, scheduler: this.model.scheduler, method: this.model.methods[0], mask_fill: "original", blur_sigma: 2 };
    const missed = [];
    for (const field of this.#named()) {
      const value = settings[field.name] || own[field.name] || settings[field.name];
      if (value === undefined || value === null) continue;
      if (field.type === "checkbox") field.checked = value;
      else if (field.type === "select-one" && ![...field.options].some((option) => option.value === value)) missed.push(field.name);
      else field.value = value;
    }
    return missed;
  }

  #restore() {
    try {
      const { extras, ...settings } = JSON.parse(localStorage.getItem(SAVED) ?? "{}");
      this.#write(settings);
      this.extras = extras ?? {};
    } catch {
      localStorage.removeItem(SAVED);
    }
    this.#present();
  }

  #keep() {
    localStorage.setItem(SAVED, JSON.stringify({ ...this.#values(() => true), extras: this.extras }));
    this.#present();
    this.changed();
  }

  #present() {
    document.getElementById("method_note").textContent = this.#methodNote();
    document.getElementById("strength_value").textContent = `${Math.round(this.fields.strength.value * 100)} %`;
    document.getElementById("extras").replaceChildren(...Object.keys(this.extras).map((name) => this.#chip(name)));
  }

  #sizeNote() {
    if (this.#extends) return "The size follows from the start image and from what is drawn beside it.";
    const { name, width, height } = this.model;
    const asked = [this.fields.width.valueAsNumber, this.fields.height.valueAsNumber];
    if (!(asked[0] > 2 * width || asked[1] > 2 * height)) return "";
    return `${name} was trained at ${width}×${height}; at ${asked.join("×")} it shows no scene, or the same several times.`;
  }

  #methodNote() {
    const method = this.method(this.fields.method.value);
    if (!method) return "";
    const summary = method.summary[0].toUpperCase() + method.summary.slice(1);
    return method.peer ? `Somebody else's dial, for comparison: ${method.summary}.` : `${summary}.`;
  }

  #chip(name) {
    const item = document.createElement("li");
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = "×";
    remove.setAttribute("aria-label", `Back to the default: ${name}`);
    remove.addEventListener("click", () => {
      delete this.extras[name];
      this.#keep();
    });
    item.append(`${name} ${this.extras[name]} `, remove);
    return item;
  }
}

/** Whether a field says something of what there is: a start image, or a mask. A part has no noise of its own to be found. */
function isOf({ image, mask }, { name }) {
  if (OF_PART.includes(name)) return mask;
  if (name === "invert") return image && !mask;
  return !OF_START_IMAGE.includes(name) || image;
}

/** Whether these settings draw something beside a start image. */
export function extendsPicture(settings) {
  return SIDES.some((side) => settings[side] > 0);
}
