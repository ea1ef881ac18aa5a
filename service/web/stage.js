/** The left of the page: invitation, viewer or placeholder, the zoom bar, the line of facts. */

import { element, part } from "./element.js";
import { facts, text } from "./strings.js";
import { Viewer } from "./viewer.js";

export class Stage {
  constructor() {
    this.viewer = new Viewer(part("viewer"), (viewer) => drawBar(viewer));
    part("bar").addEventListener("click", ({ target }) => this.zoom(target.dataset.zoom));
    this.listenForOriginal();
  }

  /** The photo as it came, alone. */
  showPhoto(photo) {
    part("invitation").hidden = true;
    if (photo.url) this.viewer.show(photo, "before");
    else this.viewer.clear();
    this.drawAround(photo.url ? null : text.unshownInput, photo, facts.input(photo));
  }

  /** The restored photo over the photo as it came, as far as this browser can show them. */
  showRestored(photo, restored, words) {
    if (photo.url && restored.url) this.viewer.reveal(restored);
    else if (restored.url) this.viewer.show(restored, "after");
    else this.showPhoto(photo);
    this.drawAround(photo.url || restored.url ? null : text.unshownOutput, photo, words);
    if (photo.url && !restored.url) addFacts([text.unshownOutput]);
  }

  drawAround(reason, photo, words) {
    part("placeholder").hidden = reason === null;
    part("placeholder").querySelector("[data-part=name]").textContent = photo.name;
    part("placeholder").querySelector("[data-part=reason]").textContent = reason;
    part("bar").hidden = part("viewer").hidden;
    part("original").hidden = !this.viewer.comparing;
    part("facts").hidden = false;
    part("facts").replaceChildren();
    words.forEach(addFacts);
    this.viewer.place(this.viewer.view); // The bar has taken some of the viewer's height.
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
