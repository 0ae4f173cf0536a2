// One dial being made: posts its positions as a job, gathers the frames, and lets one position go first.
import * as api from "./api.js";
import { dialFor } from "./dials.js";
import { Frames, place } from "./frames.js";

const POLL_MS = 150;
const WORTH_WAITING_S = 1.5;  // A job that ends sooner is not interrupted for the position asked for.
const PREVIEWS = 5;  // Of a picture that is waited for: each costs a decoding.

export class Run {
  frames = new Frames();
  job = null;         // As last heard from the server; null when none was posted or the last one ended.
  preview = null;     // {bitmap, step, steps} of a picture under way, while there is no frame.
  #wanted = [];
  #working = null;
  #stopped = false;
  #interrupted = false;

  /** `settings` as the API takes them, without positions; `image` a StartImage's upload or null; `changed` is called after each news. */
  constructor(settings, image, changed) {
    this.settings = settings;
    this.image = image;
    this.dialFile = dialFor(settings);
    this.changed = changed;
  }

  get busy() {
    return this.#working !== null;
  }

  get stopped() {
    return this.#stopped;
  }

  /** Makes the positions in this order; resolves when no position is left or the run was cancelled. */
  make(positions) {
    const places = new Set([...positions, ...this.#wanted].map(place));
    this.#wanted = [...places].map((at) => at / 100).filter((position) => !this.frames.has(position));
    this.#stopped = false;
    this.#working ??= this.#work().finally(() => {
      this.#working = null;
      this.#wanted = [];
      this.job = null;
      this.changed();
    });
    return this.#working;
  }

  /** Makes this position next, before all others. */
  async makeNext(position) {
    if (this.frames.has(position)) return;
    const job = this.job;
    const made = this.make([position]);
    if (job && (job.state === "queued" || (job.seconds_left ?? Infinity) > WORTH_WAITING_S)) {
      this.#interrupted = true;
      await Promise.all([made, api.cancel(job.id)]);
    }
    await made;
  }

  async cancel() {
    this.#stopped = true;
    this.#wanted = [];
    if (this.job) await this.#gather(await api.cancel(this.job.id));
  }

  /** The page is closed: nobody waits for the pictures. */
  abandon() {
    this.#stopped = true;
    if (this.job) api.abandon(this.job.id);
  }

  async #work() {
    while (this.#wanted.length && !this.#stopped) {
      const posted = this.#wanted;
      const job = await this.#follow(await this.#post(posted));
      if (job.state === "failed") throw new Error(job.error ?? "The picture could not be made.");
      if (job.state === "cancelled" && !this.#interrupted) return;
      if (job.state === "done") this.#wanted = this.#wanted.filter((position) => !posted.includes(position));
      this.#interrupted = false;
    }
  }

  #post(positions) {
    if (this.settings.upscale_with) return this.#enlarge();
    const preview_every = this.frames.size ? 0 : Math.ceil(this.settings.steps / (PREVIEWS + 1));
    const settings = { ...this.settings, preview_every, ...(this.dialFile && { dial_file: this.dialFile }) };
    return this.#postWithImage(settings.style ? { ...settings, at: positions } : settings);
  }

  /** By a network, which is told nothing else. */
  #enlarge() {
    const { upscale_with, upscale_by } = this.settings;
    return api.upscale({ image: this.image.image, with: upscale_with, by: upscale_by });
  }

  /** The picture itself goes to the server once, and again where the server has forgotten it. */
  async #postWithImage(settings) {
    const post = settings.style ? api.dial : api.generate;
    if (!this.image) return post(settings);
    try {
      if (this.image.job) return await post({ ...settings, images_of: this.image.job });
    } catch (error) {
      if (error.status !== 404) throw error;
    }
    const { image, mask } = this.image;
    const job = await post({ ...settings, image, ...(mask && { mask }) });
    this.image.job = job.id;
    return job;
  }

  async #follow(job) {
    if (this.#stopped) job = await api.cancel(job.id);
    return api.follow(job, (seen) => this.#gather(seen), POLL_MS);
  }

  async #gather(job) {
    this.job = api.hasEnded(job) ? null : job;
    const fresh = job.frames.filter((frame) => !this.frames.has(frame.position ?? 0));
    await this.#look(job);
    for (const frame of fresh) await this.#take(frame);  // One after another: the coarse ones are made first and shown first.
    this.#wanted = this.#wanted.filter((position) => !this.frames.has(position));
    this.changed();
  }

  /** Fetches the preview, where it is news and nothing better is there. */
  async #look({ preview, frames, steps }) {
    if (!preview || frames.length || this.frames.size || this.preview?.step === preview.step) return;
    this.preview = { bitmap: await createImageBitmap(await api.picture(preview.url)), step: preview.step, steps };
  }

  async #take(frame) {
    const blob = await api.picture(frame.url);
    const settings = this.settings.upscale_with ? this.settings : frame.settings;  // What a network made has none of its own.
    await this.frames.add(frame.position ?? 0, blob, settings, frame.notices, frame.shows);
    this.changed();
  }
}
