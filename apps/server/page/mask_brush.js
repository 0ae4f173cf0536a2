// Painting what is redrawn of the start image, with mouse, pen or finger.

const LONGEST = 2048;  // Of the mask's sides: it is scaled to the picture.
const PAINT = "#e0218a";  // Seen on most photos; the mask itself is white on black.

export class MaskBrush {
  #actions = [];  // What was done so far, in order: undone by doing all but the last again.
  #stroke = null;
  #settle = null;

  /** `elements`: {dialog, picture, canvas, ring, size, erase, undo, invert, clear, done, leave}. */
  constructor(elements) {
    Object.assign(this, elements);
    this.paint = this.canvas.getContext("2d", { willReadFrequently: true });
    this.canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.#go(event));
    for (const type of ["pointerup", "pointercancel"]) this.canvas.addEventListener(type, () => this.#endStroke());
    this.canvas.addEventListener("pointerleave", () => (this.ring.hidden = true));
    this.undo.addEventListener("click", () => this.#undo());
    this.invert.addEventListener("click", () => this.#act({ draw: invert }));
    this.clear.addEventListener("click", () => this.#act({ draw: clear }));
    this.done.addEventListener("click", async () => this.#end(await this.#mask()));
    this.leave.addEventListener("click", () => this.#end(undefined));
    this.dialog.addEventListener("cancel", () => this.#end(undefined));
  }

  /** Shows a picture with the mask that it has. Resolves to the new mask, a PNG white where it is redrawn, to null where nothing is painted, and to undefined where all stays as it was. */
  async ask(picture, mask) {
    const [image, before] = await Promise.all([picture, mask].map((blob) => blob && createImageBitmap(blob)));
    const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
    this.picture.width = this.canvas.width = Math.round(image.width * scale);
    this.picture.height = this.canvas.height = Math.round(image.height * scale);
    this.picture.parentElement.style.setProperty("--ratio", image.width / image.height);
    this.picture.getContext("2d").drawImage(image, 0, 0, this.picture.width, this.picture.height);
    this.#actions = before ? [{ draw: restored(before) }] : [];
    this.erase.checked = false;
    this.#repaint();
    this.dialog.showModal();
    return new Promise((resolve) => (this.#settle = resolve));
  }

  #end(mask) {
    this.dialog.close();
    this.ring.hidden = true;
    this.#settle?.(mask);
    this.#settle = null;
  }

  /** In the mask's pixels. */
  #place({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * this.canvas.width, ((clientY - box.top) / box.height) * this.canvas.height];
  }

  /** Of the brush, as a share of the picture's longer side. */
  get #width() {
    return (this.size.valueAsNumber / 100) * Math.max(this.canvas.width, this.canvas.height);
  }

  #begin(event) {
    if (!event.isPrimary || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    const points = [this.#place(event)];
    this.#stroke = { points, before: copyOf(this.canvas), draw: stroke(points, this.#width, this.erase.checked) };
    this.#act(this.#stroke);
  }

  #go(event) {
    this.#showRing(event);
    if (!this.#stroke || !event.isPrimary) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.#stroke.points.push(...(events.length ? events : [event]).map((each) => this.#place(each)));
    clear(this.paint);  // A line drawn over itself would get harder edges.
    this.paint.drawImage(this.#stroke.before, 0, 0);
    this.#stroke.draw(this.paint);
  }

  #endStroke() {
    if (this.#stroke) this.#stroke.before = null;
    this.#stroke = null;
  }

  #showRing(event) {
    const box = this.canvas.getBoundingClientRect();
    const width = (this.#width / this.canvas.width) * box.width;
    this.ring.hidden = event.pointerType === "touch";
    Object.assign(this.ring.style, { width: `${width}px`, left: `${event.clientX - box.left}px`, top: `${event.clientY - box.top}px` });
  }

  #act(action) {
    this.#actions.push(action);
    action.draw(this.paint);
    this.undo.disabled = false;
  }

  #undo() {
    this.#actions.pop();
    this.#repaint();
  }

  #repaint() {
    clear(this.paint);
    for (const { draw } of this.#actions) draw(this.paint);
    this.undo.disabled = this.#actions.length === 0;
  }

  /** A PNG, or null where nothing is painted. */
  async #mask() {
    const { width, height } = this.canvas;
    const opacity = this.paint.getImageData(0, 0, width, height).data;
    if (!opacity.some((value, i) => i % 4 === 3 && value > 0)) return null;
    const mask = copyOf(this.canvas);
    const context = mask.getContext("2d");
    fill(context, "source-in", "white");
    fill(context, "destination-over", "black");
    return mask.convertToBlob({ type: "image/png" });
  }
}

function copyOf(canvas) {
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  copy.getContext("2d").drawImage(canvas, 0, 0);
  return copy;
}

/** All of a canvas, by one of its ways to lay one thing over another. */
function fill(context, operation, colour) {
  context.save();
  context.globalCompositeOperation = operation;
  context.fillStyle = colour;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.restore();
}

function clear(context) {
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
}

function invert(context) {
  fill(context, "source-out", PAINT);
}

/** Draws a line of so many pixels along the points that there are by then. */
function stroke(points, width, erase) {
  return (context) => {
    context.save();
    context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    Object.assign(context, { lineCap: "round", lineJoin: "round", lineWidth: width, strokeStyle: PAINT });
    context.beginPath();
    context.moveTo(...points[0]);
    for (const point of points.length > 1 ? points.slice(1) : points) context.lineTo(...point);
    context.stroke();
    context.restore();
  };
}

/** Draws a mask that was made before: its brightness is how much is painted. */
function restored(mask) {
  return (context) => {
    const { width, height } = context.canvas;
    const copy = new OffscreenCanvas(width, height).getContext("2d");
    copy.drawImage(mask, 0, 0, width, height);
    const pixels = copy.getImageData(0, 0, width, height);
    for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i];
    copy.putImageData(pixels, 0, 0);
    fill(copy, "source-in", PAINT);
    context.drawImage(copy.canvas, 0, 0);
  };
}
