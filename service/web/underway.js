/** One restoration under way: its steps on the page, and its trace for a reload to find. */

import * as action from "./action.js";
import { Frames } from "./frames.js";
import * as kept from "./history/store.js";
import { openPhoto } from "./photo.js";
import { cancel, follow } from "./restoration.js";
import { readRestoration } from "./service.js";
import { text } from "./strings.js";

/**
 * Carry a restoration out before the eyes of the person who waits for it.
 *
 * wish  {photo, mask, parameters, steps}, and the id of one that a reload left under way
 * Resolves to {done, picture, frames}. Throws Problem, or AbortError once `signal` has fired.
 */
export async function carryOut(wish, stage, signal) {
  const { photo, mask, parameters } = wish;
  const frames = new Frames();
  let size = null;
  const hear = {
    accepted: (told) => {
      size = { width: told.width, height: told.height };
      const files = { file: photo.file, name: photo.name, mask };
      kept.begin({ id: told.id, parameters }, files).catch(() => undefined); // No storage here.
    },
    progress: action.showProgress,
    preview: (told) => {
      const link = frames.add(told);
      if (told.kind === "x_0") stage.preview(photo, link, size);
    },
    away: () => action.showProgress(text.away),
    again: () => {
      frames.close();
      action.showProgress(text.begunAgain);
    },
  };
  try {
    const previews = wish.steps > 1 ? "walk" : "x_0";
    const body = bodyOf(photo, mask);
    const asked = { body, parameters: { ...parameters, previews }, id: wish.id };
    const done = await followed(asked, hear, signal);
    action.showProgress(text.fetching);
    return { done, picture: await fetched(done, signal), frames };
  } catch (problem) {
    frames.close();
    throw problem;
  } finally {
    await kept.end().catch(() => undefined);
  }
}

/** Carry one out beside what the page shows; `progress` is called with each step's data. */
export async function carryOutBeside({ photo, mask, parameters }, progress, signal) {
  const asked = { body: bodyOf(photo, mask), parameters };
  const hear = { progress, away: () => undefined, again: () => undefined };
  const done = await followed(asked, hear, signal);
  return { done, picture: await fetched(done, signal) };
}

/** The photo as it is, or a form of it and its mask. */
export function bodyOf(photo, mask) {
  if (!mask) return photo.file;
  const form = new FormData();
  form.append("image", photo.file, photo.name);
  form.append("mask", mask, "mask.png");
  return form;
}

/** Follow, and stop the service's work too where `signal` fires. */
function followed(asked, hear, signal) {
  let { id } = asked;
  signal.addEventListener("abort", () => id && cancel(id));
  const accepted = (told) => {
    id = told.id;
    hear.accepted?.(told);
  };
  return follow(asked, { ...hear, accepted }, signal);
}

async function fetched({ href }, signal) {
  const picture = await openPhoto(await readRestoration(href, signal));
  signal.throwIfAborted();
  return picture;
}
