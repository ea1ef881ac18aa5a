/** Numbers as people read them: bytes, pixels, seconds. */

/** 912 B, 48 kB, 6.2 MB: decimal units, as disks and cameras count. */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 999_500) return `${Math.round(count / 1e3)} kB`;
  return `${trimmed(count / 1e6)} MB`;
}

/** 24 megapixels, 0.4 megapixels, 0.02 megapixels. */
export const megapixels = (pixels) =>
  `${pixels < 1e5 ? (pixels / 1e6).toFixed(2) : trimmed(pixels / 1e6)} megapixels`;

/** 3072 × 2048, kept on one line. */
export const size = (width, height) => `${width}\u00a0×\u00a0${height}`;

/** 0.3 s, 4 s, 2 min: no more digits than an estimate can bear. */
export function duration(seconds) {
  if (seconds < 0.1) return "0.1 s";
  if (seconds < 3) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 60)} min`;
}

const trimmed = (value) => (value < 10 ? value.toFixed(1).replace(/\.0$/, "") : value.toFixed(0));
