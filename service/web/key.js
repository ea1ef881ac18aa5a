/** `fetch` with the key that this tab was given; where the service asks for one, so do we. */

import { element } from "./element.js";
import { text } from "./strings.js";

const NAME = "rialto-key";
let asking = null;

/** As the browser's own. What is answered 401 is sent again with the key that was given. */
export async function fetch(address, options = {}) {
  for (;;) {
    const key = sessionStorage.getItem(NAME);
    const headers = new Headers(options.headers);
    if (key) headers.set("Authorization", `Bearer ${key}`);
    const answer = await globalThis.fetch(address, { ...options, headers });
    if (answer.status !== 401) return answer;
    // Several requests may be refused at once: one question is enough, its answer is for all.
    const changed = sessionStorage.getItem(NAME) !== key;
    if (!changed && !(await (asking ??= ask(key !== null)))) return answer;
  }
}

/** Resolves to whether a key was given. */
function ask(again) {
  const input = element("input", {
    type: "password",
    autocomplete: "off",
    spellcheck: false,
    required: true,
  });
  const title = element("h2", {
    id: "key-title",
    textContent: again ? text.key.wrong : text.key.title,
  });
  const use = element("button", { className: "primary", textContent: text.key.use });
  const leave = element("button", { type: "button", textContent: text.key.leave });
  const form = element(
    "form",
    { method: "dialog" },
    title,
    element("p", { textContent: text.key.detail }),
    element("label", {}, `${text.key.label} `, input),
    element("p", {}, use, " ", leave),
  );
  const dialog = element("dialog", {}, form);
  dialog.setAttribute("aria-labelledby", title.id);
  document.body.append(dialog);
  return new Promise((resolve) => {
    form.addEventListener("submit", () => keep(input.value.trim()));
    leave.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      asking = null;
      resolve(dialog.returnValue === "given");
    });
    use.value = "given";
    dialog.showModal();
    input.focus();
  });
}

/** Links and pictures carry no header: for them, and for reading only, the key is a cookie too. */
function keep(key) {
  sessionStorage.setItem(NAME, key);
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${NAME}=${encodeURIComponent(key)}; Path=/; SameSite=Strict${secure}`;
}
