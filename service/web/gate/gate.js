/** A photo → what can be seen of it before anything is sent, and which task that suggests. */

import { HEAD, readJpeg } from "./jpeg.js";

const MOST = 60e6; // Pixels: beyond, to decode them once more would take too much memory.
const JPEG_HURTS = 62; // Qualities up to it show blocks and rings.
const SMALL = 800; // Pixels of the longest side that a screen shows too small.
export const SOFT = 0.55; // Blur from which even the sharpest part looks out of focus.
export const NOISY = 4.5; // Levels of luma: one photograph in fifty has as much without being noisy.

/**
 * {jpeg, blur, noise, grey, toned}: `jpeg` as readJpeg tells it, the rest null where this browser
 * cannot show the photo, or finds it too large, or has no canvas for workers.
 */
export async function look(photo) {
  const [jpeg, pixels] = await Promise.all([
    photo.file
      .slice(0, HEAD)
      .arrayBuffer()
      .then((bytes) => readJpeg(new Uint8Array(bytes))),
    photo.url && photo.width * photo.height <= MOST ? measure(photo.file).catch(() => null) : null,
  ]);
  const { blur = null, noise = null, grey = null, toned = null } = pixels ?? {};
  return { jpeg, blur, noise, grey: grey ?? jpeg?.grey ?? null, toned };
}

async function measure(file) {
  const bitmap = await createImageBitmap(file);
  const worker = new Worker(new URL("measure.js", import.meta.url), { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.addEventListener("message", ({ data }) => resolve(data));
      worker.addEventListener("error", reject);
      worker.postMessage(bitmap, [bitmap]);
    });
  } finally {
    worker.terminate();
  }
}

/**
 * {task, why} of the tasks on offer that suits best, or null where nothing stands out.
 *
 * What is named first is what spoils a photo most. `why` names a sentence.
 */
export function propose(photo, seen, tasks) {
  const compressed = seen.jpeg !== null && seen.jpeg.quality <= JPEG_HURTS;
  const small = photo.width !== null && Math.max(photo.width, photo.height) < SMALL;
  const soft = seen.blur !== null && seen.blur > SOFT;
  const noisy = seen.noise !== null && seen.noise > NOISY;
  const old = seen.grey || seen.toned;
  const wishes = [
    [old && (compressed || soft || noisy), "mixture", "old"],
    [compressed && small, "sr4x-real", "smallAndCompressed"],
    [compressed, "jpeg", "compressed"],
    [noisy && small, "sr4x-real", "smallAndNoisy"],
    [noisy, "denoise", "noisy"],
    [soft && !small, "deblur", "soft"],
    [small, "sr4x", "small"],
    [small, "sr4x-real", "small"],
    [old, "mixture", "old"],
  ];
  const offered = tasks.map(({ task }) => task);
  const found = wishes.find(([holds, task]) => holds && offered.includes(task));
  return found ? { task: found[1], why: found[2] } : null;
}
