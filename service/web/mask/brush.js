/** Painting a mask over the photo: pointer, keys and the brush's own bar. */

import { part } from "../element.js";
import { masked, scratches } from "../sentences.js";
import { text } from "../strings.js";
import { Strokes, inked } from "./strokes.js";

const SIZES = { least: 2, most: 400, step: 1.25 }; // The brush's width in the photo's pixels.

/** Paints on the viewer while it is open. `changed()` is called after every stroke. */
export class Brush {
  constructor(viewer, changed) {
    Object.assign(this, {
      viewer,
      changed,
      strokes: null,
      erases: false,
      size: 24,
      drawing: false,
    });
    this.at = null;
    const acts = {
      paint: () => this.erase(false),
      erase: () => this.erase(true),
      undo: () => this.act("undo"),
      redo: () => this.act("redo"),
      empty: () => this.act("empty"),
      propose: () => this.propose(),
      import: () => part("mask-file").click(),
    };
    part("brush").addEventListener("click", ({ target }) => acts[target.dataset.brush]?.());
    part("brush-size").addEventListener("input", ({ target }) => this.resize(Number(target.value)));
    part("mask-file").addEventListener("change", ({ target }) => this.import(target));
  }

  /** A new mask for a photo; the brush is a fortieth of its longest side. */
  begin(photo) {
    this.photo = photo;
    this.strokes = new Strokes(photo);
    this.say("");
    this.resize(Math.round(Math.max(photo.width, photo.height) / 40));
  }

  /** A mask that was painted before. */
  async recall(photo, mask) {
    this.begin(photo);
    this.strokes.add(await inked(mask));
  }

  open() {
    this.viewer.painter = this;
    part("brush").hidden = false;
    part("viewer").setAttribute("aria-label", text.painting);
    this.erase(false);
    this.refresh();
  }

  close() {
    this.viewer.painter = null;
    part("brush").hidden = true;
    part("brush-cursor").hidden = true;
    part("viewer").setAttribute("aria-label", text.viewer);
    this.say("");
  }

  get empty() {
    return !this.strokes || this.strokes.share === 0;
  }

  // What the viewer's gestures call: points are of the photo, in its pixels.

  start(point) {
    this.drawing = true;
    this.strokes.start(point, this.size / 2, this.erases);
  }

  move(point) {
    if (this.drawing) this.strokes.extend(point);
  }

  end() {
    if (!this.drawing) return;
    this.drawing = false;
    this.refresh();
  }

  /** The brush's outline follows the pointer; `point` is of the frame. */
  hover(point) {
    this.at = point;
    const cursor = part("brush-cursor");
    const across = this.size * this.viewer.view.scale;
    cursor.hidden = false;
    cursor.style.setProperty("--across", `${across}px`);
    cursor.style.setProperty("--at-x", `${point.x}px`);
    cursor.style.setProperty("--at-y", `${point.y}px`);
  }

  get keys() {
    const { viewer } = this;
    const go = (x, y) => () => {
      const { width, height } = viewer.frame;
      const from = this.at ?? { x: width / 2, y: height / 2 };
      const stride = Math.max(2, (this.size * viewer.view.scale) / 2);
      this.hover({ x: from.x + x * stride, y: from.y + y * stride });
    };
    return {
      "[": () => this.resize(this.size / SIZES.step),
      "]": () => this.resize(this.size * SIZES.step),
      b: () => this.erase(false),
      e: () => this.erase(true),
      z: () => this.act("undo"),
      Z: () => this.act("redo"),
      "Ctrl+z": () => this.act("undo"),
      "Ctrl+Z": () => this.act("redo"),
      ArrowLeft: go(-1, 0),
      ArrowRight: go(1, 0),
      ArrowUp: go(0, -1),
      ArrowDown: go(0, 1),
      Enter: () => this.dab(),
    };
  }

  /** Paint where the brush stands, without a pointer. */
  dab() {
    const { width, height } = this.viewer.frame;
    const { view } = this.viewer;
    const { x, y } = this.at ?? { x: width / 2, y: height / 2 };
    this.start({ x: (x - view.x) / view.scale, y: (y - view.y) / view.scale });
    this.end();
  }

  act(verb) {
    this.strokes[verb]();
    this.refresh();
  }

  erase(erases) {
    this.erases = erases;
    for (const name of ["paint", "erase"]) {
      const button = part("brush").querySelector(`[data-brush=${name}]`);
      button.setAttribute("aria-pressed", (name === "erase") === erases);
    }
  }

  resize(size) {
    this.size = Math.min(SIZES.most, Math.max(SIZES.least, Math.round(size)));
    part("brush-size").value = this.size;
    if (this.at && this.viewer.view) this.hover(this.at);
  }

  async import(field) {
    const [file] = field.files;
    field.value = ""; // Or the same file could not be picked twice.
    if (!file) return;
    try {
      this.strokes.add(await inked(file));
      this.refresh();
    } catch {
      this.say(masked.unreadable);
    }
  }

  /** Ask for scratches in a worker; what it finds can be undone and corrected. */
  async propose() {
    this.say(scratches.looking);
    const { strokes } = this;
    const bitmap = await createImageBitmap(this.photo.file);
    const worker = new Worker(new URL("scratches.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data: { found, share } }) => {
      worker.terminate();
      if (this.strokes !== strokes) return; // Another photo has come.
      if (share > 0) strokes.add(found);
      this.refresh();
      if (share === 0) this.say(scratches.none);
    });
    worker.postMessage(bitmap, [bitmap]);
  }

  refresh() {
    const { done, undone } = this.strokes;
    const button = (name) => part("brush").querySelector(`[data-brush=${name}]`);
    button("undo").disabled = !done.length;
    button("redo").disabled = !undone.length;
    button("empty").disabled = !done.length;
    this.say(this.empty ? masked.hint : masked.share(this.strokes.share));
    this.changed();
  }

  say(words) {
    part("brush-note").textContent = words;
  }
}
