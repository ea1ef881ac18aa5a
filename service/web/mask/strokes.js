/**
 * A mask as the list of what was done to it, drawn anew whenever something is taken back.
 *
 * Its canvas has the photo's pixels; what is to be repaired is opaque.
 */

const INK = "#ff2f6d"; // Seen on nearly any photo; the page draws it half transparent.

export class Strokes {
  constructor({ width, height }) {
    this.canvas = Object.assign(document.createElement("canvas"), { width, height });
    this.context = this.canvas.getContext("2d");
    this.done = [];
    this.undone = [];
  }

  /** Begin a stroke: points of the photo, half its width in the photo's pixels. */
  start(point, radius, erases) {
    this.act({ kind: "stroke", radius, erases, points: [point] });
  }

  /** Draw on from the stroke's last point. */
  extend(point) {
    const stroke = this.done.at(-1);
    const last = stroke.points.at(-1);
    stroke.points.push(point);
    this.line(stroke, [last, point]);
  }

  /** Add another mask's opaque pixels, stretched to the photo: {width, height} of any size. */
  add(picture) {
    this.act({ kind: "picture", picture });
  }

  empty() {
    if (this.done.length) this.act({ kind: "empty" });
  }

  undo() {
    if (this.done.length) this.undone.push(this.done.pop());
    this.draw();
  }

  redo() {
    if (this.undone.length) this.done.push(this.undone.pop());
    this.draw();
  }

  /** The share of the photo that is to be repaired, judged on a grid of at most 256 points. */
  get share() {
    const side = 256;
    const small = new OffscreenCanvas(side, side).getContext("2d");
    small.drawImage(this.canvas, 0, 0, side, side);
    const { data } = small.getImageData(0, 0, side, side);
    let held = 0;
    for (let at = 3; at < data.length; at += 4) held += data[at];
    return held / (255 * side * side);
  }

  /** White where the photo is to be repaired, black elsewhere: a PNG of the photo's size. */
  async file() {
    const { width, height } = this.canvas;
    const made = new OffscreenCanvas(width, height);
    const context = made.getContext("2d");
    context.drawImage(this.canvas, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    return made.convertToBlob({ type: "image/png" });
  }

  act(one) {
    this.done.push(one);
    this.undone = [];
    this.apply(one);
  }

  draw() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.done.forEach((one) => this.apply(one));
  }

  apply(one) {
    const { width, height } = this.canvas;
    if (one.kind === "empty") this.context.clearRect(0, 0, width, height);
    if (one.kind === "picture") this.context.drawImage(one.picture, 0, 0, width, height);
    if (one.kind === "stroke") this.line(one, one.points);
  }

  line({ radius, erases }, points) {
    const { context } = this;
    const [first, ...rest] = points;
    Object.assign(context, { lineCap: "round", lineJoin: "round", lineWidth: 2 * radius });
    Object.assign(context, { strokeStyle: INK, fillStyle: INK });
    context.globalCompositeOperation = erases ? "destination-out" : "source-over";
    context.beginPath();
    if (rest.length) {
      context.moveTo(first.x, first.y);
      for (const { x, y } of rest) context.lineTo(x, y);
      context.stroke();
    } else {
      context.arc(first.x, first.y, radius, 0, 2 * Math.PI); // A line of no length is not drawn.
      context.fill();
    }
    context.globalCompositeOperation = "source-over";
  }
}

/**
 * A mask file → a picture in the mask's ink: white is to be repaired. A photo with transparent
 * parts is a mask too, as image editors make them: there the transparent is to be repaired.
 */
export async function inked(file) {
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  const made = new OffscreenCanvas(width, height);
  const context = made.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const image = context.getImageData(0, 0, width, height);
  colour(image.data);
  context.putImageData(image, 0, 0);
  return made;
}

function colour(data) {
  const cut = isPhoto(data);
  for (let at = 0; at < data.length; at += 4) {
    const light = data[at] + data[at + 1] + data[at + 2] >= 3 * 127.5;
    const opaque = data[at + 3] >= 127.5;
    data.set([255, 47, 109, (cut ? !opaque : light && opaque) ? 255 : 0], at);
  }
}

/** Whether there is transparency, and more than black and white where there is none. */
function isPhoto(data) {
  let clear = 0;
  let shades = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 127.5) clear += 1;
    else if (data[at] > 24 && data[at] < 231) shades += 1;
  }
  return clear > 0 && shades > data.length / 80;
}
