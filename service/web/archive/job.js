/** One job as a sheet of the list: progress, rate, latest results, failures, what can be done. */

import { duration } from "../amounts.js";
import { element } from "../element.js";
import { bagPath, inputPath, photos, resultPath, tell, zipPath } from "./api.js";
import { sentences, states, verbs } from "./strings.js";

const LATEST = 6;
const FAILURES = 50;

/** Makes the sheet; `update(job)` shows the job as it stands, `changed()` is called after a verb. */
export function jobSheet(changed) {
  const title = element("h3");
  const bar = element("progress", { max: 1, value: 0 });
  const counts = element("p");
  const rate = element("p", { className: "muted small" });
  const actions = element("div", { className: "actions" });
  const latest = element("div");
  const failures = element("details", { hidden: true });
  const row = element("div", { className: "row" }, element("div", {}, counts, rate), actions);
  const sheet = element("li", { className: "job" }, title, bar, row, latest, failures);
  let shown = {};

  async function update(job) {
    const name = job.spec.title || sentences.untitled;
    title.replaceChildren(name, element("span", { textContent: states[job.state] }));
    const ended = job.counts.restored + job.counts.failed + job.counts.cancelled;
    bar.setAttribute("aria-label", sentences.progress(name));
    bar.max = Math.max(job.counts.total, 1);
    bar.value = ended;
    counts.textContent = sentences.counts(job.counts);
    rate.textContent = rateOf(job);
    actions.replaceChildren(...controls(job, changed));
    if (job.counts.restored !== shown.restored) await showLatest(job);
    if (job.counts.failed !== shown.failed) await showFailures(job);
    shown = job.counts;
  }

  async function showLatest(job) {
    const done = (await photos(job.id, "restored", 200)).sort((a, b) => b.ended_at - a.ended_at);
    const pairs = done.slice(0, LATEST).map((photo) => pair(job.id, photo));
    if (!pairs.length) return;
    latest.replaceChildren(
      element("p", { className: "muted small", textContent: sentences.latest }),
      element("ul", { className: "pairs" }, ...pairs),
    );
  }

  async function showFailures(job) {
    const failed = await photos(job.id, "failed", FAILURES);
    failures.hidden = !failed.length;
    failures.replaceChildren(
      element("summary", { textContent: sentences.failures(job.counts.failed) }),
      element("ul", { className: "failures" }, ...failed.map(failure)),
    );
  }

  return { sheet, update };
}

function rateOf(job) {
  if (!job.photos_per_second) return "";
  const rate = sentences.rate(job.photos_per_second, job.megapixels_per_second);
  const left = job.ended_at === null && job.eta_seconds !== null;
  return left ? `${rate}, ${sentences.left(duration(job.eta_seconds))}` : rate;
}

function controls(job, changed) {
  const found = [];
  const act = (verb) => {
    const button = element("button", { className: "quiet", textContent: verbs[verb] });
    button.addEventListener("click", async () => {
      button.disabled = true;
      await tell(job.id, verb).catch(() => undefined);
      changed();
    });
    found.push(button);
  };
  const ended = job.state === "finished" || job.state === "cancelled";
  if (!ended) act(job.state === "paused" ? "resume" : "pause");
  if (!ended) act("cancel");
  if (job.counts.failed && job.state !== "cancelled") act("retry");
  const link = (href, textContent) => found.push(element("a", { href, textContent, download: "" }));
  if (ended && job.counts.restored) link(bagPath(job.id), sentences.bag);
  else if (job.counts.restored) link(zipPath(job.id), sentences.zip);
  return found;
}

function pair(id, photo) {
  const output = photo.outputs[0];
  const picture = (src, alt) => element("img", { src, alt, loading: "lazy", decoding: "async" });
  return element(
    "li",
    { className: "pair" },
    picture(inputPath(id, photo.name), sentences.before(photo.name)),
    picture(resultPath(id, output.name), sentences.after(photo.name)),
    element("span", { textContent: photo.name, title: photo.name }),
  );
}

const failure = (photo) =>
  element("li", { textContent: `${photo.name}: ${photo.failure?.detail ?? ""}` });
