/**
 * What restorations cost on this server: the published figures, scaled by what this browser saw.
 *
 * A network's rate is seconds per megapixel (of the answer) and step. Before a network was seen,
 * its published rate counts, times the factor by which other networks differed from theirs.
 */

const KEY = "rialto.pace";
const KEPT = 8;
const LEAST = 0.1; // Megapixels times steps: what is smaller is mostly overhead.

/** Note that `done` of a task's preset took what its timing says. */
export function learn(task, preset, done) {
  const { network, steps } = task.presets[preset];
  const work = ((done.width * done.height) / 1e6) * steps;
  if (work < LEAST || !done.timing?.infer) return;
  const rate = done.timing.infer / 1000 / work;
  const seen = read();
  seen[network] = [...(seen[network] ?? []), { rate, factor: factorOf(task, preset, rate) }];
  seen[network] = seen[network].slice(-KEPT);
  write(seen);
}

/** Seconds that a preset takes for so many pixels of the answer; null while nothing is known. */
export function expected(task, preset, pixels) {
  const { network, steps } = task.presets[preset];
  const megapixels = pixels / 1e6;
  const seen = read();
  if (seen[network]) return median(seen[network].map(({ rate }) => rate)) * megapixels * steps;
  const published = publishedRate(task, preset);
  if (published === null) return null;
  const factors = Object.values(seen).flatMap((rows) => rows.map(({ factor }) => factor));
  return published * steps * megapixels * median(factors.filter(Boolean));
}

/** Seconds per megapixel and step, as measured where the network was made; or null. */
function publishedRate(task, name) {
  const preset = task.presets[name];
  const row = preset.quality.find(({ seconds_per_megapixel: seconds }) => seconds);
  return row ? row.seconds_per_megapixel / preset.steps : null;
}

function factorOf(task, preset, rate) {
  const published = publishedRate(task, preset);
  return published === null ? null : rate / published;
}

function median(values) {
  if (!values.length) return 1;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // No storage here, or another version's.
  }
}

function write(seen) {
  try {
    localStorage.setItem(KEY, JSON.stringify(seen));
  } catch {
    // No storage here: the published figures stay.
  }
}
