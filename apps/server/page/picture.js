// A picture on a canvas as large as it is shown, enlarged smoothly.

export class Picture {
  #bitmap = null;

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
  }
}
