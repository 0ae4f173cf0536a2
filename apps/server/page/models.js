// Which of the server's models the page draws with. The browser keeps the choice; another one loads the page anew.
import * as api from "./api.js";

const KEPT = "latentdial.model";

/** What the server says of the model that was chosen, or of its main one where none was, or where that is gone. */
export async function begin() {
  const chosen = localStorage.getItem(KEPT);
  const { models, ...main } = await api.model();
  const model = chosen && chosen !== main.name && models.includes(chosen) ? await api.model(chosen) : { models, ...main };
  if (model.name !== main.name) api.drawWith(model.name);
  return model;
}

/** Fills a select, which is shown where there is a choice. */
export function offer(select, { name, models }) {
  select.parentElement.hidden = models.length < 2;
  select.replaceChildren(...models.map((each) => new Option(each, each, false, each === name)));
  select.addEventListener("change", () => {
    localStorage.setItem(KEPT, select.value);
    location.reload();
  });
}
