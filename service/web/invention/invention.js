/**
 * How much of a restoration is invented: what another restoration of the same photo, just as
 * likely to the network, would have shown otherwise.
 */

const SIDE = 1600; // Pixels of the map's longest side.

/** {map, share} of two or more restorations, as openPhoto makes them: see spread.js. */
export async function spread(pictures) {
  const bitmaps = await Promise.all(
    pictures.map(({ file, width, height }) => {
      const scale = Math.min(1, SIDE / Math.max(width, height));
      const [resizeWidth, resizeHeight] = [width, height].map((side) =>
        Math.max(1, Math.round(side * scale)),
      );
      return createImageBitmap(file, { resizeWidth, resizeHeight, resizeQuality: "high" });
    }),
  );
  const worker = new Worker(new URL("spread.js", import.meta.url), { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.addEventListener("message", ({ data }) => resolve(data));
      worker.addEventListener("error", reject);
      worker.postMessage(bitmaps, bitmaps);
    });
  } finally {
    worker.terminate();
  }
}

/**
 * The preset to compare with: `fast`, which keeps to what is there, or for `fast` itself the
 * one that invents most.
 */
export function counterpart(task, preset) {
  const others = ["best", "balanced"].filter((name) => task.presets[name]);
  return preset === "fast" ? (others[0] ?? null) : task.presets.fast ? "fast" : null;
}
