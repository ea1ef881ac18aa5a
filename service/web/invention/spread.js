/**
 * In a worker: restorations of one photo → a map of how far they lie apart.
 *
 * In go ImageBitmaps of one size, back comes {map, share}: a PNG whose ink grows with the
 * range of the restorations at a pixel, and the share of the photo where that is plain to see.
 */

const FULL = 32; // Levels of 255 from which the ink is full.
const PLAIN = 12; // Levels from which an eye sees another picture.
const REACH = 2; // Pixels to either side over which the range is averaged.
const INK = [255, 80, 0];

self.addEventListener("message", async ({ data: bitmaps }) => {
  const [{ width, height }] = bitmaps;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const pictures = bitmaps.map((bitmap) => {
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return context.getImageData(0, 0, width, height).data;
  });
  const apart = averaged(averaged(ranges(pictures), width, height, 1), width, height, width);
  const image = context.createImageData(width, height);
  apart.forEach((value, index) => {
    image.data.set([...INK, 255 * Math.min(1, value / FULL)], 4 * index);
  });
  context.putImageData(image, 0, 0);
  const share = apart.reduce((count, value) => count + (value > PLAIN), 0) / apart.length;
  self.postMessage({ map: await canvas.convertToBlob({ type: "image/png" }), share });
});

/** The largest less the least value at each pixel, averaged over the three colours. */
function ranges(pictures) {
  return Float32Array.from({ length: pictures[0].length / 4 }, (_, index) => {
    let sum = 0;
    for (let at = 4 * index; at < 4 * index + 3; at += 1) {
      let least = 255;
      let most = 0;
      for (const picture of pictures) {
        least = Math.min(least, picture[at]);
        most = Math.max(most, picture[at]);
      }
      sum += most - least;
    }
    return sum / 3;
  });
}

/** A running mean along rows (`step` 1) or columns (`step` the width). */
function averaged(values, width, height, step) {
  const length = step === 1 ? width : height;
  return values.map((_, index) => {
    const at = step === 1 ? index % width : Math.floor(index / width);
    const from = Math.max(-REACH, -at);
    const to = Math.min(REACH, length - 1 - at);
    let sum = 0;
    for (let by = from; by <= to; by += 1) sum += values[index + by * step];
    return sum / (to - from + 1);
  });
}
