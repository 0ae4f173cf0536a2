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

  /** Decodes a picture and keeps it; `settings` are those it was made with, `shows` the position within the dial's range, null for nothing of the style. */
  async add(position, blob, settings, notices = [], shows = position) {
    const bitmap = await createImageBitmap(blob);
    this.#frames.set(place(position), { position: place(position) / 100, shows, blob, bitmap, settings, notices });
  }

  get size() {
    return this.#frames.size;
  }

  all() {
    return [...this.#frames.values()];
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

  /** The dial's range, as far as its frames tell: {low, high}. */
  range() {
    const range = { low: -1, high: 1 };
    for (const { position, shows } of this.#frames.values()) {
      if (shows === null || place(shows) === place(position)) continue;
      if (shows > position) range.low = Math.max(range.low, shows);
      else range.high = Math.min(range.high, shows);
    }
    return range;
  }

  /** The frames within the dial's range, from the lowest position to the highest. */
  sorted() {
    const { low, high } = this.range();
    return this.all().filter(({ position }) => place(position) >= place(low) && place(position) <= place(high)).sort((a, b) => a.position - b.position);
  }
}
