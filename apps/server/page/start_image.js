// The picture to start from, kept over a reload.
import * as store from "./store.js";

const NAME = "start_image";

export class StartImage {
  blob = null;
  upload = null;  // {dataUrl, job}: as requests have it, and the job that brought it to the server, null before.
  #preview = null;

  constructor(box, preview, changed) {
    Object.assign(this, { box, preview, changed });
  }

  /** Takes a picture file, or null for none. */
  async set(blob) {
    this.upload = blob && { dataUrl: await asDataUrl(blob), job: null };
    this.blob = blob ?? null;
    if (this.#preview) URL.revokeObjectURL(this.#preview);
    this.#preview = blob ? URL.createObjectURL(blob) : null;
    if (blob) this.preview.src = this.#preview;
    else this.preview.removeAttribute("src");
    this.box.hidden = !blob;
    this.changed();
    await (blob ? store.keep(NAME, blob) : store.forget(NAME));
  }

  async restore() {
    const blob = await store.kept(NAME);
    if (blob) await this.set(blob);
  }
}

function asDataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error("The file could not be read."));
    reader.readAsDataURL(blob);
  });
}
