// An animated PNG from PNG pictures of one size and colour type: their compressed data is moved, not decoded.
import { readChunks, writeChunks } from "./png.js";

/** `pictures` are ArrayBuffers of PNG files, `delays` their times in milliseconds; plays for ever. */
export function animate(pictures, delays) {
  const files = pictures.map(readChunks);
  const header = files[0].find((chunk) => chunk.type === "IHDR");
  const numbers = new DataView(header.data.buffer, header.data.byteOffset);
  const size = { width: numbers.getUint32(0), height: numbers.getUint32(4) };
  const chunks = [header, control(files.length)];
  let sequence = 0;
  files.forEach((file, index) => {
    chunks.push(frameControl(sequence++, size, delays[index]));
    for (const { type, data } of file) {
      if (type !== "IDAT") continue;
      // The first frame is the still picture for programs that know no animation, so its data keeps its name.
      chunks.push(index === 0 ? { type, data } : frameData(sequence++, data));
    }
  });
  return writeChunks([...chunks, { type: "IEND", data: new Uint8Array() }]);
}

function control(frames) {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setUint32(0, frames);
  return { type: "acTL", data };
}

function frameControl(sequence, { width, height }, delay) {
  const data = new Uint8Array(26);
  const view = new DataView(data.buffer);
  view.setUint32(0, sequence);
  view.setUint32(4, width);
  view.setUint32(8, height);
  view.setUint16(20, delay);
  view.setUint16(22, 1000);
  return { type: "fcTL", data };
}

function frameData(sequence, bytes) {
  const data = new Uint8Array(4 + bytes.length);
  new DataView(data.buffer).setUint32(0, sequence);
  data.set(bytes, 4);
  return { type: "fdAT", data };
}
