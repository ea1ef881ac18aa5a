/** The previews of a walk → frames that can be shown again: what it was at, and what it saw. */

const MOST = 240; // Frames kept of one walk; a photo of many areas has more.

/** A frame is {step, steps, region, regions, x_t, x_0}: the pictures are links, or null. */
export class Frames {
  constructor() {
    this.list = [];
  }

  /** Take a `preview` event's data; returns the link to its picture. */
  add({ kind, image, ...at }) {
    const link = URL.createObjectURL(blobOf(image));
    let frame = this.list.find(({ step, region }) => step === at.step && region === at.region);
    if (!frame) {
      frame = { ...at, x_t: null, x_0: null };
      this.list.push(frame);
    }
    release(frame[kind]);
    frame[kind] = link;
    if (this.list.length > MOST) Object.values(this.list.shift()).forEach(release);
    return link;
  }

  /** Those of which both pictures are known, in the order of the walk. */
  get whole() {
    return this.list.filter((frame) => frame.x_t && frame.x_0);
  }

  close() {
    for (const frame of this.list) Object.values(frame).forEach(release);
    this.list = [];
  }
}

const release = (value) => typeof value === "string" && URL.revokeObjectURL(value);

/** The page's policy lets no picture be shown from a `data:` link, so it becomes a file. */
function blobOf(link) {
  const [head, content] = link.split(",");
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: /^data:([^;]*)/.exec(head)[1] });
}
