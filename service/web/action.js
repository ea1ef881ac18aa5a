/** The foot of the panel: what can be done now, how far it is, what went wrong. */

import { element, part } from "./element.js";
import { downloadAs, many, problems, progress as progressText } from "./sentences.js";
import { text } from "./strings.js";

/** Nothing can be chosen any more, or again: the panel is then scrolled by the keyboard itself. */
function close(closed) {
  part("choices").disabled = closed;
  if (closed) part("panel").tabIndex = 0;
  else part("panel").removeAttribute("tabindex");
}

/** Show what belongs to a state: "empty", "ready", "many", "running", "done". */
export function showState(state) {
  document.body.dataset.state = state;
  close(state === "running");
  part("running").hidden = state !== "running";
  part("finished").hidden = state !== "done";
  part("commands").hidden = state !== "done";
  part("restore").hidden = state === "running";
  part("command").hidden = true;
  if (state !== "done") showMask(null);
  for (const id of ["curl", "python"]) part(id).textContent = text[id];
  nameRestore();
}

/** What comes back, or why the button waits; and whether it may be pressed. */
export function showExpectation(words, possible) {
  part("expectation").textContent = words;
  part("restore").disabled = !possible;
}

/** Show a problem's words, or none. `retry`, where there is one, names the button. */
export function showProblem(problem) {
  const box = part("problem");
  box.hidden = !problem;
  box.replaceChildren(...(problem ? problemParts(problem) : []));
  nameRestore();
}

function problemParts({ title, detail, type, requestId }) {
  const page = type?.startsWith("/problems/")
    ? element("a", { href: type, target: "_blank" }, text.what)
    : null;
  const request = requestId && element("span", {}, problems.request(requestId));
  return [
    element("h2", {}, title),
    element("p", {}, detail),
    element("p", { className: "foot small" }, page, request),
  ];
}

function nameRestore() {
  const done = document.body.dataset.state === "done";
  const failed = !part("problem").hidden;
  part("restore").textContent = failed ? text.retry : done ? text.again : text.restore;
  part("restore").classList.toggle("primary", !done || failed);
}

/** An event of the restoration, or words where no share of the work is known. */
export function showProgress(now) {
  const bar = part("progress");
  if (typeof now === "string") {
    bar.removeAttribute("value");
    part("step").textContent = now;
    return;
  }
  bar.value = now.fraction;
  part("step").textContent = now.fraction < 1 ? progressText(now) : text.packing;
}

/** A share of some work, 0 to 1, and what it is. */
export function showShare(share, words) {
  part("progress").value = share;
  part("step").textContent = words;
}

/** What may be done with so many photos; nothing more once they are `sent`. */
export function showMany(count, sent, takesMask) {
  close(sent);
  showExpectation(takesMask ? text.oneMask : "", !sent && !takesMask);
  part("restore").textContent = many.restore(count);
  part("restore").hidden = sent;
}

/** The link to the finished photo. */
export function showDownload(href, name) {
  Object.assign(part("download"), { href, download: name });
  offerRemake(null);
}

/** In the link's place, a button that makes the photo in another `format`; null: the link. */
export function offerRemake(format) {
  part("download").hidden = format !== null;
  part("remake").hidden = format === null;
  part("remake").textContent = format === null ? "" : downloadAs(format);
}

/** The link to a mask, next to the commands that name it; null: none. */
export function showMask(href, name) {
  Object.assign(part("download-mask"), { hidden: !href, href: href ?? "", download: name ?? "" });
}

/** Put a command on the clipboard, or where it can be copied by hand. `button` is told by id. */
export async function copy(command, button) {
  try {
    await navigator.clipboard.writeText(command);
    part(button).textContent = text.copied;
    announce(text.copied);
  } catch {
    const field = part("command"); // No clipboard without https, or none allowed.
    field.hidden = false;
    field.value = command;
    field.select();
  }
}

/** Say something to those who listen to the page instead of looking at it. */
export function announce(words) {
  part("announcer").textContent = words;
}

/** Move the focus on where what held it has gone, never away from other work. */
export function handFocus(target) {
  const focused = document.activeElement;
  if (!focused.offsetParent || part("action").contains(focused)) {
    target.focus({ preventScroll: true });
  }
}
