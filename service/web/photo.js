/** A file → a photo the page can show, name and judge against the server's limits. */

import { problems } from "./strings.js";

const EXTENSIONS = { jpeg: "jpg", tiff: "tif" };

/** The formats for which `quality` means anything. */
export const LOSSY = ["jpeg", "webp", "avif"];

/**
 * What the page knows of a photo. `url`, `width` and `height` (pixels, upright) are null where
 * this browser cannot show it: TIFF and HEIC are restored all the same.
 */
export async function openPhoto(blob) {
  const photo = { file: blob, name: blob.name || "photo", size: blob.size, type: blob.type };
  const url = URL.createObjectURL(blob);
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    return { ...photo, url, width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    URL.revokeObjectURL(url);
    return { ...photo, url: null, width: null, height: null };
  }
}

/** Give a photo's memory back; nothing may show its `url` any longer. */
export function closePhoto(photo) {
  if (photo?.url) URL.revokeObjectURL(photo.url);
}

/** Pixels of the restored photo, or null where the photo's size is unknown. */
export const outputPixels = (photo, task) =>
  photo?.width ? photo.width * photo.height * task.scale ** 2 : null;

/** The words of a problem the server would answer with, known before anything is sent. */
export function refusal(photo, task, limits) {
  if (photo.size > limits.max_body_bytes) {
    return problems.tooManyBytes(photo.size, limits.max_body_bytes);
  }
  const pixels = (photo.width ?? 0) * (photo.height ?? 0);
  if (pixels > limits.max_input_megapixels * 1e6) {
    return problems.tooManyPixels(pixels, limits.max_input_megapixels);
  }
  if (outputPixels(photo, task) > limits.max_output_megapixels * 1e6) {
    return problems.tooManyPixelsOut(outputPixels(photo, task), limits.max_output_megapixels);
  }
  return null;
}

/** "image/jpeg" → "jpeg". */
export const formatOf = (type) => type.replace(/^image\//, "");

/** holiday.jpg restored as PNG → holiday.rialto.png */
export function restoredName(name, format) {
  const stem = name.replace(/\.[^.]+$/, "") || "photo";
  return `${stem}.rialto.${EXTENSIONS[format] ?? format}`;
}
