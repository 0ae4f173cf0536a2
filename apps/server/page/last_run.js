// The run that was shown last, kept over a reload: its settings and every picture of it.
import * as store from "./store.js";

const NAME = "last_run";

/** Keeps a run that has pictures, and where the dial stood. */
export async function keep({ settings, image, frames }) {
  if (!frames.size) return;
  const pictures = frames.all().map(({ position, shows, blob, settings, notices }) => ({ position, shows, blob, settings, notices }));
  await store.keep(NAME, { settings, withImage: Boolean(image), pictures }).catch(() => {});  // A browser that keeps nothing says so in the gallery.
}

/** Fills the frames of a new run; `begin` makes one of settings and of whether it had a start image. Null where none was kept. */
export async function restore(begin) {
  const kept = await store.kept(NAME).catch(() => null);
  if (!kept) return null;
  const run = begin(kept.settings, kept.withImage);
  for (const { position, blob, settings, notices, shows } of kept.pictures) await run.frames.add(position, blob, settings, notices, shows);
  return run;
}
