// The dial: a slider, what it reads, and a mark for every frame that exists.

const REST_MS = 300;
const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };

/** 0.5 as "50 %", -0.5 as "−50 %". */
export function percent(position) {
  const value = Math.round(position * 100);
  return `${value < 0 ? "−" : ""}${Math.abs(value)} %`;
}

/** What the slider says of the frame shown (or null), `exact` where it was made for just this position. */
function noteOn(frame, exact) {
  if (!frame) return "not made yet";
  if (!frame.settings.style) return "";
  if (frame.shows === null) return `the model shows nothing of “${frame.settings.style}”`;
  if (!exact) return `nearest made: ${percent(frame.position)}`;
  if (Math.abs(frame.shows - frame.position) < 0.005) return "exact";
  if (frame.position < 0 && frame.shows === 0) return `nothing to take away: the prompt does not say “${frame.settings.style}”`;
  return `the dial ends at ${percent(frame.shows)}`;
}

export class Dial {
  #timer = 0;
  #marks = new Map();

  /** `turned` is called on every move, `rested` once the slider has stood still. */
  constructor({ slider, reading, exactness, ticks }, turned, rested) {
    Object.assign(this, { slider, reading, exactness, ticks });
    const moved = () => {
      turned();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(rested, REST_MS);
    };
    slider.addEventListener("input", moved);
    slider.addEventListener("keydown", (event) => {
      if (!(event.key in KEYS) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      this.position = this.#step(KEYS[event.key], event.shiftKey ? 1 : 5);
      moved();
    });
  }

  get position() {
    return Number(this.slider.value);
  }

  set position(value) {
    this.slider.value = value;
  }

  // To the next multiple, so that arrows land on the frames of the grid.
  #step(direction, hundredths) {
    const units = Math.round(this.position * 100) / hundredths;
    const next = direction > 0 ? Math.floor(units + 1) : Math.ceil(units - 1);
    return (next * hundredths) / 100;
  }

  /** Tells what the slider reads and how the frame shown (or null) relates to it. */
  read(frame) {
    const exact = frame && Math.abs(frame.position - this.position) < 0.005;
    const note = noteOn(frame, exact);
    this.reading.textContent = frame && !frame.settings.style ? "" : percent(this.position);
    this.exactness.textContent = note;
    this.exactness.classList.toggle("nearest", Boolean(frame) && !["exact", ""].includes(note));
    this.#fill();
    this.slider.setAttribute("aria-valuetext", `${percent(this.position)}, ${note}`);
    for (const [position, mark] of this.#marks) mark.classList.toggle("shown", position === frame?.position);
  }

  // The track is filled from none to the thumb.
  #fill() {
    const ends = [0, this.position].sort((a, b) => a - b);
    ["--from", "--to"].forEach((name, index) => this.slider.style.setProperty(name, (ends[index] + 1) / 2));
  }

  /** Greys the track outside of the dial's range. */
  limit({ low, high } = { low: -1, high: 1 }) {
    this.slider.style.setProperty("--low", (low + 1) / 2);
    this.slider.style.setProperty("--high", (high + 1) / 2);
  }

  /** Marks the positions of these frames, and no others. */
  mark(frames) {
    const positions = new Set(frames.map((frame) => frame.position));
    for (const [position, mark] of this.#marks) {
      if (positions.has(position)) continue;
      mark.remove();
      this.#marks.delete(position);
    }
    for (const position of positions) {
      if (this.#marks.has(position)) continue;
      const mark = document.createElement("i");
      mark.style.left = `${(position + 1) * 50}%`;
      this.ticks.append(mark);
      this.#marks.set(position, mark);
    }
  }
}
