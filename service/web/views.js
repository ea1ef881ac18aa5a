/** The ways in which a restored photo can be looked at, and the buttons that choose among them. */

import { element, part } from "./element.js";
import { Film } from "./film.js";
import { legends } from "./sentences.js";
import { text } from "./strings.js";

const KEYS = { c: "slider", s: "sides", d: "difference", i: "invention", f: "film", v: "seeds" };

export class Views {
  /** `wish`, to be set, is {map(), take(index), mask()}: what only the service or others can do. */
  constructor(viewer) {
    Object.assign(this, { viewer, wish: null, film: new Film(viewer), view: null, shown: null });
    part("views").addEventListener("click", ({ target }) => this.choose(target.dataset.view));
    part("repaint").addEventListener("click", () => this.wish.mask());
    viewer.root.addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
      const view = KEYS[key];
      if (this.shown && view && !(ctrlKey || metaKey || altKey)) this.choose(view);
    });
  }

  /** Nothing is restored: only the photo as it came can be looked at. */
  clear() {
    this.film.close();
    Object.assign(this, { view: null, shown: null });
    this.draw();
  }

  /**
   * What there is to look at. Unless `view` says otherwise the way of looking stays.
   *
   * shown  {before, after: photos, size, frames: [], map: {url, words}, seeds: [{seed, picture}],
   *        taken: index of the seed that is `after`}
   */
  offer(shown, view = this.view) {
    this.shown = shown;
    const [first] = this.possible;
    this.choose(this.possible.includes(view) ? view : (first ?? null));
  }

  get possible() {
    const { before, after, frames, seeds } = this.shown;
    const both = before.url && after.url;
    return [
      ...(both ? ["slider", "sides", "difference"] : []),
      ...(after.url ? ["invention"] : []),
      ...(frames.length > 1 ? ["film"] : []),
      ...(seeds.length > 1 && after.url ? ["seeds"] : []),
    ];
  }

  choose(view) {
    if (!view || !this.possible.includes(view)) return;
    this.film.close();
    this.view = view;
    const ways = {
      slider: () => this.pair("slider"),
      sides: () => this.pair("grid"),
      difference: () => this.pair("difference"),
      invention: () => this.layInvention(),
      film: () => this.film.open(this.shown.frames, this.shown.size),
      seeds: () => this.laySeeds(),
    };
    ways[view]();
    this.draw();
  }

  pair(mode) {
    const { before, after, size } = this.shown;
    this.viewer.lay(mode, [picture("before", before.url), picture("after", after.url)], size);
  }

  layInvention() {
    const { before, after, map, size } = this.shown;
    const lower = before.url ? [picture("before", before.url)] : [];
    const upper = map?.url ? [{ role: "map", url: map.url }] : [];
    this.viewer.lay("overlay", [...lower, picture("after", after.url), ...upper], size);
    if (!map) this.wish.map();
  }

  laySeeds() {
    const { seeds, taken, size } = this.shown;
    const pictures = seeds.map(({ seed, picture: { url } }, index) => {
      const take = element(
        "button",
        { className: "quiet" },
        index === taken ? text.taken : text.take,
      );
      take.setAttribute("aria-pressed", index === taken);
      take.setAttribute("aria-label", `${take.textContent}: ${legends.seed(seed)}`);
      take.addEventListener("click", () => this.wish.take(index));
      return { role: `seed-${index}`, url, label: legends.seed(seed), foot: take };
    });
    this.viewer.lay("grid", pictures, size);
  }

  draw() {
    part("views").hidden = !this.shown;
    const possible = this.shown ? this.possible : [];
    for (const button of part("views").querySelectorAll("button")) {
      const { view } = button.dataset;
      button.hidden = !possible.includes(view);
      button.setAttribute("aria-pressed", view === this.view);
    }
    const over = ["slider", "difference", "invention"].includes(this.view);
    part("original").hidden = !(over && this.shown.before.url);
    part("repaint").hidden = !this.shown?.masked;
    if (this.view !== "invention") this.say(text.legends[this.view] ?? "");
    else if (this.shown.map) this.say(this.shown.map.words);
  }

  /** What the picture shows, in a sentence under it. */
  say(words) {
    part("legend").hidden = !words;
    part("legend").dataset.view = this.view ?? "";
    part("legend-words").textContent = words;
    this.viewer.place(this.viewer.view); // The words take some of its height.
  }
}

const picture = (role, url) => ({ role, url, label: text[role] });
