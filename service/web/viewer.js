/**
 * Pictures of one photo in one frame: over each other or beside each other, moved as one.
 *
 * All are laid out from the same custom properties, so they cannot drift apart, and each is
 * stretched to the restored photo's size. 100 % is one pixel of the restored photo on one pixel
 * of the screen, whatever the screen's density.
 */

import { bounded, covered, fitted, overflows, tiled, zoomed } from "./geometry.js";
import { element } from "./element.js";
import { listenForGestures } from "./gestures.js";
import { text } from "./strings.js";

const LARGEST = 16; // Screen pixels per photo pixel.

export class Viewer {
  /** `changed(viewer)` is called whenever zoom or pictures changed. */
  constructor(root, changed) {
    Object.assign(this, { root, changed, panes: new Map(), painter: null });
    this.table = root.querySelector("[data-part=panes]");
    this.divider = root.querySelector("[data-part=divider]");
    this.clear();
    new ResizeObserver(() => this.place(this.view)).observe(root);
    listenForGestures(this);
  }

  clear() {
    Object.assign(this, { size: null, view: null, fits: true, split: 0.5 });
    this.root.hidden = true;
    this.root.classList.remove("settling", "original");
    this.table.replaceChildren();
    this.panes.clear();
    this.mode = "single";
  }

  /**
   * Lay pictures out. What stays of the picture's place on the screen is kept.
   *
   * mode      "single", "slider", "difference", "overlay", "paint": over each other; "grid"
   * pictures  [{role, url | canvas, label, foot}], from the lowest to the highest
   * size      {width, height} in pixels that all of them are stretched to
   */
  lay(mode, pictures, size) {
    const scale = this.size && this.view ? (this.view.scale * this.size.width) / size.width : null;
    const roles = pictures.map(({ role }) => role);
    for (const [role, pane] of this.panes) {
      if (!roles.includes(role)) this.drop(role, pane);
    }
    this.table.append(...pictures.map((picture) => this.pane(picture)));
    this.root.hidden = false;
    this.root.classList.remove("original");
    Object.assign(this, { mode, size });
    this.place(scale && { ...this.view, scale });
  }

  pane({ role, url, canvas, label, foot }) {
    const pane = this.panes.get(role) ?? newPane(role, canvas);
    this.panes.set(role, pane);
    pane.querySelector(".tag").textContent = label ?? "";
    pane.querySelector(".foot-of-pane").replaceChildren(...(foot ? [foot] : []));
    const image = pane.querySelector("img");
    if (image && image.getAttribute("src") !== url) image.src = url;
    return pane;
  }

  drop(role, pane) {
    pane.remove();
    this.panes.delete(role);
  }

  /** Another picture for a role that is shown; the old one stays until it can be drawn. */
  async replace(role, url) {
    const image = this.panes.get(role)?.querySelector("img");
    if (!image) return;
    image.dataset.next = url;
    const next = new Image();
    next.src = url;
    await next.decode().catch(() => undefined); // Its link may be gone by now.
    if (image.dataset.next === url && next.naturalWidth) image.src = url;
  }

  get mode() {
    return this.root.dataset.mode;
  }

  set mode(mode) {
    this.root.dataset.mode = mode;
    this.divider.hidden = mode !== "slider";
  }

  get comparing() {
    return this.mode === "slider";
  }

  /** The pane's own size: what a picture has to fit into. */
  get frame() {
    const { clientWidth, clientHeight } = this.root;
    const { columns, rows } = this.grid;
    return {
      width: Math.max(1, clientWidth / columns),
      height: Math.max(1, clientHeight / rows),
    };
  }

  get grid() {
    if (this.mode !== "grid" || !this.size) return { columns: 1, rows: 1 };
    const { clientWidth: width, clientHeight: height } = this.root;
    return tiled({ width, height }, this.size, this.panes.size);
  }

  /** Screen pixels per photo pixel: 1 is 100 %. */
  get zoom() {
    return this.view ? this.view.scale * devicePixelRatio : 1;
  }

  get movable() {
    return this.size !== null && overflows(this.view, this.frame, this.size);
  }

  fit() {
    this.fits = true;
    this.place(null);
  }

  /** `point`, in the pane, stays where it is. */
  zoomTo(zoom, point = { x: this.frame.width / 2, y: this.frame.height / 2 }) {
    const smallest = Math.min(1, fitted(this.frame, this.size).scale * devicePixelRatio);
    const bound = Math.min(LARGEST, Math.max(smallest, zoom));
    this.fits = false;
    this.place(zoomed(this.view, bound / devicePixelRatio, point));
  }

  zoomBy(factor, point) {
    this.zoomTo(this.zoom * factor, point);
  }

  moveBy(x, y) {
    this.place({ ...this.view, x: this.view.x + x, y: this.view.y + y });
  }

  /** 0 shows the restored photo alone, 1 the photo as it came. */
  splitTo(fraction, settling = false) {
    this.split = Math.min(1, Math.max(0, fraction));
    this.root.classList.toggle("settling", settling);
    this.draw();
  }

  /** Part the pictures at an x of the pane. */
  splitAt(x) {
    const { left, right } = covered(this.view, this.frame, this.size);
    this.splitTo((x - left) / (right - left));
  }

  /** Let the restored photo come in over the one that came. */
  unveil() {
    this.splitTo(1);
    this.root.getBoundingClientRect(); // The start of the transition has to be laid out.
    this.splitTo(0.5, true);
  }

  /** While `shown`, the photo as it came covers the frame. */
  showOriginal(shown) {
    const over = ["slider", "difference", "overlay"].includes(this.mode);
    this.root.classList.toggle("original", shown && over);
    this.changed(this);
  }

  place(view) {
    if (!this.size || this.root.hidden) return;
    const { frame, size } = this;
    this.view = this.fits || !view ? fitted(frame, size) : bounded(view, frame, size);
    this.draw();
    this.changed(this);
  }

  draw() {
    const { view, frame, size, grid } = this;
    const { left, top, right, bottom } = covered(view, frame, size);
    // Whole screen pixels, or a photo at 100 % would be blurred by half a pixel.
    const whole = (length) => Math.round(length * devicePixelRatio) / devicePixelRatio;
    const lengths = {
      x: whole(view.x),
      y: whole(view.y),
      width: size.width * view.scale,
      height: size.height * view.scale,
      left,
      top,
      right: frame.width - right,
      bottom: frame.height - bottom,
      split: whole(left + this.split * (right - left)),
    };
    for (const [name, length] of Object.entries(lengths)) {
      this.root.style.setProperty(`--${name}`, `${length}px`);
    }
    this.table.style.setProperty("--columns", grid.columns);
    this.root.classList.toggle("movable", this.movable);
    this.root.classList.toggle("close", this.zoom >= 3); // Pixels are shown as pixels.
    const percent = Math.round(this.split * 100);
    this.divider.setAttribute("aria-valuenow", percent);
    this.divider.setAttribute("aria-valuetext", `${percent} % ${text.before}`);
  }
}

function newPane(role, canvas) {
  const picture = canvas ?? element("img", { alt: "", draggable: false });
  const tag = element("span", { className: "tag" });
  return element(
    "div",
    { className: `pane ${role}` },
    picture,
    tag,
    element("div", { className: "foot-of-pane" }),
  );
}
