/**
 * In a worker: a photo's pixels → where scratches, cracks and dust may be, to be corrected.
 *
 * In goes an ImageBitmap, back comes an ImageBitmap in the mask's ink. What is narrower than the
 * structuring square and stands out from both its sides is what a morphological top-hat leaves
 * (white for scratches, black for cracks); of that, long or isolated pieces are kept.
 */

const SIDE = 1400; // Pixels of the longest side that are looked at.
const REACH = 4; // Half the width of the widest scratch, in those pixels.
const DEVIATIONS = 5; // By how many typical deviations a pixel must stand out ...
const LEAST = 22; // ... and by how many levels of 255.
const SMALLEST = 24; // Pixels of the smallest piece.
const THIN = 0.42; // A piece covers at most this share of its bounding box, or is long.
const GROW = 2; // Pixels added around a piece: a scratch has soft edges.

self.addEventListener("message", async ({ data: bitmap }) => {
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const image = context.getImageData(0, 0, width, height);
  const mask = grown(
    pieces(standsOut(luma(image.data), width, height), width, height),
    width,
    height,
  );
  mask.forEach((hole, index) => image.data.set([255, 47, 109, hole ? 255 : 0], 4 * index));
  context.putImageData(image, 0, 0);
  const found = canvas.transferToImageBitmap();
  self.postMessage({ found, share: mask.reduce((sum, hole) => sum + hole, 0) / mask.length }, [
    found,
  ]);
});

function luma(rgba) {
  return Float32Array.from({ length: rgba.length / 4 }, (_, index) => {
    const at = 4 * index;
    return 0.299 * rgba[at] + 0.587 * rgba[at + 1] + 0.114 * rgba[at + 2];
  });
}

/** Pixels that a closing or an opening would change by far more than is usual in this photo. */
function standsOut(values, width, height) {
  const extreme = (from, pick) =>
    along(along(from, width, height, pick), width, height, pick, true);
  const opened = extreme(extreme(values, Math.min), Math.max);
  const closed = extreme(extreme(values, Math.max), Math.min);
  const hat = values.map((value, index) => Math.max(value - opened[index], closed[index] - value));
  const mean = hat.reduce((sum, value) => sum + value, 0) / hat.length;
  const limit = Math.max(LEAST, DEVIATIONS * mean);
  return Uint8Array.from(hat, (value) => (value > limit ? 1 : 0));
}

/** The least or largest value within REACH, along rows or columns. */
function along(values, width, height, pick, down = false) {
  const [length, lines, step, next] = down ? [height, width, width, 1] : [width, height, 1, width];
  const made = new Float32Array(values.length);
  for (let line = 0; line < lines; line += 1) {
    for (let at = 0; at < length; at += 1) {
      const from = Math.max(0, at - REACH);
      const to = Math.min(length - 1, at + REACH);
      let found = values[line * next + from * step];
      for (let by = from + 1; by <= to; by += 1)
        found = pick(found, values[line * next + by * step]);
      made[line * next + at * step] = found;
    }
  }
  return made;
}

/** Connected pieces that are large enough and thin: texture is neither. */
function pieces(mask, width, height) {
  const kept = new Uint8Array(mask.length);
  const seen = new Uint8Array(mask.length);
  for (let start = 0; start < mask.length; start += 1) {
    if (!mask[start] || seen[start]) continue;
    const piece = connected(mask, seen, start, width, height);
    if (isScratch(piece, width)) for (const index of piece) kept[index] = 1;
  }
  return kept;
}

function connected(mask, seen, start, width, height) {
  const piece = [start];
  seen[start] = 1;
  for (let done = 0; done < piece.length; done += 1) {
    const x = piece[done] % width;
    const y = (piece[done] - x) / width;
    for (let down = Math.max(0, y - 1); down <= Math.min(height - 1, y + 1); down += 1) {
      for (let right = Math.max(0, x - 1); right <= Math.min(width - 1, x + 1); right += 1) {
        const next = down * width + right;
        if (!mask[next] || seen[next]) continue;
        seen[next] = 1;
        piece.push(next);
      }
    }
  }
  return piece;
}

function isScratch(piece, width) {
  if (piece.length < SMALLEST) return false;
  const across = piece.map((index) => index % width);
  const down = piece.map((index) => Math.floor(index / width));
  const span = (values) =>
    values.reduce((most, value) => Math.max(most, value), 0) -
    values.reduce((least, value) => Math.min(least, value), Infinity) +
    1;
  const [wide, high] = [span(across), span(down)];
  const long = Math.max(wide, high);
  return (
    long >= 6 * REACH && (piece.length / (wide * high) < THIN || Math.min(wide, high) <= 2 * REACH)
  );
}

function grown(mask, width, height) {
  const made = new Uint8Array(mask.length);
  mask.forEach((hole, index) => {
    if (!hole) return;
    const x = index % width;
    const y = (index - x) / width;
    for (let down = Math.max(0, y - GROW); down <= Math.min(height - 1, y + GROW); down += 1) {
      made.fill(
        1,
        down * width + Math.max(0, x - GROW),
        down * width + Math.min(width - 1, x + GROW) + 1,
      );
    }
  });
  return made;
}
