/** A file → a photo the page can show, name and judge against the server's limits. */

import { problems } from "./sentences.js";

const THUMBNAIL = 160; // Pixels of the longest side.
const EXTENSIONS = { jpeg: "jpg", tiff: "tif" };

/** The formats for which `quality` means anything. */
export const LOSSY = ["jpeg", "webp", "avif"];

/**
 * What the page knows of a photo: `link` to its bytes, `width` and `height` in upright pixels.
 * `url` is the link where this browser can show the photo, else null as are the sides: TIFF and
 * HEIC are restored all the same.
 */
export async function openPhoto(blob) {
  const link = URL.createObjectURL(blob);
  const { name = "photo", size, type } = blob;
  const photo = { file: blob, name, size, type, link, url: null, width: null, height: null };
  const image = new Image();
  image.src = link;
  try {
    await image.decode();
    return { ...photo, url: link, width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    return photo;
  }
}

/** A small WebP of a photo for lists, or null where this browser cannot show the photo. */
export async function thumbnailOf({ file, url, width, height }) {
  if (!url) return null;
  const scale = THUMBNAIL / Math.max(width, height, THUMBNAIL);
  const [resizeWidth, resizeHeight] = [width, height].map((side) =>
    Math.max(1, Math.round(side * scale)),
  );
  const bitmap = await createImageBitmap(file, {
    resizeWidth,
    resizeHeight,
    resizeQuality: "medium",
  });
  const canvas = new OffscreenCanvas(resizeWidth, resizeHeight);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/webp" });
}

/** Give a photo's memory back; nothing may use its link any longer. */
export const closePhoto = (photo) => photo && URL.revokeObjectURL(photo.link);

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
