/** Every English sentence of the page that says a number or a name; strings.js has the labels. */

import { bytes, duration, megapixels, size } from "./amounts.js";
import { NOISY, SOFT } from "./gate/gate.js";
import { text } from "./strings.js";

export const problems = {
  unreachable: {
    title: "The server cannot be reached",
    detail: "Your photo is still here. Check the connection, then try again.",
  },
  cutOff: {
    title: "The connection was lost half-way",
    detail: "Your photo is still here. Try again to restore it from the start.",
  },
  unknown: (status) => ({
    title: "The server could not answer",
    detail: `It said ${status} without giving a reason. Your photo is still here: try again.`,
  }),
  tooManyBytes: (has, limit) => ({
    title: "This file is too large",
    detail: `It has ${bytes(has)}; this server takes up to ${bytes(limit)}.`,
  }),
  tooManyPixels: (has, limit) => ({
    title: "This photo is too large",
    detail: `It has ${megapixels(has)}; this server takes up to ${megapixels(limit * 1e6)}.`,
  }),
  tooManyPixelsOut: (has, limit) => ({
    title: "The restored photo would be too large",
    detail:
      `It would have ${megapixels(has)}; this server makes up to ${megapixels(limit * 1e6)}. ` +
      "Choose another task or a smaller photo.",
  }),
  request: (id) => `Request ${id}`,
  retryAfter: (seconds) => ` Try again in ${duration(seconds)}.`,
};

/** What the gate saw, a few words each. */
export function seen(photo, { jpeg, blur, noise, grey, toned }) {
  const format = photo.type.replace(/^image\//, "").toUpperCase();
  const saved = jpeg && `JPEG quality ${jpeg.exact ? "" : "about "}${jpeg.quality}`;
  return [
    saved ?? format,
    jpeg?.subsampling && `colour ${jpeg.subsampling}`,
    photo.width && megapixels(photo.width * photo.height),
    grey ? "black and white" : toned && "one tone",
    blur !== null && sharpness(blur),
    noise !== null && graininess(noise),
  ].filter(Boolean);
}

const sharpness = (blur) => (blur < 0.42 ? "sharp" : blur <= SOFT ? "a little soft" : "soft");

const graininess = (noise) => noise > 2 && (noise > NOISY ? "noisy" : "a little noisy");

/** Why a task is suggested. */
export const reasons = {
  old: "It looks like a scan of an old print, with more than one kind of damage.",
  smallAndCompressed: "It is small, and was saved so strongly that blocks and rings show.",
  compressed: "It was saved so strongly that blocks and rings show.",
  smallAndNoisy: "It is small and noisy: four times the size, without the noise.",
  noisy: "Its smooth parts are noisy, as of a sensor in little light.",
  soft: "Even its sharpest part is out of focus.",
  small: "It is small: four times the size, with detail to match.",
  nothing: "Nothing stands out: every task may be tried.",
  unshown: "This browser cannot look into it, so nothing is suggested.",
};

export const steps = (count) => (count === 1 ? "1 step" : `${count} steps`);

/** What a preset costs: `seconds` for this photo where its size is known, else a megapixel. */
export function cost(preset, seconds, whole) {
  if (seconds === null) return steps(preset.steps);
  return `${steps(preset.steps)} · ${whole ? "about " : ""}${duration(seconds)}${whole ? "" : " a megapixel"}`;
}

function signed(value, digits) {
  const size = Math.abs(value).toFixed(digits);
  if (Number(size) === 0) return "±0";
  return `${value < 0 ? "−" : "+"}${size}`;
}

/** One line: fidelity and likeness, each with its change from the photo as it came. */
export function scores({ psnr_y: psnr, lpips, input_psnr_y: psnrIn, input_lpips: lpipsIn }) {
  const fidelity = `PSNR ${psnr.toFixed(1)} dB (${signed(psnr - psnrIn, 1)})`;
  if (lpips == null) return fidelity;
  const change = lpipsIn == null ? "" : ` (${signed(lpips - lpipsIn, 2)})`;
  return `${fidelity} · LPIPS ${lpips.toFixed(2)}${change}`;
}

export const measured = {
  row: (quality) => `${quality.photos}: ${scores(quality)} · SSIM ${quality.ssim.toFixed(2)}`,
  legend:
    "In brackets, the change from the input. Higher PSNR and SSIM are closer to the clean photo, " +
    "lower LPIPS looks more like it.",
  none: "This preset has not been measured yet.",
  network: (network) =>
    `Network ${network.name}, ${(network.parameters / 1e6).toFixed(2)} million parameters, ` +
    `${network.weights_sha256.slice(0, 12)}.`,
};

export const expectation = ({ width, height }, scale) =>
  `Comes back as ${size(width * scale, height * scale)}.`;

/** "Area 2 of 4, step 3 of 10, about 2 s left": what the progress bar says in words. */
export function progress({ step, steps, region, regions, eta_seconds: eta }) {
  const area = regions > 1 ? `Area ${region} of ${regions}, step` : "Step";
  const left = eta == null ? "" : `, about ${duration(eta)} left`;
  return `${area} ${step} of ${steps}${left}`;
}

export const film = {
  walk: "Where the walk stands",
  estimate: "What the network sees in it",
  step: ({ step, steps, region, regions }) =>
    `${regions > 1 ? `Area ${region} of ${regions}, step` : "Step"} ${step} of ${steps}`,
};

/** What the invention overlay compares, and what came of it. */
export const invention = {
  asking: (preset) => `Restoring once more, ${text.presets[preset]}, to compare…`,
  presets: (preset, other, share) =>
    `Coloured where ${text.presets[preset]} and ${text.presets[other]} differ, ` +
    `plainly in ${percent(share)} of the photo: the network was not sure there.`,
  seeds: (count, share) =>
    `Coloured where ${count} seeds differ, plainly in ${percent(share)} of the photo: ` +
    "what is seen there could as well have been otherwise.",
  none: "This task has one preset, so there is nothing to compare. Try more seeds.",
  failed: "The comparison could not be made. Choose it again to try once more.",
};

export const percent = (share) =>
  share > 0 && share < 0.01 ? "under 1 %" : `${Math.round(100 * share)} %`;

export const legends = {
  seed: (seed) => `Seed ${seed}`,
  trying: (seed, number, count) => `Seed ${seed}, ${number} of ${count}`,
};

export const masked = {
  hint: "Paint over what is to be repaired, or let scratches be found and correct them.",
  share: (share) =>
    `${share < 0.01 ? (100 * share).toFixed(1) : Math.round(100 * share)} % of the photo will be repaired; the rest stays as it is.`,
  unreadable: "This file is no picture, so it cannot be a mask.",
};

export const scratches = {
  looking: "Looking for scratches…",
  none: "No scratch was found. Paint by hand what is to be repaired.",
};

export const many = {
  title: (count, sum) => `${count} photos, ${bytes(sum)}`,
  restore: (count) => `Restore ${count} photos`,
  expectation: "They become one job, which goes on when this page is closed.",
};

/** What is known of the photo, a line each: what it is, how it was made, what to note. */
export const facts = {
  input: (photo) => [
    [photo.name, ...(photo.width ? [size(photo.width, photo.height)] : []), bytes(photo.size)],
  ],
  output: (photo, done, format) => [
    [
      photo.name,
      `${size(done.input_width, done.input_height)} → ${size(done.width, done.height)}`,
      `${bytes(done.bytes)} ${text.formats[format] ?? format}`,
      duration(Object.values(done.timing).reduce((sum, ms) => sum + ms, 0) / 1000),
    ],
    [done.network, done.plan.replaceAll(";", " "), `seed ${done.seed}`],
    done.notes ?? [],
  ],
};

export const history = {
  sum: (count, held) =>
    count ? `${count === 1 ? "1 photo" : `${count} photos`}, ${held}` : "Nothing yet.",
  row: ({ parameters: { task, preset, seed }, when }) =>
    `${task}, ${(text.presets[preset] ?? preset).toLowerCase()}, seed ${seed}, ${new Date(when).toLocaleString()}`,
  forget: (name) => `${text.forget} ${name}`,
};

/** The button that makes the same photo in another format or with other metadata. */
export const downloadAs = (format) => `${text.download} as ${text.formats[format] ?? format}`;
