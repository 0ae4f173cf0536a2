// Blobs and settings that outlive a reload, in the browser's IndexedDB.

const opened = new Promise((resolve, reject) => {
  const request = indexedDB.open("latentdial", 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("pictures", { keyPath: "id" });
    request.result.createObjectStore("kept");
  };
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(new Error("This browser keeps no pictures (private window?)."));
});
opened.catch(() => {});  // Reported by whoever uses the store.

async function ask(store, mode, action) {
  const transaction = (await opened).transaction(store, mode);
  const request = action(transaction.objectStore(store));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(new Error(`The picture could not be kept: ${transaction.error?.message ?? "no room"}.`));
  });
}

export const pictures = () => ask("pictures", "readonly", (store) => store.getAll());
export const addPicture = (picture) => ask("pictures", "readwrite", (store) => store.put(picture));
export const removePicture = (id) => ask("pictures", "readwrite", (store) => store.delete(id));

export const kept = (name) => ask("kept", "readonly", (store) => store.get(name));
export const keep = (name, value) => ask("kept", "readwrite", (store) => store.put(value, name));
export const forget = (name) => ask("kept", "readwrite", (store) => store.delete(name));
