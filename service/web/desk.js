/** What lies on the page: a photo, what came of it, what is under way; and the parts showing it. */

import * as action from "./action.js";
import { Choices } from "./choices.js";
import { part } from "./element.js";
import { Brush } from "./mask/brush.js";
import { refusal } from "./photo.js";
import { expectation, facts } from "./sentences.js";
import { Stage } from "./stage.js";
import { text } from "./strings.js";

/**
 * photo     as openPhoto makes it             finished  a Finished, or null
 * many      a Many, where many photos lie here instead of one; or null
 * running   AbortController of what is under way; `taking` the file that is being opened
 * repainting  whether a finished mask is painted on again
 */
export const now = {
  photo: null,
  many: null,
  finished: null,
  limits: null,
  running: null,
  taking: null,
  repainting: false,
};

export const stage = new Stage();
export const choices = new Choices(refresh);
export const brush = new Brush(stage.viewer, refresh);

/** What was chosen has changed: say what would come back, or what stands against it. */
export function refresh() {
  if (now.running) return;
  const { task } = choices;
  if (!task) return action.showExpectation("", !part("problem").hidden);
  if (now.many) return action.showMany(now.many.files.length, now.many.sent, task.takes_mask);
  if (!now.photo) return action.showExpectation(text.firstPhoto, false);
  layMask(task);
  if (now.finished) {
    const { finished } = now;
    action.offerRemake(finished.wrappedAs(choices.wrapping) ? null : choices.format);
  }
  const against = refusal(now.photo, task, now.limits);
  action.showProblem(against);
  const missing = missingMask(task);
  const told = now.photo.width && !now.finished && !against;
  const words = missing ?? (told ? expectation(now.photo, task.scale) : "");
  action.showExpectation(words, !against && !missing);
}

/** Why a task that repairs only what a mask names cannot begin yet; null where it can. */
function missingMask(task) {
  if (!task.takes_mask) return null;
  if (!now.photo.url) return text.unpainted;
  return brush.empty ? text.firstMask : null;
}

/** Show the photo with the mask's brush, or without, as the task chosen asks for. */
function layMask(task) {
  const painted = stage.viewer.mode === "paint";
  const looked = now.finished?.task === task && !now.repainting;
  const wanted = Boolean(task.takes_mask && now.photo.url && !looked);
  if (wanted === painted) return;
  action.showState(now.finished && !wanted ? "done" : "ready");
  if (!wanted) return showPhoto();
  if (brush.photo !== now.photo) brush.begin(now.photo);
  stage.showPhoto(now.photo, brush.strokes.canvas);
  brush.open();
}

/** The photo, and what came of it where something has. */
export function showPhoto() {
  brush.close();
  const { photo, finished } = now;
  if (!finished) return stage.showPhoto(photo);
  const { done, maskLink, maskName } = finished;
  action.showMask(maskLink, maskName);
  stage.showRestored(photo, finished.shown, facts.output(photo, done, finished.format));
}

/** Another photo, or none, takes the place of the one on the page. */
export function replacePhoto(photo, closePhoto) {
  now.finished?.close();
  closePhoto(now.photo);
  now.many?.close();
  brush.close();
  Object.assign(now, { photo, many: null, finished: null, repainting: false });
  part("replace").hidden = false;
  stage.views.view = null;
}
