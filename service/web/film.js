/** The walk of a bridge as a film: where it stood at each step, and what the network saw there. */

import { part } from "./element.js";
import { film } from "./sentences.js";
import { text } from "./strings.js";

const PACE_MS = 650; // A frame's time; the last one stays.

export class Film {
  constructor(viewer) {
    Object.assign(this, { viewer, frames: [], size: null, timer: null });
    part("film-play").addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    part("film-at").addEventListener("input", ({ target }) => {
      this.pause();
      this.show(Number(target.value));
    });
  }

  /** Show the frames beside each other, stretched to the restored photo's size, and play them. */
  open(frames, size) {
    Object.assign(this, { frames, size });
    part("film").hidden = false;
    part("film-at").max = frames.length - 1;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const first = still ? frames.length - 1 : 0;
    this.viewer.lay("grid", this.pictures(first), size);
    this.show(first);
    if (!still) this.play();
  }

  close() {
    this.pause();
    part("film").hidden = true;
  }

  pictures(index) {
    const { x_t: walk, x_0: estimate } = this.frames[index];
    return [
      { role: "walk", url: walk, label: film.walk },
      { role: "estimate", url: estimate, label: film.estimate },
    ];
  }

  show(index) {
    const frame = this.frames[index];
    part("film-at").value = index;
    part("film-at").setAttribute("aria-valuetext", film.step(frame));
    part("film-step").textContent = film.step(frame);
    for (const { role, url } of this.pictures(index)) this.viewer.replace(role, url);
  }

  play() {
    const last = this.frames.length - 1;
    if (Number(part("film-at").value) === last) this.show(0);
    this.timer = setInterval(() => {
      const next = Number(part("film-at").value) + 1;
      this.show(next);
      if (next === last) this.pause();
    }, PACE_MS);
    part("film-play").textContent = text.pause;
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    part("film-play").textContent = text.play;
  }
}
