/** The archives' page: folders in, jobs watched. */

import { element, part } from "../element.js";
import { readTasks } from "../service.js";
import { text as photoText } from "../strings.js";
import { listJobs, sendJob, showJob } from "./api.js";
import { listenForFolders } from "./folder.js";
import { jobSheet } from "./job.js";
import { formats, sentences, text } from "./strings.js";

const BEAT_MS = 1000;
const MOST_TOLD = 50;

for (const node of document.querySelectorAll("[data-text]")) {
  node.textContent = text[node.dataset.text];
}
for (const node of document.querySelectorAll("[data-label]")) {
  node.setAttribute("aria-label", text[node.dataset.label]);
}

const sheets = new Map();

async function offerTasks() {
  const tasks = (await readTasks()).filter((task) => !task.takes_mask);
  const fill = (select, options) =>
    part(select).replaceChildren(
      ...options.map(([value, textContent]) => element("option", { value, textContent })),
    );
  fill(
    "task",
    tasks.map(({ task, title }) => [task, title]),
  );
  const presetsOf = () => {
    const { presets } = tasks.find(({ task }) => task === part("task").value);
    fill(
      "preset",
      Object.keys(presets).map((name) => [name, photoText.presets[name] ?? name]),
    );
  };
  part("task").addEventListener("change", presetsOf);
  presetsOf();
  fill("format", Object.entries(formats));
}

async function take({ title, photos }) {
  const say = (words) => (part("sending").textContent = words);
  if (!photos.length) return say(sentences.noPhoto);
  const output = {
    task: part("task").value,
    preset: part("preset").value,
    format: part("format").value || null,
  };
  const total = photos.length;
  say(sentences.sending(0, total, 0));
  part("unsent").replaceChildren();
  try {
    const { unsent } = await sendJob(title, output, photos, (sent, failed) =>
      say(sentences.sending(sent, total, failed)),
    );
    say(sentences.sent(total, unsent.length));
    part("unsent").replaceChildren(...unsent.slice(0, MOST_TOLD).map(refusal));
  } catch (problem) {
    say([problem.title, problem.detail].filter(Boolean).join(": "));
  }
}

const refusal = ({ name, problem }) =>
  element("li", { textContent: `${name}: ${problem.detail || problem.title || ""}` });

/** Ended jobs are read once; the others every second, as long as someone looks. */
async function refresh() {
  if (document.hidden) return;
  const jobs = await listJobs();
  part("none").hidden = jobs.length > 0;
  for (const job of [...jobs].reverse()) {
    let entry = sheets.get(job.id);
    if (!entry) {
      entry = { ...jobSheet(refresh), settled: false };
      sheets.set(job.id, entry);
      part("jobs").prepend(entry.sheet);
    }
    const retried = entry.settled && job.ended_at === null;
    if (!entry.settled || retried) {
      await entry.update(await showJob(job.id));
      entry.settled = job.ended_at !== null;
    }
  }
}

async function watch() {
  await refresh().catch(() => undefined); // The next beat asks again.
  setTimeout(watch, BEAT_MS);
}

listenForFolders(part("folder"), part("pick"), take);
await offerTasks();
watch();
