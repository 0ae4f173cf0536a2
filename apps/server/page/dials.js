// Dials that were fitted here: this browser keeps them, each for its model and style, and they go with the requests.

const KEPT = "latentdial.dials";
const MOST = 40;

let model = null;
let dials = new Map();  // By style in lower case, the latest last; what a dial's file holds.

const place = () => `${KEPT}.${model.fingerprint}`;
const nameOf = (style) => style.trim().toLowerCase();

/** To be called once, with the model that is served. */
export function begin(served) {
  model = served;
  try {
    // Those of another version have no points.
    dials = new Map(JSON.parse(localStorage.getItem(place()) ?? "[]").filter(([, dial]) => Array.isArray(dial.points)));
  } catch {
    localStorage.removeItem(place());
  }
}

/** The style's dial that was fitted here, or null. */
export const find = (style) => dials.get(nameOf(style)) ?? null;

/** Whether the model has a dial of its own for the style. */
export const isModels = (style) => model.styles.some((one) => nameOf(one) === nameOf(style));

/** Whether a method starts from dials that are fitted. */
export const takesDial = (method) => Boolean(model.dial_methods.find(({ name }) => name === (method || model.methods[0]))?.takes_dial);

/** The dial that goes with these settings, or null. */
export const dialFor = ({ style, method }) => (style && takesDial(method) ? find(style) : null);

export function keep(dial) {
  forget(dial.style);
  dials.set(nameOf(dial.style), dial);
  for (const oldest of [...dials.keys()].slice(0, -MOST)) dials.delete(oldest);
  save();
}

export function forget(style) {
  dials.delete(nameOf(style));
  save();
}

function save() {
  try {
    localStorage.setItem(place(), JSON.stringify([...dials]));
  } catch {
    // A browser that keeps nothing has them until the page is closed.
  }
}
