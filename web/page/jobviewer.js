// The dialog that shows a job's picture before and after, while it is computed and when it is done.

import "./viewer.js";
import { pictureURL, viewURL } from "./api.js";
import { browsersShow, named } from "./picture-list.js";
import { bytes, duration, percent, size } from "./text.js";

const most = 64e6; // pixels that browsers are asked to show

export class JobViewer {
  #id = "";
  #drawn = 0;
  #done = false;
  #job = {};
  #shown = new Map(); // of before and after, {width, height} of what is shown

  constructor(dialog, settings) {
    this.dialog = dialog;
    this.settings = settings;
    this.viewer = dialog.querySelector("classsr-compare");
    this.title = dialog.querySelector("h2");
    this.download = dialog.querySelector("a");
    dialog.querySelector("button").addEventListener("click", () => dialog.close());
    this.viewer.addEventListener("classsr-loaded", ({ detail }) => {
      this.#shown.set(detail.name, detail);
      this.#note();
    });
    dialog.addEventListener("close", () => {
      this.#id = "";
      this.viewer.reset();
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
  }

  open(job, bands) {
    this.viewer.reset();
    this.#id = job.id;
    this.#drawn = 0;
    this.#done = false;
    this.#shown.clear();
    this.viewer.text = this.settings.t;
    this.title.textContent = job.name || job.id;
    this.viewer.setAttribute("width", job.out_width);
    this.viewer.setAttribute("height", job.out_height);
    this.viewer.setAttribute("before", browsersShow(job.format) && job.width * job.height <= most ? pictureURL(job.picture) : viewURL(job.picture));
    this.dialog.showModal();
    this.viewer.focus();
    this.show(job, bands);
  }

  /** Shows what is new of a job, if it is the one that is open. */
  show(job, bands) {
    if (job.id !== this.#id || this.#done) return;
    for (; this.#drawn < bands.length; this.#drawn++) this.viewer.band(bands[this.#drawn]);
    const t = this.settings.t, viewer = this.viewer;
    this.#job = job;
    this.download.hidden = job.state !== "done";
    this.#done = job.state === "done";
    this.#note();
    if (!this.#done) return;
    const result = job.result ?? {};
    const url = result.url ?? `/v1/jobs/${job.id}/result`;
    viewer.setAttribute("after", this.#asItIs ? url : (result.view ?? `/v1/jobs/${job.id}/view`));
    if (result.map) viewer.setAttribute("map", result.map);
    this.download.href = url;
    this.download.download = result.name ?? "";
    const classes = named(t, job.report?.classes);
    viewer.classes = classes.length > 1 ? classes : [];
    viewer.figures = this.#figures(t, job);
  }

  // Whether the browser shows the result's file, and not a view of it.
  get #asItIs() {
    const job = this.#job;
    return browsersShow(job.result_format) && job.out_width * job.out_height <= most;
  }

  // Says how far it is, and in what way what is shown is not what the files have.
  #note() {
    const t = this.settings.t, job = this.#job, parts = [];
    if (job.state === "running") parts.push(t("viewer.running", { share: percent(t, job.progress ?? 0) }));
    else if (job.state !== "done") parts.push(t("viewer.ended"));
    const sizes = { before: [job.width, job.height], after: [job.out_width, job.out_height] };
    const reduced = Object.keys(sizes).filter((name) => {
      const shown = this.#shown.get(name), [width, height] = sizes[name];
      return shown && shown.width * shown.height < width * height;
    });
    for (const name of reduced) {
      const shown = this.#shown.get(name);
      parts.push(t(`viewer.small.${name}`, { shown: size(t, shown.width, shown.height), whole: size(t, ...sizes[name]) }));
    }
    if (this.#shown.has("after") && !reduced.includes("after") && !this.#asItIs) parts.push(t("viewer.eight"));
    this.viewer.reduced = reduced;
    this.viewer.note = parts.join(" ");
  }

  #figures(t, job) {
    const r = job.report ?? {}, rows = [["figure.before", size(t, job.width, job.height)], ["figure.after", size(t, job.out_width, job.out_height)]];
    if (job.result?.bytes) rows.push(["figure.file.after", bytes(t, job.result.bytes)]);
    const model = (r.model ?? job.model ?? "").replace(/^(sha256:.{8}).+/, "$1\u2026"); // of a model in a file
    if (model) rows.push(["figure.model", model]);
    if (r.seconds?.total) rows.push(["figure.seconds", duration(t, r.seconds.total)]);
    if (r.macs && r.macs_full) rows.push(["figure.macs", percent(t, r.macs / r.macs_full)]);
    return rows.map(([key, value]) => ({ label: t(key), value }));
  }
}
