/** Many photos at once: shown as a sheet, sent as one job, followed until it ends. */

import { showJob, sendJob } from "./archive/api.js";
import { jobSheet } from "./archive/job.js";
import { sentences } from "./archive/strings.js";
import { element, part } from "./element.js";
import { many } from "./sentences.js";

const SHOWN = 24; // Thumbnails of the sheet.
const BEAT_MS = 1000;

export class Many {
  constructor() {
    Object.assign(this, { files: [], links: [], timer: null, sent: false });
  }

  /** Show the photos that came. */
  show(files) {
    this.close();
    this.files = files;
    const size = files.reduce((sum, file) => sum + file.size, 0);
    part("many-title").textContent = many.title(files.length, size);
    part("many-note").textContent = many.expectation;
    this.links = files.slice(0, SHOWN).map((file) => URL.createObjectURL(file));
    const thumbnails = this.links.map((link, index) =>
      element("li", {}, thumbnail(link, files[index].name)),
    );
    part("many-photos").replaceChildren(...thumbnails);
    for (const id of ["many-photos", "many-title"]) part(id).hidden = false;
    part("many-job").replaceChildren();
  }

  /** Send them as one job and show how it goes; `changed()` once nothing is left to be chosen. */
  async send(output, changed) {
    const { files } = this;
    this.sent = true;
    changed();
    const say = (words) => (part("many-note").textContent = words);
    const progress = (sent, failed) => say(sentences.sending(sent, files.length, failed));
    progress(0, 0);
    const title = many.title(
      files.length,
      files.reduce((sum, file) => sum + file.size, 0),
    );
    const sending = sendJob(title, output, named(files), progress);
    const { job, unsent } = await sending.catch((problem) => {
      this.sent = false;
      throw problem;
    });
    if (this.files !== files) return;
    const refused = unsent.map(({ name }) => name).join(", ");
    say(`${sentences.sent(files.length, unsent.length)} ${refused}`.trim());
    for (const id of ["many-photos", "many-title"]) part(id).hidden = true;
    const { sheet, update } = jobSheet(() => undefined);
    part("many-job").replaceChildren(sheet);
    await this.watch(job.id, update, files);
  }

  async watch(id, update, files) {
    if (this.files !== files) return;
    const job = await showJob(id).catch(() => null); // The next beat asks again.
    if (job) await update(job).catch(() => undefined);
    if (job?.ended_at == null)
      this.timer = setTimeout(() => this.watch(id, update, files), BEAT_MS);
  }

  close() {
    clearTimeout(this.timer);
    this.links.forEach((link) => URL.revokeObjectURL(link));
    Object.assign(this, { files: [], links: [], sent: false });
  }
}

/** Photos of several folders may share a name: the later ones get a number. */
function named(files) {
  const seen = new Map();
  return files.map((file) => {
    const count = (seen.get(file.name) ?? 0) + 1;
    seen.set(file.name, count);
    return {
      name: count === 1 ? file.name : file.name.replace(/(\.[^.]*)?$/, ` ${count}$1`),
      file,
    };
  });
}

function thumbnail(src, name) {
  const image = element("img", { src, alt: name, title: name, loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(element("span", {}, name)));
  return image;
}
