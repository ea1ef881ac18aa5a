/**
 * Before and after in one frame: zoomed and moved as one, parted by a divider.
 *
 * Both pictures are laid out from the same custom properties, so they cannot drift apart. The
 * photo as it came is stretched to the restored photo's size. 100 % is one pixel of the
 * restored photo on one pixel of the screen, whatever the screen's density.
 */

import { bounded, covered, fitted, overflows, zoomed } from "./geometry.js";
import { listenForGestures } from "./gestures.js";
import { text } from "./strings.js";

const LARGEST = 16; // Screen pixels per photo pixel.

export class Viewer {
  /** `changed(viewer)` is called whenever zoom or pictures changed. */
  constructor(root, changed) {
    this.root = root;
    this.changed = changed;
    for (const name of ["before", "after", "divider"]) {
      this[name] = root.querySelector(`[data-part=${name}]`);
    }
    this.clear();
    new ResizeObserver(() => this.place(this.view)).observe(root);
    listenForGestures(this);
  }

  clear() {
    Object.assign(this, { size: null, view: null, fits: true, split: 0.5 });
    this.root.hidden = true;
    this.root.classList.remove("settling", "original", "comparing");
    for (const layer of [this.before, this.after]) {
      layer.hidden = true;
      layer.querySelector("img").removeAttribute("src");
    }
    this.divider.hidden = true;
  }

  /** Show one picture alone, as `before` or as `after`. */
  show(photo, side) {
    this.clear();
    this.root.hidden = false;
    this.put(this[side], photo);
  }

  /** Lay the restored photo over the one shown, at the same place and size on the screen. */
  reveal(photo) {
    const scale = (this.view.scale * this.size.width) / photo.width;
    this.divider.hidden = false;
    this.root.classList.add("comparing");
    this.root.classList.remove("settling");
    this.split = 1;
    this.put(this.after, photo, { ...this.view, scale });
    this.root.getBoundingClientRect(); // The start of the transition has to be laid out.
    this.root.classList.add("settling");
    this.splitTo(0.5, true);
  }

  put(layer, { url, width, height }, view = null) {
    layer.hidden = false;
    layer.querySelector("img").src = url;
    this.size = { width, height };
    this.place(view);
  }

  get comparing() {
    return !this.divider.hidden;
  }

  get frame() {
    return { width: this.root.clientWidth, height: this.root.clientHeight };
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

  /** `point`, in the frame, stays where it is. */
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
    if (!settling) this.root.classList.remove("settling");
    this.draw();
  }

  /** Part the pictures at an x of the frame. */
  splitAt(x) {
    const { left, right } = covered(this.view, this.frame, this.size);
    this.splitTo((x - left) / (right - left));
  }

  /** While `shown`, the photo as it came covers the frame. */
  showOriginal(shown) {
    this.root.classList.toggle("original", shown && this.comparing);
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
    const { view, frame, size } = this;
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
    this.root.classList.toggle("movable", this.movable);
    const percent = Math.round(this.split * 100);
    this.divider.setAttribute("aria-valuenow", percent);
    this.divider.setAttribute("aria-valuetext", `${percent} % ${text.before}`);
  }
}
