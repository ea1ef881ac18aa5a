/** What comes in: one photo, many, one of the history, one that a reload left under way. */

import * as action from "./action.js";
import { brush, choices, now, refresh, replacePhoto, showPhoto, stage } from "./desk.js";
import { part } from "./element.js";
import { Finished } from "./finished.js";
import { Frames } from "./frames.js";
import { look, propose } from "./gate/gate.js";
import { showSeen } from "./gate/seen.js";
import * as kept from "./history/store.js";
import { closePhoto, openPhoto } from "./photo.js";
import { begin } from "./working.js";

/** Files were dropped, pasted or picked. */
export async function take(files) {
  if (files.length > 1) return takeMany(files);
  const [file] = files;
  now.running?.abort();
  now.taking = file;
  const opened = await openPhoto(file);
  if (now.taking !== file) return closePhoto(opened); // A later one was quicker.
  lay(opened);
  action.handFocus(part("restore"));
  await suggest(opened);
}

function lay(photo) {
  replacePhoto(photo, closePhoto);
  stage.showPhoto(photo);
  showSeen(null);
  action.showState("ready");
  choices.show(photo);
  refresh();
}

/** Say what the photo is like, and which task suits it. */
async function suggest(photo) {
  const seen = await look(photo);
  if (now.photo !== photo) return;
  const proposal = propose(photo, seen, choices.tasks);
  showSeen(photo, seen, proposal);
  if (!choices.task) return;
  choices.suggest(proposal?.task ?? null, !now.running);
  refresh();
}

async function takeMany(files) {
  now.running?.abort();
  now.taking = files;
  const { Many } = await import("./many.js"); // Most visits do without.
  if (now.taking !== files) return;
  replacePhoto(null, closePhoto);
  showSeen(null);
  choices.show(null);
  now.many = new Many();
  now.many.show(files);
  stage.showMany();
  action.showProblem(null);
  action.showState("many");
  refresh();
}

/** Lay an earlier restoration out again, as if it had just been made. */
export async function recall({ name, parameters, done, before, after, mask }) {
  now.running?.abort();
  now.taking = before;
  const photo = { ...(await openPhoto(before)), name };
  const picture = await openPhoto(after);
  lay(photo);
  choices.recall(parameters);
  const task = choices.tasks.find((one) => one.task === parameters.task);
  const wish = { photo, mask, parameters, task };
  now.finished = new Finished(wish, { done, picture, frames: new Frames() });
  action.showState("done");
  action.showDownload(picture.link, now.finished.name);
  showPhoto();
  refresh();
  showSeen(photo, await look(photo), null);
}

/** A reload came in between: follow what is under way where it was left. */
export async function takeUp() {
  const facts = kept.running();
  const files = facts && (await kept.filesOf(facts).catch(() => null));
  const offered = choices.tasks.some(({ task }) => task === facts?.parameters.task);
  if (!files || !offered) return;
  const photo = { ...(await openPhoto(files.file)), name: files.name };
  lay(photo);
  choices.recall(facts.parameters);
  if (files.mask) await brush.recall(photo, files.mask);
  begin({ photo, mask: files.mask, parameters: facts.parameters, id: facts.id });
  showSeen(photo, await look(photo), null);
}
