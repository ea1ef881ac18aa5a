/** The page: a photo comes in, is restored by the service, and is compared and taken home. */

import * as action from "./action.js";
import { Choices } from "./choices.js";
import { curlCommand } from "./curl.js";
import { part } from "./element.js";
import { listenForPhotos } from "./intake.js";
import { closePhoto, formatOf, openPhoto, refusal, restoredName } from "./photo.js";
import { Problem, readLimits, readRestoration, readTasks, restore } from "./service.js";
import { Stage } from "./stage.js";
import { expectation, facts, fill, text } from "./strings.js";

/** What is on the page now; `running` is the AbortController of the restoration under way. */
const now = { photo: null, restored: null, limits: null, running: null, taking: null };

fill(document);
const stage = new Stage();
const choices = new Choices(refresh);

/** Ask the service what it can do. Without an answer there is a problem and a way to retry. */
async function load() {
  try {
    const [tasks, limits] = await Promise.all([readTasks(), readLimits()]);
    now.limits = limits;
    choices.offer(tasks, limits);
    action.showProblem(null);
    refresh();
  } catch (problem) {
    fail(problem);
  }
}

/** What was chosen has changed: say what would come back, or what stands against it. */
function refresh() {
  if (now.running) return;
  const { task } = choices;
  if (!task) return action.showExpectation("", !part("problem").hidden);
  if (!now.photo) return action.showExpectation(text.firstPhoto, false);
  const against = refusal(now.photo, task, now.limits);
  action.showProblem(against);
  const told = now.photo.width && !now.restored && !against;
  action.showExpectation(told ? expectation(now.photo, task.scale) : "", !against);
}

async function take([file, ...others]) {
  now.running?.abort();
  now.taking = file;
  const opened = await openPhoto(file);
  if (now.taking !== file) return closePhoto(opened); // A later one was quicker.
  stage.showPhoto(opened);
  closePhoto(now.photo);
  closePhoto(now.restored?.picture);
  Object.assign(now, { photo: opened, restored: null });
  part("replace").hidden = false;
  action.showState("ready");
  choices.show(opened);
  refresh();
  if (others.length) action.announce(text.onePhoto);
  action.handFocus(part("restore"));
}

async function run() {
  const { photo } = now;
  const { parameters } = choices;
  const running = (now.running = new AbortController());
  begin();
  try {
    const { signal } = running;
    const progress = action.showProgress;
    const done = await restore(photo.file, parameters, { progress, signal });
    action.showProgress(text.fetching);
    const picture = await openPhoto(await readRestoration(done.href, signal));
    if (signal.aborted) closePhoto(picture);
    signal.throwIfAborted();
    finish(parameters, done, picture);
  } catch (problem) {
    now.running = null;
    action.showState(now.restored ? "done" : "ready"); // What was restored before is kept.
    refresh();
    if (problem.name === "AbortError") action.announce(text.cancelled);
    else fail(problem);
    action.handFocus(part("restore"));
  }
}

function begin() {
  action.showProblem(null);
  action.showExpectation("", false);
  action.showProgress(text.sending);
  action.showState("running");
  action.announce(text.started);
  action.handFocus(part("cancel"));
  part("stage").scrollIntoView({ block: "nearest" }); // On a phone it may be out of sight.
}

function finish(parameters, done, picture) {
  const format = formatOf(done.content_type);
  const name = restoredName(now.photo.name, format);
  const { origin } = location;
  const command = curlCommand({ origin, parameters, photo: now.photo, output: name });
  stage.showRestored(now.photo, picture, facts.output(now.photo, done, format));
  closePhoto(now.restored?.picture);
  Object.assign(now, { running: null, restored: { picture, command } });
  // The page's own copy: the server drops its own after 10 minutes.
  action.showDownload(picture.link, name);
  action.showState("done");
  action.announce(text.finished);
  refresh();
  const { comparing, divider } = stage.viewer;
  action.handFocus(comparing ? divider : part("download"));
}

function fail(problem) {
  if (!(problem instanceof Problem)) throw problem;
  action.showProblem(problem);
  action.showExpectation("", true);
}

part("panel").addEventListener("submit", (event) => {
  event.preventDefault();
  if (now.running) return;
  if (!choices.task) load();
  else if (now.photo && !refusal(now.photo, choices.task, now.limits)) run();
});
part("cancel").addEventListener("click", () => now.running?.abort());
part("curl").addEventListener("click", () => action.copy(now.restored.command));
listenForPhotos(take);
load();
