/** A JPEG file's first bytes → what its headers say of how it was saved. No pixel is decoded. */

// ITU T.81, table K.1, in the zigzag order of the file: the luma table that quality scales.
const LUMA = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
  29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
  95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];
const SUBSAMPLINGS = {
  "1x1": "4:4:4",
  "2x1": "4:2:2",
  "2x2": "4:2:0",
  "1x2": "4:4:0",
  "4x1": "4:1:1",
};

export const HEAD = 2 ** 18; // Bytes that hold the headers of nearly every file.

/**
 * {quality, exact, grey, subsampling}, or null for what is no JPEG or has no tables in `bytes`.
 *
 * quality is libjpeg's scale, 1 to 100: the nearest one where another program made the tables,
 * which `exact` tells.
 */
export function readJpeg(bytes) {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  let luma = null;
  for (const { marker, body } of segments(bytes)) {
    if (marker === 0xdb) luma ??= lumaOf(body);
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (frame && luma) return { ...qualityOf(luma), ...componentsOf(body) };
  }
  return null;
}

function* segments(bytes) {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    const length = (bytes[at + 2] << 8) | bytes[at + 3];
    if (marker === 0xda || length < 2) return; // The picture itself begins.
    yield { marker, body: bytes.subarray(at + 4, at + 2 + length) };
    at += 2 + length;
  }
}

/** Table 0 of a DQT segment, which all encoders use for luma. */
function lumaOf(body) {
  for (let at = 0; at < body.length;) {
    const wide = body[at] >> 4;
    const size = wide ? 128 : 64;
    if ((body[at] & 15) === 0 && at + 1 + size <= body.length) {
      return Array.from({ length: 64 }, (_, index) =>
        wide ? (body[at + 1 + 2 * index] << 8) | body[at + 2 + 2 * index] : body[at + 1 + index],
      );
    }
    at += 1 + size;
  }
  return null;
}

function qualityOf(table) {
  let best = { quality: 0, distance: Infinity };
  for (let quality = 1; quality <= 100; quality += 1) {
    const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
    const distance = LUMA.reduce((sum, value, index) => {
      const scaled = Math.min(255, Math.max(1, Math.floor((value * scale + 50) / 100)));
      return sum + Math.abs(scaled - Math.min(255, table[index]));
    }, 0);
    if (distance < best.distance) best = { quality, distance };
  }
  return { quality: best.quality, exact: best.distance === 0 };
}

function componentsOf(body) {
  const count = body[5];
  const factors = `${body[7] >> 4}x${body[7] & 15}`;
  return { grey: count === 1, subsampling: count === 3 ? (SUBSAMPLINGS[factors] ?? null) : null };
}
