// The cards of pictures that wait and of jobs. A card is made once and shown again with what is new, so that focus and screen readers stay where they are.

import { pictureURL, viewURL } from "./api.js";
import { at } from "./curve.js";
import { make, setText } from "./dom.js";
import { bytes, date, duration, percent, size } from "./text.js";
import { classColor } from "./zoom.js";

const shown = new Set(["png", "jpeg", "jpg", "webp", "gif", "avif", "bmp"]); // formats that browsers show
const thumbPixels = 12e6; // of which a picture is shown small
const again = 5; // seconds after which the server is asked for a view once more

/** Whether browsers show pictures of a format or ending. */
export const browsersShow = (format) => shown.has(String(format).replace(/^\./, "").toLowerCase());

/** The text of an error by its kind, and what the server says beside it. */
function problemRows(t, problem) {
  const known = t(`error.${problem.kind}`);
  const title = known.startsWith("error.") ? t("error.internal") : known;
  const detail = problem.message ? make("p", { class: "detail", lang: "en" }, problem.message) : null;
  return [make("p", { class: "error" }, title), detail];
}

// What machines said of a job that failed on several.
const failureRows = (t, failures) => failures.map((f) => make("p", { class: "detail" }, t("job.failed.on", { machine: f.machine }), make("span", { lang: "en" }, ` ${f.message}`)));

const className = (t, name) => {
  const known = t(`class.${name}`);
  return known.startsWith("class.") ? name : known;
};

// The colours of the map, less glaring.
const softColor = (i, n) => `color-mix(in oklab, ${classColor(i, n)} 62%, #667085)`;

// A bar of the classes' shares, and the same as text.
function classRows(t, classes) {
  const some = classes.filter((c) => c.share > 0);
  if (some.length < 2) return [];
  const bar = make("div", { class: "classes", "aria-hidden": "true" }, ...classes.map((c, i) => {
    const part = make("span");
    part.style.flexGrow = String(c.share);
    part.style.background = softColor(i, classes.length);
    return part;
  }));
  return [bar, make("p", { class: "class-text" }, some.map((c) => t("class.share", { name: className(t, c.name), share: percent(t, c.share) })).join(" · "))];
}

/** The classes of a report or plan with names for readers. */
export const named = (t, classes) => (classes ?? []).map((c) => ({ name: className(t, c.name), share: c.share }));

// How many frames a video has; nothing of a picture.
const frames = (t, count) => (count ? ` · ${t("video.frames", { count })}` : "");

class Card {
  constructor(name, actions) {
    this.title = make("h3", { title: name }, name);
    this.thumb = make("img", { alt: "", loading: "lazy", decoding: "async" });
    this.tries = 0;
    this.thumb.addEventListener("error", () => this.#unseen(this.thumb.getAttribute("src")));
    this.body = make("div", { class: "text-body" });
    this.text = make("div", { class: "text" }, this.title, this.body);
    this.actions = make("div", { class: "actions" });
    this.element = make("li", { class: "card", tabindex: "-1" }, make("div", { class: "thumb" }, this.thumb), this.text, this.actions);
    this.handlers = actions;
    this.buttons = "";
  }

  // A picture that is not shown stays away; of views, which the server may be too busy to make, it is tried again.
  #unseen(url) {
    this.unseen = url;
    this.thumb.removeAttribute("src");
    if (!url?.endsWith("/view") || ++this.tries > 2) return;
    setTimeout(() => {
      if (this.unseen !== url || this.thumb.hasAttribute("src")) return;
      this.unseen = "";
      this.picture(url);
    }, 1000 * again * this.tries);
  }

  picture(url) {
    if (url && url !== this.unseen && this.thumb.getAttribute("src") !== url) this.thumb.src = url;
  }

  // Makes the buttons again only if they are other ones.
  setActions(t, list) {
    const key = t.language + list.map(([name, href]) => name + (href ?? "")).join();
    if (key === this.buttons) return;
    this.buttons = key;
    this.element.classList.toggle("one", list.length === 1);
    const focused = this.actions.contains(document.activeElement);
    this.actions.replaceChildren(...list.map(([name, href, download]) => {
      const label = `${t(`job.${name}`)}: ${this.title.textContent}`;
      if (href) return make("a", { class: "button", href, download, "aria-label": label }, t(`job.${name}`));
      const quiet = name !== "compare" && name !== "watch";
      return make("button", { type: "button", class: quiet ? "quiet" : null, "aria-label": label, click: () => this.handlers[name]() }, t(`job.${name}`));
    }));
    if (focused) this.element.focus();
  }
}

/** The card of a picture that is sent, planned and waits to be started. */
export class WaitingCard extends Card {
  /** @param {{file: File, url: string}} picture */
  constructor(picture, actions) {
    super(picture.file.name, actions);
    this.picture(picture.url);
    this.progress = make("progress", { max: "1" });
  }

  /** Shows the picture: {sent, share, waiting, problem, plan, planning}. */
  show(t, p, budget) {
    const rows = [];
    if (p.problem) rows.push(...problemRows(t, p.problem));
    else if (!p.sent) {
      this.progress.value = p.share;
      this.progress.setAttribute("aria-label", t("send.label", { name: p.file.name }));
      rows.push(make("p", { class: "soft" }, p.waiting ? t("send.wait") : t("send.now", { share: percent(t, p.share), bytes: bytes(t, p.file.size) })), this.progress);
    } else if (!p.plan) rows.push(make("p", { class: "soft" }, `${size(t, p.sent.width, p.sent.height)} · ${t("plan.wait")}`));
    else rows.push(...this.#planned(t, p, budget));
    this.body.replaceChildren(...rows.filter(Boolean));
    this.setActions(t, p.problem && p.again ? [["retry"], ["drop"]] : [["drop"]]);
    if (p.sent && !p.sent.frames && (!p.url || this.unseen === p.url)) this.picture(viewURL(p.sent.sha256));
  }

  #planned(t, { plan, planning, sent }, budget) {
    const got = at(plan, budget);
    const facts = t("plan.size", { from: size(t, plan.width, plan.height), to: size(t, plan.out_width, plan.out_height) }) + frames(t, sent.frames);
    const rows = [make("p", { class: "facts" }, facts)];
    const most = plan.result_bytes ? ` · ${t("plan.bytes", { bytes: bytes(t, plan.result_bytes) })}` : "";
    rows.push(make("p", { class: "facts" }, make("strong", {}, planning ? t("plan.wait") : t("about", { time: duration(t, got.seconds) })), most));
    rows.push(...classRows(t, got.classes));
    if (plan.kind) {
      const because = plan.because ? make("span", { lang: "en" }, ` – ${plan.because}`) : null;
      rows.push(make("p", { class: "detail" }, t("plan.kind", { kind: t(`kind.${plan.kind}`), model: plan.model ?? "" }), because));
    }
    return rows;
  }
}

/** The card of a job. */
export class JobCard extends Card {
  constructor(job, actions, url) {
    super(job.name || job.id, actions);
    this.url = url;
    this.progress = make("progress", { max: "1" });
    this.line = make("p", { class: "facts" });
    this.shown = "";
  }

  show(t, j, hasBands) {
    if (j.state === "running" || j.state === "queued") this.#moving(t, j);
    else this.#ended(t, j);
    this.picture(this.#thumb(j));
    const actions = [];
    if (j.state === "done") actions.push(...(j.frames ? [] : [["compare"]]), ["download", j.result?.url ?? `/v1/jobs/${j.id}/result`, j.result?.name ?? true], ["remove"]);
    else if (j.state === "running") actions.push(...(hasBands ? [["watch"], ["cancel"]] : [["cancel"]]));
    else if (j.state === "queued") actions.push(["cancel"]);
    else actions.push(...(j.failures?.length ? [["retry"], ["remove"]] : [["remove"]]));
    this.setActions(t, actions);
  }

  #moving(t, j) {
    const left = j.eta_seconds > 0 ? t("job.left", { time: duration(t, j.eta_seconds) }) : "";
    const running = j.state === "running";
    const queued = j.queue_position > 0 ? t("job.queued.place", { place: j.queue_position }) : t("job.queued");
    setText(this.line, [running ? t("job.running", { share: percent(t, j.progress) }) : queued, left].filter(Boolean).join(" · "));
    this.progress.setAttribute("aria-label", t("job.progress", { name: this.title.textContent }));
    if (running) this.progress.value = j.progress;
    else this.progress.value = 0;
    const key = `${t.language} moving`;
    if (this.shown === key) return;
    this.shown = key;
    this.body.replaceChildren(make("p", { class: "soft" }, this.#sizes(t, j)), this.line, this.progress);
  }

  #ended(t, j) {
    const key = t.language + j.state;
    if (this.shown === key) return;
    this.shown = key;
    const rows = [make("p", { class: "soft" }, this.#sizes(t, j))];
    if (j.state === "done") {
      const took = j.frames ? j.report?.seconds : j.report?.seconds?.total;
      const parts = [t("job.done")];
      if (took) parts.push(t("job.took", { time: duration(t, took) }));
      if (j.result?.bytes) parts.push(bytes(t, j.result.bytes));
      const good = make("span", { class: "good" }, parts[0]);
      rows.push(make("p", { class: "facts" }, good, parts.slice(1).map((p) => ` · ${p}`).join("")), ...classRows(t, j.report?.classes ?? []));
      if (j.expires) rows.push(make("p", { class: "detail" }, t("job.kept", { until: date(t, j.expires) })));
    } else if (j.state === "failed") rows.push(...problemRows(t, j.error ?? { kind: "internal" }), ...failureRows(t, j.failures ?? []));
    else rows.push(make("p", {}, t("job.cancelled")));
    this.body.replaceChildren(...rows.filter(Boolean));
  }

  #sizes(t, j) {
    return j.width && j.out_width ? t("plan.size", { from: size(t, j.width, j.height), to: size(t, j.out_width, j.out_height) }) + frames(t, j.frames) : "";
  }

  // The picture as it was dropped, else the result if it is not too large, else the picture that was sent.
  #thumb(j) {
    if (this.url) return this.url;
    if (j.result?.view) return j.result.view;
    if (j.result?.url && browsersShow(j.result_format) && j.out_width * j.out_height <= thumbPixels) return j.result.url;
    if (!j.picture || j.frames) return ""; // of videos there are no views
    return browsersShow(j.format) && j.width * j.height <= thumbPixels ? pictureURL(j.picture) : viewURL(j.picture);
  }
}
