// The picture to start from, and what of it is redrawn, kept over a reload.
import * as store from "./store.js";

const NAME = "start_image", MASK = "start_mask";

export class StartImage {
  blob = null;
  mask = null;  // A PNG, white where the picture is redrawn; null: all of it.
  upload = null;  // {blob, image, mask, job}: the picture, both as requests have them, and the job that brought them to the server, null before.

  /** `elements`: {box, preview, maskPreview}. */
  constructor(elements, changed) {
    Object.assign(this, elements, { changed });
  }

  /** What there is to be sent. */
  get brings() {
    return { image: Boolean(this.blob), mask: Boolean(this.mask) };
  }

  /** Takes a picture file, or null for none, and the mask that belongs to it. */
  async set(blob, mask) {
    this.blob = blob ?? null;
    this.mask = (blob && mask) ?? null;
    this.upload = blob ? { blob, image: await asDataUrl(blob), mask: this.mask && (await asDataUrl(this.mask)), job: null } : null;
    try {
      await Promise.all([keep(NAME, this.blob), keep(MASK, this.mask)]);  // What is seen outlives a reload.
    } finally {
      this.#show();
    }
  }

  #show() {
    show(this.preview, this.blob);
    show(this.maskPreview, this.mask);
    this.maskPreview.hidden = !this.mask;
    this.box.hidden = !this.blob;
    this.changed();
  }

  async restore() {
    const [blob, mask] = await Promise.all([store.kept(NAME), store.kept(MASK)]);
    if (blob) await this.set(blob, mask);
  }
}

function keep(name, blob) {
  return blob ? store.keep(name, blob) : store.forget(name);
}

function show(image, blob) {
  if (image.src) URL.revokeObjectURL(image.src);
  if (blob) image.src = URL.createObjectURL(blob);
  else image.removeAttribute("src");
}

function asDataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error("The file could not be read."));
    reader.readAsDataURL(blob);
  });
}
