// Fitting the dial to a style, which a button starts: a job of the server.
import * as api from "./api.js";
import * as dials from "./dials.js";
import { percent } from "./dial.js";
import { saveDial } from "./download.js";
import { following } from "./progress.js";

const POLL_MS = 300;
const TAKEN = ["style", "negative_prompt", "steps", "sampler", "scheduler", "guidance_scale", "width", "height"];

export class Fit {
  #job = null;
  #style = "";

  /** `elements`: {box, note, start, save, forget, progress, bar, text, cancel}; `settings` gives the form's; `done` is called with a style that has another dial now. */
  constructor(elements, model, settings, done) {
    Object.assign(this, { elements, model, settings, done });
  }

  /** Shows what there is to fit, or how far it is. */
  show() {
    const { box, note, start, save, forget, progress } = this.elements;
    const { style, method } = this.settings();
    const dial = style ? dials.find(style) : null;
    box.hidden = !this.#job && (!style || !dials.takesDial(method) || dials.isModels(style));
    progress.hidden = !this.#job;
    start.hidden = Boolean(this.#job || dial);
    save.hidden = forget.hidden = Boolean(this.#job) || !dial;
    note.textContent = this.#job ? `Fitting the dial to “${this.#style}”.` : dial ? this.#range(dial) : this.#offer(style ?? "");
  }

  #offer(style) {
    return `The dial finds its way on each picture. Fitting it to “${style}” tells how the style usually shows and how far beyond 100 % it goes: up to ${this.model.fit_pictures} pictures with the settings below, once.`;
  }

  #range({ style, points, guidance_scale }) {
    return `The dial for “${style}” was fitted here at guidance ${guidance_scale}. It goes up to ${percent(points.at(-1)[0])}.`;
  }

  async start() {
    const settings = this.settings();
    this.#style = settings.style;
    const asked = await api.calibrate(Object.fromEntries(TAKEN.filter((name) => name in settings).map((name) => [name, settings[name]])));
    const job = await api.follow(asked, (seen) => this.#follow(seen), POLL_MS);
    this.#follow(null);
    if (job.state === "failed") throw new Error(job.error ?? "The dial could not be fitted.");
    if (job.state === "cancelled") return;
    dials.keep(job.dial_file);
    this.show();
    this.done(this.#style);
  }

  #follow(job) {
    this.#job = job;
    this.show();
    if (!job) return;
    this.elements.bar.value = job.progress;
    this.elements.text.textContent = following(job);
  }

  async cancel() {
    if (this.#job) await api.cancel(this.#job.id);
  }

  /** The page is closed: nobody waits for the dial. */
  abandon() {
    if (this.#job) api.abandon(this.#job.id);
  }

  save() {
    saveDial(dials.find(this.settings().style));
  }

  forget() {
    const { style } = this.settings();
    dials.forget(style);
    this.show();
    this.done(style);
  }
}
