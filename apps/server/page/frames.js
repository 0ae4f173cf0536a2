// The frames of one dial, decoded once, found by position.

const COARSE = [0, 1, 0.5, -1, -0.5, 0.25, 0.75];

// Positions are hundredths: 0.3 and 0.30000001 are the same place on the dial.
export const place = (position) => Math.round(position * 100);

/** Dial positions from coarse to fine; `wanted` comes right after the coarse ones. */
export function coarseFirst(finest, wanted) {
  const places = new Set([...COARSE, wanted].map(place));
  for (const step of [25, 10, 5]) {
    if (step < place(finest)) break;
    for (let at = step; at <= 100; at += step) places.add(at).add(-at);
  }
  return [...places].map((at) => at / 100);
}

export class Frames {
  #frames = new Map();

  /** Decodes a picture and keeps it; `settings` are those it was made with. */
  async add(position, blob, settings, notices = []) {
    const bitmap = await createImageBitmap(blob);
    this.#frames.set(place(position), { position: place(position) / 100, blob, bitmap, settings, notices });
  }

  get size() {
    return this.#frames.size;
  }

  has(position) {
    return this.#frames.has(place(position));
  }

  /** The frame at the position, else the one nearest to it, else null. */
  nearest(position) {
    const exact = this.#frames.get(place(position));
    if (exact) return exact;
    let best = null;
    for (const frame of this.#frames.values()) {
      if (!best || Math.abs(frame.position - position) < Math.abs(best.position - position)) best = frame;
    }
    return best;
  }

  /** All frames from the lowest position to the highest. */
  sorted() {
    return [...this.#frames.values()].sort((a, b) => a.position - b.position);
  }
}
