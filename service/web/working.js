/** What the service is asked for: a restoration, more seeds, a map to compare, another file. */

import * as action from "./action.js";
import { brush, choices, now, refresh, showPhoto, stage } from "./desk.js";
import { part } from "./element.js";
import { Finished } from "./finished.js";
import * as kept from "./history/store.js";
import { learn } from "./pace.js";
import { thumbnailOf } from "./photo.js";
import { invention, legends } from "./sentences.js";
import { Problem } from "./service.js";
import { text } from "./strings.js";
import { carryOut } from "./underway.js";

const MORE_SEEDS = 3;

/** Restore what lies on the page, as chosen. */
export async function restore() {
  const { photo } = now;
  const { parameters, task } = choices;
  part("restore").disabled = true; // Not twice, while the mask is drawn.
  const mask = task.takes_mask ? await brush.strokes.file() : null;
  await begin({ photo, mask, parameters });
}

/** Carry out a wish that is told in full; see `carryOut`. */
export async function begin(wish) {
  const task = choices.tasks.find(({ task: name }) => name === wish.parameters.task);
  const { steps } = task.presets[wish.parameters.preset];
  brush.close();
  await during(wish.id ? text.takenUp : text.sending, async (signal) => {
    if (stage.viewer.mode === "paint") stage.showPhoto(wish.photo);
    const made = await carryOut({ ...wish, steps }, stage, signal);
    now.finished?.close();
    now.finished = new Finished({ ...wish, task }, made);
    now.repainting = false;
    learn(task, wish.parameters.preset, made.done);
    choices.drawPresets(); // What was learnt changes what they cost.
    settle(text.finished);
    remember(now.finished);
  });
}

/** What is finished is shown, and can be taken home. */
function settle(words) {
  const { picture, name } = now.finished;
  // The page's own copy: the server drops its own after 10 minutes.
  action.showDownload(picture.link, name);
  showPhoto();
  action.announce(words);
}

/** Put the seed that is taken into this browser's history, once. */
async function remember(finished) {
  const { photo, parameters, done, picture, mask, seeds, taken } = finished;
  if (seeds[taken].remembered) return;
  seeds[taken].remembered = true;
  const thumbnail = (await thumbnailOf(picture)) ?? (await thumbnailOf(photo));
  const row = { name: photo.name, parameters, done, mask, thumbnail };
  const files = { before: photo.file, after: picture.file };
  await kept.keep({ ...row, ...files }).catch(() => undefined); // No storage here, or none left.
}

/** Restore again with other seeds, one after the other, to choose among them. */
export async function trySeeds() {
  const { finished } = now;
  const seeds = finished.nextSeeds(MORE_SEEDS);
  await during(text.sending, async (signal) => {
    for (const [index, seed] of seeds.entries()) {
      const words = legends.trying(seed, index + 1, seeds.length);
      const progress = ({ fraction }) => action.showShare((index + fraction) / seeds.length, words);
      progress({ fraction: 0 });
      await finished.addSeed(seed, progress, signal);
      stage.views.offer(finished.shown, "seeds");
    }
  });
}

/** One of the seeds is picked. */
export function takeSeed(index) {
  const { finished } = now;
  finished.take(index);
  settle(legends.seed(finished.seeds[index].seed));
  refresh();
  remember(finished);
}

/** Compare with another restoration, to show where this one might be another. */
export async function mapInvention() {
  const { finished } = now;
  if (finished.mapping) return;
  finished.mapping = true;
  try {
    await finished.mapInvention((words) => stage.views.say(words));
    if (now.finished === finished) stage.views.offer(finished.shown);
  } catch {
    if (now.finished === finished && stage.views.view === "invention")
      stage.views.say(invention.failed);
  } finally {
    finished.mapping = false;
  }
}

/** The same pixels as another file, which is then downloaded. */
export async function remake() {
  const { finished } = now;
  const made = await during(text.wrapping, (signal) => finished.wrapAnew(choices.wrapping, signal));
  if (!made) return;
  settle(text.finished);
  part("download").click();
}

/** Send many photos as one job. */
export async function sendMany() {
  action.showProblem(null);
  try {
    await now.many.send(choices.output, refresh);
  } catch (problem) {
    fail(problem);
  }
  refresh();
}

/** Do `work` while the page says so; however it ends, the page is ready again. True: it is done. */
async function during(words, work) {
  const running = (now.running = new AbortController());
  action.showProblem(null);
  action.showExpectation("", false);
  action.showProgress(words);
  action.showState("running");
  action.announce(text.started);
  action.handFocus(part("cancel"));
  part("stage").scrollIntoView({ block: "nearest" }); // On a phone it may be out of sight.
  let failed = null;
  try {
    await work(running.signal);
  } catch (problem) {
    failed = problem;
  }
  if (now.running !== running) return false;
  now.running = null;
  action.showState(now.finished ? "done" : "ready"); // What was restored before is kept.
  if (failed) showPhoto();
  refresh();
  if (failed?.name === "AbortError") action.announce(text.cancelled);
  else if (failed) fail(failed);
  action.handFocus(
    failed ? part("restore") : stage.viewer.comparing ? stage.viewer.divider : part("download"),
  );
  return failed === null;
}

/** Show what went wrong, and let it be tried again. */
export function fail(problem) {
  if (!(problem instanceof Problem)) throw problem;
  action.showProblem(problem);
  action.showExpectation("", true);
}
