// Which of the server's models and VAEs the page draws with. The browser keeps the choice; another one loads the page anew.
import * as api from "./api.js";

const MODEL = "latentdial.model";
const VAE = "latentdial.vae";
const OWN = "the model's own";

/** What the server says of a model, without the VAE where the two do not go together. */
async function look(name, vae) {
  try {
    return await api.model(name, vae);
  } catch (error) {
    if (!vae || error.status !== 400) throw error;
    return api.model(name);
  }
}

/** What it says of what was chosen, or of its main model with its own VAE where nothing was, or where that is gone. */
export async function begin() {
  const main = await api.model();
  const chosen = (key, names) => names.find((name) => name === localStorage.getItem(key));
  const name = chosen(MODEL, main.models) ?? main.name;
  const vae = chosen(VAE, main.vaes);
  const model = vae || name !== main.name ? await look(name, vae) : main;
  if (model !== main) api.drawWith(model.name, model.vae);
  return model;
}

/** Fills a select, which is shown where there is a choice. */
function fill(select, options, key) {
  select.parentElement.hidden = options.length < 2;
  select.replaceChildren(...options);
  select.addEventListener("change", () => {
    localStorage.setItem(key, select.value);
    location.reload();
  });
}

/** Offers all models and VAEs. */
export function offer(models, vaes, { name, models: names, vae, vaes: files }) {
  fill(models, names.map((each) => new Option(each, each, false, each === name)), MODEL);
  fill(vaes, [new Option(OWN, ""), ...files.map((each) => new Option(each, each, false, each === vae))], VAE);
}
