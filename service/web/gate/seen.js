/** The gate's words on the page: what it saw, what it suggests. */

import { element, part } from "../element.js";
import { reasons, seen as seenWords } from "../sentences.js";

/** Show what was seen of a photo and why a task is suggested, or, with null, nothing. */
export function showSeen(photo, seen, proposal) {
  part("seen").hidden = !photo;
  if (!photo) return;
  const facts = seenWords(photo, seen).map((words) => element("li", {}, words));
  part("seen-facts").replaceChildren(...facts);
  const why = proposal?.why ?? (seen.jpeg || photo.url ? "nothing" : "unshown");
  part("seen-reason").textContent = reasons[why];
}
