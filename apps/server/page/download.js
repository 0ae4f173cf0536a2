// Downloads: the frame shown, the labelled strip, and the dial as an animation.
import { animate } from "./animation.js";
import { percent } from "./dial.js";
import { drawStrip } from "./strip.js";
import { titleOf } from "./title.js";

const TURN_MS = 70;
const END_MS = 700;

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

const slug = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}-]+/gu, "-").slice(0, 80);

function name(settings, ending) {
  const words = [titleOf(settings), settings.style, ending].filter((part) => part !== undefined && part !== "");
  return `${slug(words.join(" "))}.png`;
}

export function savePicture(frame) {
  save(frame.blob, name(frame.settings, frame.settings.style ? Math.round((frame.shows ?? frame.position) * 100) : ""));
}

export async function saveStrip(run) {
  const { style } = run.settings;
  const cells = run.frames.sorted().map(({ bitmap, position }) => ({ bitmap, label: style ? percent(position) : "" }));
  save(await drawStrip(`“${titleOf(run.settings)}”${style ? `, ${style}` : ""}`, cells), name(run.settings, "strip"));
}

/** From the lowest position to the highest and back. */
export async function saveAnimation(run) {
  const there = run.frames.sorted();
  const all = [...there, ...there.slice(1, -1).reverse()];
  const last = there.length - 1;
  const delays = all.map((_, index) => (index === 0 || index === last ? END_MS : TURN_MS));
  const pictures = await Promise.all(all.map((frame) => frame.blob.arrayBuffer()));
  save(animate(pictures, delays), name(run.settings, "animation"));
}

/** As a file that `latentdial dial --dial` takes. */
export function saveDial(dial) {
  save(new Blob([`${JSON.stringify(dial, null, 1)}\n`], { type: "application/json" }), `${slug(dial.style).replace(/^-+|-+$/g, "") || "style"}.dial.json`);
}
