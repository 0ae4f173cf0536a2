// The run that was shown last, kept over a reload: its settings and every picture of it.
import * as store from "./store.js";

const NAME = "last_run";

let model = null;

/** To be called once, with the model that is served: no run goes on with another. */
export function begin(served) {
  model = served.fingerprint;
}

/** Keeps a run that has pictures, and where the dial stood. */
export async function keep({ settings, image, frames }) {
  if (!frames.size) return;
  const pictures = frames.all().map(({ position, shows, blob, settings, notices }) => ({ position, shows, blob, settings, notices }));
  await store.keep(NAME, { model, settings, withImage: Boolean(image), pictures }).catch(() => {});  // A browser that keeps nothing says so in the gallery.
}

/** Fills the frames of a new run; `begin` makes one of settings and of whether it had a start image. Null where none was kept. */
export async function restore(begin) {
  const kept = await store.kept(NAME).catch(() => null);
  if (!kept || (kept.model ?? model) !== model) return null;
  const run = begin(kept.settings, kept.withImage);
  for (const { position, blob, settings, notices, shows } of kept.pictures) await run.frames.add(position, blob, settings, notices, shows);
  return run;
}
