// The pictures side by side, a position under each: drawn here, since the server forgets its jobs.

const GAP = 8;
const COLUMNS = 11;
const LINE = 1.45;
const LARGEST = 16384;  // No browser draws a longer side.

/** The bitmap of each frame with its label, in rows from left to right below the title, as a PNG. */
export function drawStrip(title, cells) {
  const { width, height } = cells[0].bitmap;
  const columns = Math.min(COLUMNS, cells.length);
  const font = Math.min(22, Math.max(11, width / 10));
  const top = GAP + font * 1.25 * LINE;
  const row = height + font * LINE + GAP;
  const page = { width: GAP + columns * (width + GAP), height: top + Math.ceil(cells.length / columns) * row };
  const scale = Math.min(1, LARGEST / Math.max(page.width, page.height));
  const canvas = new OffscreenCanvas(page.width * scale, page.height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.fillStyle = "white";
  context.fillRect(0, 0, page.width, page.height);
  context.fillStyle = "#1a1a1a";
  context.font = `bold ${font * 1.25}px sans-serif`;
  context.fillText(fitted(context, title, page.width - 2 * GAP), GAP, GAP + font * 1.25);
  context.font = `bold ${font}px sans-serif`;
  context.textAlign = "center";
  cells.forEach(({ bitmap, label }, index) => {
    const left = GAP + (index % columns) * (width + GAP);
    const above = Math.round(top + Math.floor(index / columns) * row);
    context.drawImage(bitmap, left, above);
    context.fillText(label, left + width / 2, above + height + font * 1.15, width);
  });
  return canvas.convertToBlob({ type: "image/png" });
}

/** As much of the text as fits. */
function fitted(context, text, width) {
  const letters = [...text];
  const cut = (count) => (count < letters.length ? `${letters.slice(0, count).join("")}…` : text);
  let fits = 0;
  let tooLong = letters.length + 1;
  while (fits + 1 < tooLong) {
    const middle = (fits + tooLong) >> 1;
    if (context.measureText(cut(middle)).width <= width) fits = middle;
    else tooLong = middle;
  }
  return cut(fits);
}
