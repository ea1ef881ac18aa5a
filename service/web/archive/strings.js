/** Every English sentence of the archives' page. */

export const text = {
  home: "Rialto",
  tagline: "Archives: many photos, restored one by one, none lost",
  newJob: "A new job",
  dropHint: "Drop a folder anywhere on this page, or choose one.",
  task: "What to do",
  preset: "How far to go",
  format: "Format of the results",
  pick: "Choose a folder",
  jobs: "Jobs",
  none: "There is no job yet.",
};

export const formats = {
  "": "As each photo's own",
  png: "PNG",
  jpeg: "JPEG",
  webp: "WebP",
  tiff: "TIFF",
};

export const states = {
  open: "receiving photos",
  running: "running",
  paused: "paused",
  finished: "finished",
  cancelled: "cancelled",
};

export const verbs = { pause: "Pause", resume: "Resume", cancel: "Cancel", retry: "Retry failed" };

export const sentences = {
  sending: (sent, total, failed) =>
    `Sending: ${sent} of ${total}${failed ? `, ${failed} could not be sent` : ""}`,
  sent: (total, refused) =>
    refused
      ? `${total - refused} of ${total} photos are sent, the others were not taken:`
      : `All ${total} photos are sent.`,
  noPhoto: "There is no photo among these files.",
  untitled: "Untitled job",
  counts: ({ restored, failed, cancelled, total }) =>
    [
      `${restored} of ${total} restored`,
      failed && `${failed} failed`,
      cancelled && `${cancelled} cancelled`,
    ]
      .filter(Boolean)
      .join(", "),
  rate: (photos, megapixels) =>
    `${photos.toFixed(photos < 10 ? 1 : 0)} photos/s, ${megapixels.toFixed(1)} megapixels/s`,
  left: (duration) => `about ${duration} left`,
  latest: "Some results, before and after",
  before: (name) => `${name}, before`,
  after: (name) => `${name}, after`,
  failures: (count) => (count === 1 ? "1 photo failed" : `${count} photos failed`),
  progress: (title) => `Progress of ${title}`,
  bag: "Download as a bag",
  zip: "Download the results",
};
