// Downloads: the frame shown, the labelled strip, and the dial as an animation.
import { animate } from "./animation.js";
import { percent } from "./dial.js";
import { drawStrip } from "./strip.js";

const TURN_MS = 70;
const END_MS = 700;

export function saveFile(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function name({ prompt, style }, ending) {
  const words = [prompt, style, ending].filter((part) => part !== undefined && part !== "");
  return `${words.join(" ").toLowerCase().replace(/[^\p{L}\p{N}-]+/gu, "-").slice(0, 80)}.png`;
}

export function savePicture(frame) {
  saveFile(frame.blob, name(frame.settings, frame.settings.style ? Math.round((frame.shows ?? frame.position) * 100) : ""));
}

export async function saveStrip(run) {
  const { prompt, style } = run.settings;
  const cells = run.frames.sorted().map(({ bitmap, position }) => ({ bitmap, label: style ? percent(position) : "" }));
  saveFile(await drawStrip(style ? `“${prompt}”, ${style}` : `“${prompt}”`, cells), name(run.settings, "strip"));
}

/** From the lowest position to the highest and back. */
export async function saveAnimation(run) {
  const there = run.frames.sorted();
  const all = [...there, ...there.slice(1, -1).reverse()];
  const last = there.length - 1;
  const delays = all.map((_, index) => (index === 0 || index === last ? END_MS : TURN_MS));
  const pictures = await Promise.all(all.map((frame) => frame.blob.arrayBuffer()));
  saveFile(animate(pictures, delays), name(run.settings, "animation"));
}
