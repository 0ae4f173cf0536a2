// Before and after: the start image, wiped over the picture that was made of it.

export class Before {
  #blob = null;
  #bitmap = null;

  /** `elements`: {box, slider}; `picture` a Picture. */
  constructor(elements, picture) {
    Object.assign(this, elements, { picture });
    this.slider.addEventListener("input", () => this.#lay());
  }

  /** Takes a start image's file, or null for none; at first all of what was made is shown. */
  async show(blob) {
    if (blob === this.#blob) return;
    this.#blob = blob;
    const bitmap = blob && (await createImageBitmap(blob));
    if (blob !== this.#blob) return;  // Another came meanwhile.
    this.#bitmap = bitmap;
    this.box.hidden = !bitmap;
    this.slider.value = 0;
    this.#lay();
  }

  #lay() {
    this.picture.lay(this.#bitmap, this.slider.valueAsNumber);
  }
}
