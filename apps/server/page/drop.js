// A picture dropped anywhere on the page, or chosen with the file button.

/** Calls `received(file)` for each picture. */
export function onPicture({ overlay, input, button }, received) {
  const hasFile = (event) => event.dataTransfer?.types.includes("Files");
  const over = (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    overlay.hidden = false;
  };
  document.addEventListener("dragenter", over);
  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) overlay.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    overlay.hidden = true;
    if (event.dataTransfer.files[0]) received(event.dataTransfer.files[0]);
  });
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    if (input.files[0]) received(input.files[0]);
    input.value = "";  // The same file may be chosen again.
  });
}
