/** The list of what this browser keeps: open one again, forget one, forget all. */

import { element, part } from "../element.js";
import { bytes } from "../amounts.js";
import { history } from "../sentences.js";
import { text } from "../strings.js";
import { finished, forget, forgetAll } from "./store.js";

/** `open(row)` is called with the restoration that was picked. */
export function listenForHistory(open) {
  const dialog = part("history");
  const links = [];
  let rows = [];

  async function draw() {
    rows = await finished();
    links.splice(0).forEach((link) => URL.revokeObjectURL(link));
    part("history-list").replaceChildren(...rows.map(entry));
    const size = rows.reduce((sum, row) => sum + row.bytes, 0);
    part("history-sum").textContent = history.sum(rows.length, bytes(size));
    part("history-clear").hidden = rows.length === 0;
  }

  function entry(row) {
    const link = URL.createObjectURL(row.thumbnail ?? row.after);
    links.push(link);
    const label = element("span", {}, row.name);
    const detail = element("span", { className: "muted small" }, history.row(row));
    const picture = element("img", { src: link, alt: "", loading: "lazy" });
    const pick = element(
      "button",
      { type: "button", className: "entry" },
      picture,
      element("span", {}, label, detail),
    );
    const away = element("button", { type: "button", className: "quiet" }, text.forget);
    away.setAttribute("aria-label", history.forget(row.name));
    pick.addEventListener("click", () => {
      dialog.close();
      open(row);
    });
    away.addEventListener("click", async () => {
      await forget([row.id]);
      await draw();
      part("history-close").focus();
    });
    return element("li", {}, pick, away);
  }

  part("show-history").addEventListener("click", async () => {
    await draw();
    dialog.showModal();
  });
  part("history-close").addEventListener("click", () => dialog.close());
  part("history-clear").addEventListener("click", async () => {
    await forgetAll();
    await draw();
    part("history-close").focus();
  });
}
