// A picture on a canvas as large as it is shown, enlarged smoothly.

export class Picture {
  #bitmap = null;
  #before = { bitmap: null, share: 0 };

  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    new ResizeObserver(() => this.#draw()).observe(canvas);
  }

  /** Draws the frame at once: it is on the screen with the next animation frame. */
  show(frame, description) {
    this.#change(frame.bitmap, description);
    this.canvas.dataset.position = frame.position;
  }

  /** Draws a picture that is still being made. */
  showPreview({ bitmap, step }, description) {
    this.#change(bitmap, description);
    this.canvas.dataset.preview = step;
  }

  #change(bitmap, description) {
    this.canvas.setAttribute("aria-label", description);
    delete this.canvas.dataset.position;
    delete this.canvas.dataset.preview;
    if (this.#bitmap === bitmap) return;
    this.#bitmap = bitmap;
    this.canvas.style.setProperty("--ratio", bitmap.width / bitmap.height);
    this.#draw();
  }

  /** Lays another picture over so much of this one, from the left, scaled and cut at the centre to its shape. */
  lay(bitmap, share) {
    this.#before = { bitmap, share };
    this.#draw();
  }

  clear(description) {
    this.#bitmap = null;
    this.canvas.setAttribute("aria-label", description);
    delete this.canvas.dataset.position;
    delete this.canvas.dataset.preview;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  #draw() {
    const width = Math.round(this.canvas.clientWidth * devicePixelRatio);
    const height = Math.round(this.canvas.clientHeight * devicePixelRatio);
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    if (!this.#bitmap) return;
    this.context.imageSmoothingQuality = "high";
    this.context.drawImage(this.#bitmap, 0, 0, width, height);
    this.#drawBefore(width, height);
  }

  #drawBefore(width, height) {
    const { bitmap, share } = this.#before;
    if (!bitmap || share === 0) return;
    const scale = Math.max(width / bitmap.width, height / bitmap.height);
    const [wide, high] = [scale * bitmap.width, scale * bitmap.height];
    const edge = share * width;
    this.context.save();
    this.context.beginPath();
    this.context.rect(0, 0, edge, height);
    this.context.clip();
    this.context.drawImage(bitmap, (width - wide) / 2, (height - high) / 2, wide, high);
    this.context.restore();
    if (share === 1) return;
    this.context.fillStyle = "white";
    this.context.fillRect(edge - devicePixelRatio, 0, 2 * devicePixelRatio, height);
  }
}
