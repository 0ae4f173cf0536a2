// The gallery: pictures that were kept, newest first; a click brings picture and settings back.
import * as store from "./store.js";
import { percent } from "./dial.js";
import { titleOf } from "./title.js";

export class Gallery {
  #urls = [];
  #deleted = null;  // The picture that Undo brings back.

  constructor({ list, empty, deleted }, chosen, failed) {
    Object.assign(this, { list, empty, deleted, chosen, failed });
    this.undo = deleted.querySelector("button");
    this.undo.addEventListener("click", () => this.#bringBack());
    this.show();
  }

  /** Keeps a frame; the same picture twice is kept once. */
  async add(frame, { image, mask }) {
    const id = JSON.stringify([frame.settings, image?.size ?? 0, mask?.size ?? 0]);
    await store.addPicture({ id, png: frame.blob, settings: frame.settings, position: frame.position, image, mask, made: Date.now() });
    await this.show();
  }

  async show() {
    try {
      const pictures = await store.pictures();
      pictures.sort((a, b) => b.made - a.made);
      this.#urls.forEach((url) => URL.revokeObjectURL(url));
      this.#urls = pictures.map((picture) => URL.createObjectURL(picture.png));
      const titles = pictures.map(captionOf);
      const alone = (title) => titles.indexOf(title) === titles.lastIndexOf(title);
      this.list.replaceChildren(...pictures.map((picture, index) => this.#item(picture, this.#urls[index], alone(titles[index]))));
      this.deleted.hidden = !this.#deleted;
      this.empty.hidden = pictures.length > 0;
    } catch (error) {
      this.failed(error);
    }
  }

  #item(picture, url, alone) {
    const { seed } = picture.settings;  // A network draws nothing by one.
    const title = alone || seed === undefined ? captionOf(picture) : `${captionOf(picture)} · seed ${seed}`;
    const image = Object.assign(new Image(), { src: url, alt: "" });
    const caption = document.createElement("span");
    caption.textContent = title;
    const open = document.createElement("button");
    open.type = "button";
    open.className = "kept";
    open.title = "Bring picture and settings back";
    open.append(image, caption);
    open.addEventListener("click", () => this.chosen(picture));
    const item = document.createElement("li");
    item.append(open, this.#remover(picture, title));
    return item;
  }

  #remover(picture, title) {
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "remove";
    remove.textContent = "×";
    remove.setAttribute("aria-label", `Delete ${title}`);
    remove.addEventListener("click", async () => {
      try {
        await store.removePicture(picture.id);
        this.#deleted = picture;
        this.deleted.querySelector("span").textContent = `Deleted: ${title}.`;
        await this.show();
        this.undo.focus({ preventScroll: true });
      } catch (error) {
        this.failed(error);
      }
    });
    return remove;
  }

  async #bringBack() {
    try {
      await store.addPicture(this.#deleted);
      this.#deleted = null;
      await this.show();
      (this.list.querySelector("button") ?? document.getElementById("prompt")).focus({ preventScroll: true });
    } catch (error) {
      this.failed(error);
    }
  }
}

function captionOf({ settings, position }) {
  const { prompt, style } = settings;
  return style ? `${prompt} · ${style} ${percent(position)}` : titleOf(settings);
}
