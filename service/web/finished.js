/** What can be done with a finished restoration: more seeds, a map, another file, commands. */

import { carryOutBeside, bodyOf } from "./underway.js";
import { curlCommand, pythonProgram } from "./commands.js";
import { counterpart, spread } from "./invention/invention.js";
import { closePhoto, formatOf, openPhoto, restoredName } from "./photo.js";
import { restoreWhole } from "./service.js";
import { invention } from "./sentences.js";

export class Finished {
  /** wish {photo, mask, parameters, task} as it was carried out, and what came of it. */
  constructor(wish, { done, picture, frames }) {
    Object.assign(this, wish, { frames, map: null, mapping: false, taken: 0 });
    this.leaving = new AbortController();
    this.maskLink = wish.mask && URL.createObjectURL(wish.mask);
    this.seeds = [{ seed: Number(wish.parameters.seed), done, picture }];
  }

  get done() {
    return this.seeds[this.taken].done;
  }

  get picture() {
    return this.seeds[this.taken].picture;
  }

  /** What the views show of it. */
  get shown() {
    const { photo: before, picture: after, frames, map, seeds, taken } = this;
    const { width, height } = this.done;
    const masked = Boolean(this.mask);
    const size = { width, height };
    return { before, after, size, frames: frames.whole, map, seeds, taken, masked };
  }

  get format() {
    return formatOf(this.done.content_type);
  }

  get name() {
    return restoredName(this.photo.name, this.format);
  }

  get maskName() {
    return this.mask && restoredName(this.photo.name, "png").replace(/rialto\.png$/, "mask.png");
  }

  /** Seeds that follow the largest one there is. */
  nextSeeds(count) {
    const largest = Math.max(...this.seeds.map(({ seed }) => seed));
    return Array.from({ length: count }, (_, index) => largest + 1 + index);
  }

  /** Restore with another seed; the map is of all the seeds, so it is made anew when asked for. */
  async addSeed(seed, progress, signal) {
    const { photo, mask } = this;
    const parameters = { ...this.parameters, seed };
    const { done, picture } = await carryOutBeside({ photo, mask, parameters }, progress, signal);
    this.seeds.push({ seed, done, picture });
    this.dropMap();
  }

  /** Let one of the seeds be what is compared, downloaded and told in commands. */
  take(index) {
    this.taken = index;
    this.parameters = { ...this.parameters, seed: String(this.seeds[index].seed) };
    if (this.seeds.length === 1) this.dropMap();
  }

  /** Map where the restoration could as well have been another one. `say` tells what is done. */
  async mapInvention(say) {
    if (this.seeds.length > 1) {
      const { map, share } = await spread(this.seeds.map(({ picture }) => picture));
      return this.setMap(map, invention.seeds(this.seeds.length, share));
    }
    const { preset } = this.parameters;
    const other = counterpart(this.task, preset);
    if (!other) return this.setMap(null, invention.none);
    say(invention.asking(other));
    const parameters = { ...this.parameters, preset: other };
    const wish = { photo: this.photo, mask: this.mask, parameters };
    const { picture } = await carryOutBeside(wish, () => undefined, this.leaving.signal);
    const { map, share } = await spread([this.picture, picture]);
    closePhoto(picture);
    return this.setMap(map, invention.presets(preset, other, share));
  }

  setMap(blob, words) {
    this.dropMap();
    this.map = { url: blob && URL.createObjectURL(blob), words };
  }

  dropMap() {
    if (this.map?.url) URL.revokeObjectURL(this.map.url);
    this.map = null;
  }

  /** The same pixels in another file: `wrapping` holds format, quality and metadata. */
  async wrapAnew(wrapping, signal) {
    const { quality: _, ...rest } = this.parameters;
    const parameters = { ...rest, ...wrapping };
    const file = await restoreWhole(bodyOf(this.photo, this.mask), parameters, signal);
    const picture = await openPhoto(file);
    const { done } = this;
    closePhoto(this.picture);
    this.seeds[this.taken] = {
      ...this.seeds[this.taken],
      picture,
      done: { ...done, content_type: file.type, bytes: file.size },
    };
    this.parameters = parameters;
  }

  /** Whether the file at hand is already what `wrapping` asks for. */
  wrappedAs(wrapping) {
    const { format, quality, metadata } = this.parameters;
    return (
      format === wrapping.format && quality === wrapping.quality && metadata === wrapping.metadata
    );
  }

  get commands() {
    const { parameters, photo } = this;
    const facts = {
      origin: location.origin,
      parameters,
      photo,
      mask: this.maskName,
      output: this.name,
    };
    return { curl: curlCommand(facts), python: pythonProgram(facts) };
  }

  close() {
    this.leaving.abort();
    this.frames.close();
    this.dropMap();
    if (this.maskLink) URL.revokeObjectURL(this.maskLink);
    for (const { picture } of this.seeds) closePhoto(picture);
  }
}
