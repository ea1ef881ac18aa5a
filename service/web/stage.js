/** The left of the page: invitation, viewer or placeholder, the bars, the line of facts. */

import { element, part } from "./element.js";
import { facts } from "./sentences.js";
import { text } from "./strings.js";
import { Viewer } from "./viewer.js";
import { Views } from "./views.js";

export class Stage {
  constructor() {
    this.viewer = new Viewer(part("viewer"), (viewer) => drawBar(viewer));
    this.views = new Views(this.viewer);
    part("bar").addEventListener("click", ({ target }) => this.zoom(target.dataset.zoom));
    this.listenForOriginal();
  }

  /** The photo as it came, alone, or with a mask's canvas over it. */
  showPhoto(photo, canvas = null) {
    this.views.clear();
    const picture = { role: "before", url: photo.url, label: text.before };
    const size = { width: photo.width, height: photo.height };
    if (!photo.url) this.viewer.clear();
    else if (canvas) this.viewer.lay("paint", [picture, { role: "mask", canvas }], size);
    else this.viewer.lay("single", [picture], size);
    this.drawAround(photo.url ? null : text.unshownInput, photo, facts.input(photo));
  }

  /** A picture of the restoration under way, over the photo as it came. */
  preview(photo, link, size) {
    if (this.viewer.panes.has("after") && !this.views.shown)
      return this.viewer.replace("after", link);
    this.views.clear();
    const before = photo.url ? [{ role: "before", url: photo.url, label: text.before }] : [];
    const after = { role: "after", url: link, label: text.preview };
    this.viewer.lay(photo.url ? "slider" : "single", [...before, after], size);
    if (photo.url) this.viewer.unveil();
    part("placeholder").hidden = true;
    part("bar").hidden = false;
  }

  /** The restored photo beside the photo as it came, as far as this browser can show them. */
  showRestored(photo, shown, words) {
    const previewed = this.viewer.panes.has("after");
    const { after } = shown;
    if (photo.url || after.url) this.views.offer(shown, this.views.view ?? "slider");
    else this.showPhoto(photo);
    if (!previewed && this.viewer.comparing) this.viewer.unveil();
    this.drawAround(photo.url || after.url ? null : text.unshownOutput, photo, words);
    if (photo.url && !after.url) addFacts([text.unshownOutput]);
  }

  /** Many photos have come: what shows one photo gives way. */
  showMany() {
    this.views.clear();
    this.viewer.clear();
    for (const id of ["invitation", "placeholder", "bar", "facts"]) part(id).hidden = true;
    part("many").hidden = false;
  }

  drawAround(reason, photo, words) {
    part("invitation").hidden = true;
    part("many").hidden = true;
    part("placeholder").hidden = reason === null;
    part("placeholder").querySelector("[data-part=name]").textContent = photo.name;
    part("placeholder").querySelector("[data-part=reason]").textContent = reason;
    part("bar").hidden = part("viewer").hidden;
    part("facts").hidden = false;
    part("facts").replaceChildren();
    words.forEach(addFacts);
    this.viewer.place(this.viewer.view); // The bars have taken some of the viewer's height.
  }

  zoom(to) {
    if (to === "fit") this.viewer.fit();
    else if (to === "in") this.viewer.zoomBy(1.25);
    else if (to === "out") this.viewer.zoomBy(0.8);
    else if (to) this.viewer.zoomTo(Number(to));
  }

  listenForOriginal() {
    const button = part("original");
    button.title = text.originalDetail;
    const shows = { pointerdown: true, keydown: true };
    const hides = { pointerup: false, pointerleave: false, keyup: false, blur: false };
    for (const [name, shown] of Object.entries({ ...shows, ...hides })) {
      button.addEventListener(name, ({ key = " " }) => {
        if (key === " " || key === "Enter") this.viewer.showOriginal(shown);
      });
    }
  }
}

function addFacts(words) {
  part("facts").append(element("p", {}, ...words.map((word) => element("span", {}, word))));
}

function drawBar(viewer) {
  const percent = Math.round(viewer.zoom * 100);
  part("zoom").textContent = `${percent} %`;
  part("original").setAttribute("aria-pressed", viewer.root.classList.contains("original"));
  for (const button of part("bar").querySelectorAll("[data-zoom]")) {
    const { zoom } = button.dataset;
    const on = zoom === "fit" ? viewer.fits : !viewer.fits && Number(zoom) * 100 === percent;
    if (zoom !== "in" && zoom !== "out") button.setAttribute("aria-pressed", on);
  }
}
