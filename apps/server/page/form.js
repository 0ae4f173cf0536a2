// The form: filled from the model, from a picture's settings and from what it held before a reload.

const SAVED = "latentdial.form";
const LONGEST = 3;  // Of a picture's side by the other; of a longer start image the middle is taken.
const SIDE = 8;  // Sides are multiples of it.
const SIDES = ["extend_left", "extend_right", "extend_top", "extend_bottom"];
const NUMBERS = ["steps", "guidance_scale", "width", "height", "strength", "upscale_by", "blur_sigma", "hires", "hires_strength", ...SIDES];
const OF_START_IMAGE = ["strength", "restore", ...SIDES];
const NOT_OF_EXTENDED = ["strength", "invert", "width", "height"];  // What is new is drawn whole, at a size that follows from it.
const NOT_OF_RESTORED = ["style", "method", "invert", "width", "height", ...SIDES];  // It is the same picture, at its own size or a multiple of it.
const OF_RESTORATION = { upscale_by: "upscale", blur_sigma: "deblur" };
const RESTORED_STRENGTH = 0.5;  // As the program's commands have it.
const OF_ANY_MODEL = ["prompt", "negative_prompt", "style", "seed"];  // What a form that was filled for another model brings.
const LORA_SCALE = 0.8;  // To begin with.
const OF_NETWORK = ["restore", "upscale_by", "upscale_with"];
const OF_SECOND_PASS = ["hires_with", "hires_strength"];
const RESTORATION_NOTES = {
  model: "Say in the prompt what it shows, or nothing. What is known of it is kept; the dial has no part in it.",
  upscaler: "Say in the prompt what it shows, or nothing. It is drawn anew, near to what it was; the dial has no part in it.",
  network: "The network is told nothing but the picture.",
};
// Files on the server and the other end of an interpolation: a picture's settings name them but do not hold them.
const NOT_HELD = ["image", "reference", "to_reference", "style_mask", "mask", "blur_kernel", "dial", "to_prompt", "to_image", "to_seed", "theta"];

export class Form {
  #taken = null;  // The size that a start image's shape gave.
  #hadWords = false;  // Whether words said what is redrawn, when they were last changed.
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
    this.fields.redraw_words.addEventListener("change", () => this.#takeWords());
    element.addEventListener("input", () => this.#keep());
  }

  /** The settings as the API takes them; those of a start image, or of a part of it, only when there is one: `brings` is a StartImage's. */
  read(brings) {
    const asked = this.#values((field) => this.#isAsked(brings, field));
    return this.#network(brings) ? asked : { ...this.extras, ...asked };
  }

  /** Shows what may be asked of the start image: of all of it, or of a part. */
  showStart({ image, mask }) {
    const id = (name) => document.getElementById(name);
    const restoration = this.#restoration({ image, mask });
    const words = this.#redrawsWords({ image, mask });
    id("part").hidden = !mask && !words;
    id("mask_remove").hidden = id("only_masked_label").hidden = !mask;
    id("invert_label").hidden = mask || words;
    id("by_words").hidden = mask;
    id("second_pass").hidden = !this.#mayDrawTwice({ image });
    id("larger").hidden = !this.#drawsTwice;
    id("mask_paint").textContent = mask ? "Change the part …" : "Redraw a part …";
    id("worse_copy").hidden = mask || words;
    id("enlarged").hidden = restoration !== "upscale";
    id("blurred").hidden = restoration !== "deblur";
    id("restore_note").hidden = !restoration;
    id("restore_note").textContent = RESTORATION_NOTES[this.#restorer({ image, mask })];
    id("start").classList.toggle("extended", !restoration && this.#extends);
    id("start").classList.toggle("restored", restoration !== "");
    id("start").classList.toggle("from_noise", restoration !== "" && this.#drawsFromNoise({ image, mask }));
    id("start").classList.toggle("by_words", words);
    id("size_note").textContent = restoration ? "The size follows from the start image." : this.#sizeNote();
    this.fields.prompt.required = !restoration;
  }

  /** What the start image is a worse copy by; "" where it is none. A part of it is redrawn, not restored. */
  #restoration({ image, mask }) {
    return image && !mask ? this.fields.restore.value : "";
  }

  /** What restores the start image: a network by itself, an upscaling model, or any other model. */
  #restorer(brings) {
    if (this.#network(brings)) return "network";
    return this.model.upscales_by ? "upscaler" : "model";
  }

  /** The network that is to enlarge the start image; "" where the model does, or nothing is enlarged. */
  #network(brings) {
    return this.#restoration(brings) === "upscale" ? this.fields.upscale_with.value : "";
  }

  /** Whether a restoration leaves nothing of the start image to begin with, so that no strength is asked for. */
  #drawsFromNoise(brings) {
    return this.#restoration(brings) === "colorize" || this.#restorer(brings) !== "model";
  }

  /** Whether words say what is redrawn of the start image. */
  #redrawsWords({ image, mask }) {
    return image && !mask && !this.#restoration({ image, mask }) && !this.#extends && this.fields.redraw_words.value.trim() !== "";
  }

  /** A picture of one's own is drawn once, and so is one that is edited when it is finished. */
  #mayDrawTwice({ image }) {
    const edits = this.fields.style.value.trim() !== "" && this.method(this.fields.method.value)?.edits;
    return !image && !edits && !this.model.upscales_by;
  }

  get #drawsTwice() {
    return this.fields.hires.valueAsNumber > 1;
  }

  /** Of what is painted over, or named, nothing is to be left. */
  redrawInFull() {
    this.fields.strength.value = 1;
    this.#keep();
  }

  #takeWords() {
    const has = this.fields.redraw_words.value.trim() !== "";
    if (has && !this.#hadWords) this.redrawInFull();
    this.#hadWords = has;
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
   * not extended, nor is a part of it redrawn, as of the one before. */
  takeShape(width, height) {
    const shape = Math.min(LONGEST, Math.max(1 / LONGEST, width / height));
    const pixels = this.model.width * this.model.height;
    const side = (length) => SIDE * Math.max(1, Math.round(length / SIDE));
    this.#taken = [side(Math.sqrt(pixels * shape)), side(Math.sqrt(pixels / shape))];
    this.#takeWhole();
    this.#setSize(...this.#taken);
  }

  /** The size is the model's own again, where it still is the one that was taken. */
  giveShapeBack() {
    const { width, height } = this.fields;
    const still = this.#taken?.[0] === width.valueAsNumber && this.#taken[1] === height.valueAsNumber;
    this.#taken = null;
    this.#takeWhole();
    this.#setSize(still ? this.model.width : width.value, still ? this.model.height : height.value);
  }

  #takeWhole() {
    for (const side of SIDES) this.fields[side].value = 0;
    this.fields.redraw_words.value = "";
    this.#hadWords = false;
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
    if (this.#network(brings)) return OF_NETWORK.includes(field.name);
    if (field.name === "upscale_with") return false;
    if (field.name === "hires") return this.#mayDrawTwice(brings);
    if (OF_SECOND_PASS.includes(field.name)) return this.#mayDrawTwice(brings) && this.#drawsTwice;
    if (field.name in OF_RESTORATION) return OF_RESTORATION[field.name] === restoration && !(field.name === "blur_sigma" && this.extras.blur_motion);
    const there = { ...brings, words: this.#redrawsWords(brings) };
    if (restoration) return isOf(there, field) && !NOT_OF_RESTORED.includes(field.name) && !(field.name === "strength" && this.#drawsFromNoise(brings));
    return isOf(there, field) && !(brings.image && this.#extends && NOT_OF_EXTENDED.includes(field.name));
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
    this.fields.hires_with.append(...this.model.upscalers.map(option));
    this.fields.upscale_with.append(...this.model.upscalers.map(option));
    document.getElementById("enlarger").hidden = this.model.upscalers.length === 0;
    this.#offerLoras(document.getElementById("lora"));
    if (!this.model.upscales_by) return;
    this.fields.restore.replaceChildren(...[...this.fields.restore.options].filter(({ value }) => value === "upscale"));
    this.fields.upscale_by.replaceChildren(option(this.model.upscales_by));
  }

  #offerLoras(picker) {
    picker.hidden = this.model.loras.length === 0;
    picker.append(...this.model.loras.map((name) => new Option(name, name)));
    picker.addEventListener("change", () => {
      const { prompt } = this.fields;
      prompt.value = `${prompt.value.trimEnd()} <lora:${picker.value}:${LORA_SCALE}>`.trimStart();
      picker.value = "";
      this.#keep();
    });
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
    const own = { width: this.model.width, height: this.model.height, sampler: this.model.sampler, scheduler: this.model.scheduler, method: this.model.methods[0], mask_fill: "original", blur_sigma: 2, hires_with: "latent", upscale_with: "" };
    const missed = [];
    for (const field of this.#named()) {
      const value = settings[field.name] || (own[field.name] ?? settings[field.name]);
      if (value === undefined || value === null) continue;
      if (field.type === "checkbox") field.checked = value;
      else if (field.type === "select-one" && ![...field.options].some((option) => option.value === value)) missed.push(field.name);
      else field.value = value;
    }
    this.#hadWords = this.fields.redraw_words.value.trim() !== "";
    return missed;
  }

  #restore() {
    try {
      const { extras, model, ...settings } = JSON.parse(localStorage.getItem(SAVED) ?? "{}");
      const own = (model ?? this.model.fingerprint) === this.model.fingerprint;
      this.#write(own ? settings : Object.fromEntries(Object.entries(settings).filter(([name]) => OF_ANY_MODEL.includes(name))));
      this.extras = own ? (extras ?? {}) : {};
    } catch {
      localStorage.removeItem(SAVED);
    }
    this.#present();
  }

  #keep() {
    localStorage.setItem(SAVED, JSON.stringify({ ...this.#values(() => true), extras: this.extras, model: this.model.fingerprint }));
    this.#present();
    this.changed();
  }

  #present() {
    document.getElementById("method_note").textContent = this.#methodNote();
    document.getElementById("strength_value").textContent = `${Math.round(this.fields.strength.value * 100)} %`;
    document.getElementById("hires_strength_value").textContent = `${Math.round(this.fields.hires_strength.value * 100)} %`;
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

/** Whether a field says something of what there is: a start image, a mask, or words for a part. A part has no noise of its own to be found. */
function isOf({ image, mask, words }, { name }) {
  if (name === "only_masked") return mask;
  if (name === "mask_fill") return mask || words;
  if (name === "redraw_words") return words;
  if (name === "invert") return image && !mask && !words;
  return !OF_START_IMAGE.includes(name) || image;
}

/** Whether these settings draw something beside a start image. */
export function extendsPicture(settings) {
  return SIDES.some((side) => settings[side] > 0);
}
