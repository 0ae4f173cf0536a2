// Wires the page: the form starts runs, the dial shows their frames.
import * as api from "./api.js";
import { Before } from "./before.js";
import { Dial, percent } from "./dial.js";
import * as dials from "./dials.js";
import * as download from "./download.js";
import { onPicture } from "./drop.js";
import { Fit } from "./fit.js";
import { Form, extendsPicture } from "./form.js";
import { coarseFirst } from "./frames.js";
import { Gallery } from "./gallery.js";
import * as lastRun from "./last_run.js";
import { MaskBrush } from "./mask_brush.js";
import * as models from "./models.js";
import { Picture } from "./picture.js";
import { showProgress } from "./progress.js";
import { Run } from "./run.js";
import { StartImage } from "./start_image.js";
import { titleOf } from "./title.js";

const $ = (id) => document.getElementById(id);
const SMALL = 256 * 256;  // Pixels up to which a frame is cheap enough for a grid of 5 %.

const picture = new Picture($("picture"));
const otherPicture = new Picture($("other_picture"));
const before = new Before({ box: $("wipe"), slider: $("before") }, picture);
const dial = new Dial({ slider: $("position"), reading: $("reading"), exactness: $("exactness"), ticks: $("ticks") }, show, makeHere);
const start = new StartImage({ box: $("start"), preview: $("start_preview"), maskPreview: $("mask_preview") }, () => fit && showChanged());
const gallery = new Gallery({ list: $("gallery"), empty: $("gallery_empty"), deleted: $("gallery_deleted") }, bringBack, fail);

const brush = new MaskBrush({
  dialog: $("mask_dialog"), picture: $("mask_picture"), canvas: $("mask_canvas"), ring: $("mask_ring"), size: $("mask_size"), erase: $("mask_erase"),
  undo: $("mask_undo"), invert: $("mask_invert"), clear: $("mask_clear"), done: $("mask_done"), leave: $("mask_leave"),
});

let form = null;
let fit = null;
let run = null;    // The dial that is shown.
let other = null;  // The one beside it, with the method to compare.
let dropped = null;
let arriving = null;  // While a picture is being read: what is made next is made of it.
let turn = 0;      // Counts what replaces the run, so that of two in a row only the last one goes on.

function say(text) {
  $("status").textContent = text;
}

function fail(error) {
  say("");
  $("error").textContent = error.message;
  $("error").hidden = false;
  $("error").scrollIntoView({ block: "nearest" });
}

function clearMessages() {
  $("error").hidden = true;
  $("as_start").hidden = true;
  say("");
}

function handled(action) {
  return async (...given) => {
    try {
      await action(...given);
    } catch (error) {
      fail(error);
    }
  };
}

/** Shows the frames nearest to the dial, with no wait for anything. */
function show() {
  const frame = run?.frames.nearest(dial.position) ?? null;
  dial.read(frame);
  if (!frame) return showPreview();
  $("empty").hidden = true;
  picture.show(frame, describe(frame));
  $("caption").textContent = describe(frame);
  showNotices(frame);
  showBefore().catch(fail);
  showOther();
}

/** The start image beneath what was made of it; what is drawn beside one has another shape. */
function showBefore() {
  const { settings, image } = run;
  return before.show(image && !extendsPicture(settings) ? image.blob : null);
}

/** The picture under way, until the run's first frame is there. */
function showPreview() {
  if (!run?.preview) return;
  const { step, steps } = run.preview;
  $("empty").hidden = true;
  picture.showPreview(run.preview, `Preview: step ${step} of ${steps}`);
  $("caption").textContent = `preview · step ${step} of ${steps}`;
}

function showNotices({ notices }) {
  $("notices").textContent = notices.join(" · ");
  $("notices").hidden = notices.length === 0;
}

function showOther() {
  const frame = other?.frames.nearest(dial.position);
  if (frame) otherPicture.show(frame, describe(frame));
  else otherPicture.clear("No picture to compare yet");
  $("other_caption").textContent = frame ? describe(frame) : `${$("compare_method").value}: not made yet`;
}

function describe({ settings, position }) {
  return settings.style ? `${nameOf(settings)} · ${percent(position)}` : titleOf(settings);
}

/** After news of a run: marks, progress, buttons. */
function refresh() {
  const frames = run?.frames.sorted() ?? [];
  dial.mark(frames);
  dial.limit(run?.frames.range());
  show();
  showProgress({ box: $("progress"), bar: $("progress_bar"), text: $("progress_text") }, [run, other]);
  $("keep").disabled = $("start_from").disabled = $("save_picture").disabled = $("save_strip").disabled = frames.length === 0;
  $("save_animation").disabled = frames.length < 2;
  $("position").disabled = Boolean(run && !run.settings.style);
  showChanged();
}

function showChanged() {
  fit.show();
  form.showStart(start.brings);
  const same = run && run.image === start.upload && run.dialFile === dials.dialFor(run.settings) && JSON.stringify(run.settings) === JSON.stringify(form.read(start.brings));
  $("changed").hidden = !run || same;
}

/** The style has another dial than the pictures that are shown. */
function useDial(style) {
  say(dials.find(style) ? `The dial for “${style}” is fitted: make the pictures again.` : `The dial for “${style}” is forgotten.`);
  showChanged();
}

async function fitStyle() {
  clearMessages();
  const complaint = form.complaint(start.brings);
  if (complaint) throw new Error(complaint);
  await fit.start();
}

async function make() {
  try {
    await arriving;
  } catch {
    return;  // Whoever brought the picture has been told.
  }
  clearMessages();
  form.drawSeed();
  const complaint = form.complaint(start.brings);
  if (complaint) throw new Error(complaint);
  if (!(await takeTurn())) return;
  run = new Run(form.read(start.brings), start.upload, refresh);
  other = null;
  const mine = run;
  const madeOf = { image: start.blob, mask: start.mask };
  const positions = run.settings.style ? grid(run.settings) : [0];
  say("Making pictures.");
  const made = run.make(positions);
  refresh();
  scrollToPicture();
  if ($("compare").checked) compare();
  await made;
  if (mine !== run || mine.stopped) return;
  const frame = run.frames.nearest(dial.position);
  await gallery.add(frame, madeOf);
  await lastRun.keep(run);
  const count = run.frames.sorted().length;
  say(count === 1 ? "The picture is ready." : `${count} pictures are ready.`);
}

function grid({ width, height }) {
  return coarseFirst(width * height <= SMALL ? 0.05 : 0.1, dial.position);
}

/** The same dial with the other method, made only while the comparison is on. */
const compare = handled(async () => {
  const on = $("compare").checked;
  $("other").hidden = !on;
  $("pictures").classList.toggle("two", on);
  if (!on) {
    await other?.cancel();
    return;
  }
  const method = $("compare_method").value;
  if (run?.settings.style && other?.settings.method !== method) {
    await other?.cancel();
    other = new Run({ ...run.settings, method }, run.image, refresh);
  }
  showOther();
  await other?.make([dial.position, ...grid(run.settings)]);
});

/** The dial rests: what is not made here is made next. */
async function makeHere() {
  localStorage.setItem("latentdial.position", dial.position);
  $("error").hidden = true;
  if (!run?.settings.style || (run.stopped && !run.frames.size)) return;
  const runs = [run, $("compare").checked ? other : null].filter(Boolean);
  await handled(async () => {
    await Promise.all(runs.map((each) => each.makeNext(dial.position)));
    await lastRun.keep(runs[0]);
  })();
}

async function stop() {
  await Promise.all([run?.cancel(), other?.cancel()]);
}

/** Stops the run; false when another call came meanwhile and goes on instead. */
async function takeTurn() {
  const mine = ++turn;
  await stop();
  return mine === turn;
}

function scrollToPicture() {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  $("picture").scrollIntoView({ block: "nearest", behavior: calm ? "instant" : "smooth" });
}

/** Shows a picture that was made before, with its settings in the form. */
async function bringBack({ png, settings, position, image, mask }) {
  clearMessages();
  if (!(await takeTurn())) return;
  await start.set(image, mask);
  const missed = form.fill(settings).filter((name) => !{ image, mask }[name]);
  run = new Run(form.read(start.brings), start.upload, refresh);
  other = null;
  dial.position = position;
  await run.frames.add(position, png, settings);
  refresh();
  await lastRun.keep(run);
  if ($("compare").checked) compare();
  const others = run.settings.style ? " Make fills the other positions." : "";
  say(missed.length ? `Settings are back, but not: ${missed.join(", ")}.` : `Picture and settings are back.${others}`);
  scrollToPicture();
}

async function arrival(mine) {
  arriving = mine;
  try {
    await mine;
  } finally {
    if (arriving === mine) arriving = null;
  }
}

async function read(file) {
  clearMessages();
  say(`Reading ${file.name}.`);
  const settings = file.type === "image/png" ? (await api.pngInfo(file)).settings : null;
  if (!Object.keys(settings ?? {}).length) return useAsStart(file);
  dropped = file;
  await bringBack({ png: file, settings, position: settings.position ?? 0, image: null });
  $("as_start").hidden = false;
}

async function useAsStart(file) {
  $("as_start").hidden = true;
  const { width, height } = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} is no picture that can be read: PNG, JPEG or WebP.`);
  });
  form.takeShape(width, height);
  await start.set(file);
  say(`${file.name} is the start image.`);
}

async function startFrom({ blob }) {
  await useAsStart(new File([blob], "This picture", { type: blob.type }));
  $("start").scrollIntoView({ block: "nearest" });
}

/** A part of the start image is painted, to be redrawn alone. */
async function paintPart() {
  const { blob, mask: before } = start;
  const mask = await brush.ask(blob, before);
  if (mask === undefined || start.blob !== blob) return;
  if (mask && !before) form.redrawInFull();
  await start.set(blob, mask);
}

/** A dial that was not fitted to the style goes by the path of the picture at hand alone. */
function nameOf({ method, style }) {
  const name = method || form.model.methods[0];
  const fitted = dials.isModels(style) || run?.dialFile;
  return dials.takesDial(name) && !fitted ? `${name} on this picture` : name;
}

function wire() {
  const on = (id, event, action) => $(id).addEventListener(event, handled(action));
  $("form").addEventListener("submit", (event) => event.preventDefault());
  on("form", "submit", make);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !document.querySelector("dialog[open]")) $("form").requestSubmit();
  });
  on("cancel", "click", async () => {
    await stop();
    if (run?.frames.size) {
      await lastRun.keep(run);
      return say("Cancelled. What was made stays.");
    }
    run = null;
    picture.clear("No picture yet");
    $("caption").textContent = "";
    $("empty").hidden = false;
    refresh();
    say("Cancelled. Nothing was finished.");
  });
  addEventListener("pagehide", () => [run, other, fit].forEach((each) => each?.abandon()));
  on("fit_start", "click", fitStyle);
  on("fit_cancel", "click", () => fit.cancel());
  on("fit_save", "click", () => fit.save());
  on("fit_forget", "click", () => fit.forget());
  on("new_seed", "click", () => form.newSeed());
  on("compare", "change", compare);
  on("compare_method", "change", compare);
  on("keep", "click", async () => {
    await gallery.add(run.frames.nearest(dial.position), { image: start.blob, mask: start.mask });
    say("Kept in the gallery.");
  });
  on("start_from", "click", () => arrival(startFrom(run.frames.nearest(dial.position))));
  on("save_picture", "click", () => download.savePicture(run.frames.nearest(dial.position)));
  on("save_strip", "click", () => download.saveStrip(run));
  on("save_animation", "click", () => download.saveAnimation(run));
  on("start_remove", "click", async () => {
    form.giveShapeBack();
    await start.set(null);
  });
  on("mask_paint", "click", paintPart);
  on("mask_remove", "click", () => start.set(start.blob, null));
  on("as_start", "click", () => arrival(useAsStart(dropped)));
  onPicture({ overlay: $("drop"), input: $("file"), button: $("open") }, handled((file) => arrival(read(file))));
}

async function begin() {
  const model = await models.begin();
  $("model").textContent = [model.name, model.device].filter(Boolean).join(" · ");
  models.offer($("models"), $("vaes"), model);
  dials.begin(model);
  lastRun.begin(model);
  form = new Form($("form"), model, () => fit && showChanged());
  const parts = { box: $("fit"), note: $("fit_note"), start: $("fit_start"), save: $("fit_save"), forget: $("fit_forget") };
  const work = { progress: $("fit_progress"), bar: $("fit_bar"), text: $("fit_text"), cancel: $("fit_cancel") };
  fit = new Fit({ ...parts, ...work }, model, () => form.read({}), useDial);
  const [, compared] = model.methods;  // The paper's, behind the default.
  $("compare_method").append(...model.methods.map((method) => new Option(method, method, false, method === compared)));
  dial.position = localStorage.getItem("latentdial.position") ?? 0.5;
  wire();
  refresh();
  compare();
  document.body.dataset.ready = "yes";
  await start.restore();
  await restoreRun();
}

/** The pictures that were here before a reload. */
async function restoreRun() {
  const before = await lastRun.restore((settings, withImage) => new Run(settings, withImage ? start.upload : null, refresh));
  if (run || !before) return;  // Somebody was quicker.
  run = before;
  refresh();
}

handled(begin)();
