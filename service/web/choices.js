/** `GET /tasks` and `GET /limits` → the form, and the form → the parameters of /restore. */

import { element, part } from "./element.js";
import { measurement } from "./measured.js";
import { LOSSY, formatOf, outputPixels } from "./photo.js";
import { cost, scores, text } from "./strings.js";

const ORDER = ["fast", "balanced", "best"];

export class Choices {
  /** `changed()` is called whenever another choice was made. */
  constructor(changed) {
    this.changed = changed;
    this.photo = null;
    this.tasks = [];
    const panel = part("panel");
    panel.addEventListener("change", (event) => {
      if (event.target.name === "task") this.drawPresets();
      this.drawQuality();
      this.drawMeasured();
      changed();
    });
    // The browser says itself what is wrong with a field, but not inside a closed disclosure.
    panel.addEventListener("invalid", () => (part("more").open = true), true);
    part("reseed").addEventListener("click", () => {
      part("seed").value = crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;
      changed();
    });
  }

  /** Fill the form with what the service offers, and open it. */
  offer(tasks, limits) {
    this.tasks = tasks;
    part("tasks").replaceChildren(
      ...tasks.map((task, index) => card("task", task.task, index === 0, [heading(task.title)])),
    );
    part("format").replaceChildren(
      option("", text.sameFormat),
      ...limits.output_formats.map((name) => option(name, text.formats[name] ?? name)),
    );
    part("metadata").replaceChildren(
      ...Object.entries(text.metadataChoices).map(([value, label]) => option(value, label)),
    );
    part("choices").disabled = false;
    this.drawPresets();
    this.drawQuality();
  }

  /** Tell costs for this photo from now on. */
  show(photo) {
    this.photo = photo;
    this.drawPresets();
    this.drawQuality();
  }

  get task() {
    return this.tasks.find((task) => task.task === chosen("task"));
  }

  /** The name of the preset chosen. */
  get preset() {
    return chosen("preset");
  }

  /** The query of /restore, every choice spelt out so that it can be repeated. */
  get parameters() {
    const parameters = { task: this.task.task, preset: this.preset, seed: part("seed").value };
    parameters.format = this.format;
    if (!part("quality").disabled) parameters.quality = part("quality").value;
    return { ...parameters, metadata: part("metadata").value };
  }

  /** The format chosen; the photo's own where that was wished and the service writes it. */
  get format() {
    const own = formatOf(this.photo?.type ?? "");
    const written = [...part("format").options].some(({ value }) => value === own);
    return part("format").value || (written && own) || "png";
  }

  drawPresets() {
    if (!this.task) return;
    const kept = this.task.presets[this.preset] ? this.preset : null;
    const names = ORDER.filter((name) => this.task.presets[name]);
    const pixels = outputPixels(this.photo, this.task);
    part("presets").replaceChildren(
      ...names.map((name, index) => {
        const body = presetBody(name, this.task.presets[name], pixels);
        return card("preset", name, kept ? name === kept : index === 0, body);
      }),
    );
    this.drawMeasured();
  }

  drawMeasured() {
    if (!this.task) return;
    const preset = this.task.presets[this.preset];
    const network = this.task.networks.find(({ name }) => name === preset.network);
    const body = part("measured").querySelector("[data-part=body]");
    body.replaceChildren(...measurement(preset, network));
  }

  drawQuality() {
    part("quality").disabled = !LOSSY.includes(this.format);
  }
}

const chosen = (name) => part("panel").querySelector(`[name=${name}]:checked`)?.value;

const option = (value, label) => element("option", { value }, label);

const heading = (title) => element("span", { className: "title" }, title);

function card(name, value, checked, body) {
  const radio = element("input", { type: "radio", name, value, checked });
  return element("label", { className: "card" }, radio, element("span", {}, ...body));
}

function presetBody(name, preset, pixels) {
  const [quality] = preset.quality;
  const timed = preset.quality.find((row) => row.seconds_per_megapixel);
  const price = cost(preset, timed?.seconds_per_megapixel, pixels);
  const line = (className, words) => words && element("span", { className }, words);
  return [
    element("span", { className: "row" }, heading(text.presets[name]), line("small muted", price)),
    line("small", preset.claim),
    line("small muted", quality && scores(quality)),
  ];
}
