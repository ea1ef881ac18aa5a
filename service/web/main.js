/** The page: what it can do is asked for, what happens on it is handed to who knows. */

import * as action from "./action.js";
import { choices, now, refresh, stage } from "./desk.js";
import { part } from "./element.js";
import { recall, take, takeUp } from "./incoming.js";
import { listenForHistory } from "./history/dialog.js";
import { listenForPhotos } from "./intake.js";
import { refusal } from "./photo.js";
import { readLimits, readTasks } from "./service.js";
import { fill } from "./strings.js";
import { fail, mapInvention, remake, restore, sendMany, takeSeed, trySeeds } from "./working.js";

const RETRY_MS = 2000;

let loading = null;

/** Ask the service what it can do. While it does not answer, it is asked again. */
const load = () => (loading ??= attempt().finally(() => (loading = null)));

async function attempt() {
  try {
    const [tasks, limits] = await Promise.all([readTasks(), readLimits()]);
    now.limits = limits;
    choices.offer(tasks, limits);
    action.showProblem(null);
    refresh();
  } catch (problem) {
    fail(problem);
    if (problem.passing) setTimeout(() => choices.task || load(), RETRY_MS);
    return;
  }
  await takeUp();
}

function submit() {
  if (now.running) return;
  if (!choices.task) load();
  else if (now.many) sendMany();
  else if (now.photo && !refusal(now.photo, choices.task, now.limits)) restore();
}

fill(document);
stage.views.wish = {
  map: mapInvention,
  take: takeSeed,
  mask: () => {
    now.repainting = true;
    refresh();
  },
};
part("panel").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
part("cancel").addEventListener("click", () => now.running?.abort());
for (const button of ["curl", "python"]) {
  part(button).addEventListener("click", () => action.copy(now.finished.commands[button], button));
}
part("seeds").addEventListener("click", trySeeds);
part("remake").addEventListener("click", remake);
listenForPhotos(take);
listenForHistory(recall);
await load();
