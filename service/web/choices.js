/** `GET /tasks` and `GET /limits` → the form, and the form → the parameters of /restore. */

import { element, part } from "./element.js";
import { measurement } from "./measured.js";
import { expected } from "./pace.js";
import { LOSSY, formatOf, outputPixels } from "./photo.js";
import { cost, scores } from "./sentences.js";
import { text } from "./strings.js";

const ORDER = ["fast", "balanced", "best"];

export class Choices {
  /** `changed()` is called whenever another choice was made. */
  constructor(changed) {
    Object.assign(this, { changed, photo: null, tasks: [], suggested: null, decided: false });
    const panel = part("panel");
    panel.addEventListener("change", (event) => {
      if (event.target.name === "task") this.drawPresets();
      this.drawQuality();
      this.drawMeasured();
      changed();
    });
    part("tasks").addEventListener("click", () => {
      this.decided = true; // From now on a suggestion is told, not taken.
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
    this.drawTasks(tasks[0].task);
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

  /** Tell costs for this photo from now on; null for many photos, or none. */
  show(photo) {
    this.photo = photo;
    this.drawPresets();
    this.drawQuality();
  }

  /** Mark a task as suggested (or none); `take` it too, unless a person has chosen. */
  suggest(task, take) {
    this.suggested = task;
    this.drawTasks(take && task && !this.decided ? task : this.task.task);
    this.drawPresets();
  }

  /** Choose what an earlier restoration was asked for. */
  recall({ task, preset, seed }) {
    const radio = (name, value) => part("panel").querySelector(`[name=${name}][value="${value}"]`);
    if (radio("task", task)) radio("task", task).checked = true;
    this.drawPresets();
    if (radio("preset", preset)) radio("preset", preset).checked = true;
    part("seed").value = seed;
    this.drawMeasured();
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
    return { ...parameters, ...this.wrapping };
  }

  /** The part of the query that changes the file and leaves the pixels. */
  get wrapping() {
    const quality = part("quality").disabled ? {} : { quality: part("quality").value };
    return { format: this.format, ...quality, metadata: part("metadata").value };
  }

  /** A job's `outputs` entry. Each photo keeps its own format where that was wished. */
  get output() {
    return {
      task: this.task.task,
      preset: this.preset,
      format: part("format").value || null,
      quality: Number(part("quality").value),
      metadata: part("metadata").value,
    };
  }

  /** The format chosen; the photo's own where that was wished and the service writes it. */
  get format() {
    const own = formatOf(this.photo?.type ?? "");
    const written = [...part("format").options].some(({ value }) => value === own);
    return part("format").value || (written && own) || "png";
  }

  drawTasks(taken) {
    const cards = this.tasks.map(({ task, title }) => {
      const badge =
        task === this.suggested && element("span", { className: "badge" }, text.suggested);
      const row = element("span", { className: "row" }, heading(title), badge);
      return card("task", task, task === taken, [row]);
    });
    part("tasks").replaceChildren(...cards);
  }

  drawPresets() {
    if (!this.task) return;
    const kept = this.task.presets[this.preset] ? this.preset : null;
    const names = ORDER.filter((name) => this.task.presets[name]);
    part("presets").replaceChildren(
      ...names.map((name, index) => {
        const body = presetBody(this.task, name, outputPixels(this.photo, this.task));
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

function presetBody(task, name, pixels) {
  const preset = task.presets[name];
  const [quality] = preset.quality;
  const price = cost(preset, expected(task, name, pixels ?? 1e6), pixels !== null);
  const line = (className, words) => words && element("span", { className }, words);
  return [
    element("span", { className: "row" }, heading(text.presets[name]), line("small muted", price)),
    line("small", preset.claim),
    line("small muted", quality && scores(quality)),
  ];
}
