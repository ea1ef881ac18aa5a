/** Every English sentence of the page; another language is another such module. */

import { bytes, duration, megapixels, size } from "./amounts.js";

export const text = {
  tagline: "Restores photographs",
  archives: "Many photos?",
  replace: "Another photo",
  stage: "Photo",
  invitation: "Drop a photo here",
  invitationDetail: "or paste it, or pick it from your disk.",
  choose: "Choose a photo",
  privacy: "It goes to this server only. The restored photo is dropped there after 10 minutes.",
  viewer: "Photo. Plus and minus zoom, 0 fits, 1 is 100 %, arrows move, hold O for the original.",
  divider: "Divider between before and after",
  bar: "View",
  before: "Before",
  after: "After",
  fit: "Fit",
  zoom: "Zoom",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  original: "Original",
  originalDetail: "Hold to see the original (O)",
  panel: "Restoration",
  task: "What to do",
  preset: "How far to go",
  presets: { fast: "Fast", balanced: "Balanced", best: "Best" },
  measured: "How it was measured",
  more: "More choices",
  format: "Format",
  formats: { png: "PNG", jpeg: "JPEG", webp: "WebP", tiff: "TIFF", avif: "AVIF" },
  sameFormat: "As uploaded",
  quality: "Quality",
  metadata: "Metadata",
  metadataChoices: { keep: "Keep", strip: "Remove" },
  seed: "Seed",
  reseed: "New seed",
  seedDetail: "The same seed gives the same pixels again.",
  restore: "Restore",
  again: "Restore again",
  retry: "Try again",
  cancel: "Cancel",
  progress: "Progress of the restoration",
  sending: "Sending the photo…",
  packing: "Packing the photo…",
  fetching: "Bringing it back…",
  download: "Download",
  curl: "Copy as curl",
  copied: "Copied",
  command: "The curl command, to copy by hand",
  firstPhoto: "Choose a photo to begin.",
  started: "Restoring.",
  finished: "Restored. Arrow keys move the divider.",
  cancelled: "Cancelled.",
  unshownInput: "This browser cannot show this file. Rialto may still be able to restore it.",
  unshownOutput: "Restored. This browser cannot show the format, so download it to see it.",
  onePhoto: "One photo at a time: the first one was taken.",
  what: "What this means",
};

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

export const steps = (count) => (count === 1 ? "1 step" : `${count} steps`);

/** What a preset costs: for this photo where its size is known, else a megapixel. */
export function cost(preset, secondsPerMegapixel, outputPixels) {
  const parts = [steps(preset.steps)];
  if (secondsPerMegapixel && outputPixels) {
    parts.push(`about ${duration((secondsPerMegapixel * outputPixels) / 1e6)}`);
  } else if (secondsPerMegapixel) {
    parts.push(`${duration(secondsPerMegapixel)} a megapixel`);
  }
  return parts.join(" · ");
}

const signed = (value, digits) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

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

/** What is known of the photo, a line each: what it is, how it was made, what to note. */
export const facts = {
  input: (photo) => [
    [
      photo.name,
      ...(photo.width ? [size(photo.width, photo.height)] : []),
      bytes(photo.size),
    ],
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

/** Put the sentences where the document asks for them. */
export function fill(root) {
  for (const part of root.querySelectorAll("[data-text]")) {
    part.textContent = text[part.dataset.text];
  }
  for (const part of root.querySelectorAll("[data-label]")) {
    part.setAttribute("aria-label", text[part.dataset.label]);
  }
}
