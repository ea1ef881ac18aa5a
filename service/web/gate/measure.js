/**
 * In a worker: a photo's pixels → how blurred and how noisy it is, and what colours it has.
 *
 * In goes an ImageBitmap, back comes {blur, noise, grey, toned}. Blur is the measure of Crete et
 * al. 2007 (doi:10.1117/12.702790), from 0, sharp, to 1: how much of the change between neighbours
 * is left when the photo is blurred once more. It is taken in the sharpest of nine squares,
 * since a sharp photo may well have a soft background.
 *
 * Noise is a standard deviation of luma in levels of 255, by the filter of Immerkær 1996
 * (doi:10.1006/cviu.1996.0060), which sees neither levels nor slopes; it is taken where the nine
 * squares are smoothest, since texture would pass for noise. 0 where nothing is smooth and lit.
 */

const SQUARE = 192; // Pixels a side.
const REACH = 4; // Pixels that the second blur reaches to either side.
const PREVIEW = 96; // Pixels of the longest side, for colours.
const BLOCK = 16; // Pixels a side of what noise is measured in.
const DARK = 16; // Luma below which, and as far from white, noise is cut off.
const SMOOTHEST = 0.1; // Share of blocks that are smoother than what counts.
const FEWEST = 20; // Blocks of which such a share says something.
const CHROMA = 7; // Levels of 255 from grey that an eye begins to see.

self.addEventListener("message", ({ data: bitmap }) => {
  const { grey, toned } = colours(bitmap);
  const found = squares(bitmap);
  const blur = Math.min(...found.map(blurOf));
  self.postMessage({ blur, noise: noiseOf(found), grey, toned });
  bitmap.close();
});

function pixels(bitmap, x, y, width, height, toWidth = width, toHeight = height) {
  const canvas = new OffscreenCanvas(toWidth, toHeight);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, x, y, width, height, 0, 0, toWidth, toHeight);
  return context.getImageData(0, 0, toWidth, toHeight).data;
}

/** Nine squares spread over the photo: {values, width, height}, luma of each. */
function squares(bitmap) {
  const width = Math.min(SQUARE, bitmap.width);
  const height = Math.min(SQUARE, bitmap.height);
  const places = [0.1, 0.5, 0.9].flatMap((down) => [0.1, 0.5, 0.9].map((right) => [right, down]));
  return places.map(([right, down]) => {
    const x = Math.round((bitmap.width - width) * right);
    const y = Math.round((bitmap.height - height) * down);
    return { values: luma(pixels(bitmap, x, y, width, height)), width, height };
  });
}

function luma(rgba) {
  const values = new Float32Array(rgba.length / 4);
  for (let index = 0; index < values.length; index += 1) {
    const at = 4 * index;
    values[index] = 0.299 * rgba[at] + 0.587 * rgba[at + 1] + 0.114 * rgba[at + 2];
  }
  return values;
}

/** The blurrier of the two directions; 1 where there is nothing to see. */
function blurOf({ values, width, height }) {
  const across = lostShare(values, width, height, 1, width);
  const down = lostShare(values, height, width, width, 1);
  return Math.max(across, down);
}

function noiseOf(found) {
  const deviations = found.flatMap(blockNoises).sort((one, other) => one - other);
  if (deviations.length < FEWEST) return 0;
  return deviations[Math.floor(deviations.length * SMOOTHEST)];
}

/** The standard deviation in each block that is neither nearly black nor nearly white. */
function blockNoises({ values, width, height }) {
  const found = [];
  for (let top = 1; top + BLOCK < height; top += BLOCK) {
    for (let left = 1; left + BLOCK < width; left += BLOCK) {
      let light = 0;
      let change = 0;
      for (let y = top; y < top + BLOCK; y += 1) {
        for (let at = y * width + left; at < y * width + left + BLOCK; at += 1) {
          light += values[at];
          change += Math.abs(curvature(values, at, width));
        }
      }
      const mean = light / BLOCK ** 2;
      if (mean > DARK && mean < 255 - DARK) {
        found.push((Math.sqrt(Math.PI / 2) * change) / (6 * BLOCK ** 2));
      }
    }
  }
  return found;
}

/** The difference of two Laplacians: of white noise, six times its standard deviation. */
function curvature(values, at, width) {
  const row = (middle) => values[middle - 1] - 2 * values[middle] + values[middle + 1];
  return row(at - width) - 2 * row(at) + row(at + width);
}

/** Along lines of `length`: `step` leads to the next pixel, `next` to the next line. */
function lostShare(values, length, lines, step, next) {
  let all = 0;
  let lost = 0;
  const soft = new Float32Array(length);
  for (let line = 0; line < lines; line += 1) {
    const start = line * next;
    smooth(values, soft, start, step);
    for (let at = 1; at < length; at += 1) {
      const sharp = Math.abs(values[start + at * step] - values[start + (at - 1) * step]);
      all += sharp;
      lost += Math.max(0, sharp - Math.abs(soft[at] - soft[at - 1]));
    }
  }
  return all < length * lines * 0.2 ? 1 : 1 - lost / all;
}

function smooth(values, soft, start, step) {
  const { length } = soft;
  for (let at = 0; at < length; at += 1) {
    let sum = 0;
    for (let by = -REACH; by <= REACH; by += 1) {
      sum += values[start + Math.min(length - 1, Math.max(0, at + by)) * step];
    }
    soft[at] = sum / (2 * REACH + 1);
  }
}

/** Whether there is no colour at all, or one tone only, as of a sepia print. */
function colours(bitmap) {
  const scale = Math.min(1, PREVIEW / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const rgba = pixels(bitmap, 0, 0, bitmap.width, bitmap.height, width, height);
  const count = width * height;
  const points = Array.from({ length: count }, (_, index) => {
    const [red, green, blue] = rgba.subarray(4 * index, 4 * index + 3);
    const light = 0.299 * red + 0.587 * green + 0.114 * blue;
    return [0.564 * (blue - light), 0.713 * (red - light)];
  });
  const mean = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / count);
  const coloured = points.filter(([u, v]) => Math.hypot(u, v) > CHROMA).length / count;
  const apart =
    points.filter(([u, v]) => Math.hypot(u - mean[0], v - mean[1]) > CHROMA).length / count;
  const grey = coloured < 0.005;
  return { grey, toned: !grey && apart < 0.02 };
}
