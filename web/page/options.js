// The panel of options: size, kind, effort, format. It knows the plans of the pictures that wait, and tells what is to be asked of the server.

import { budgetFor, hasChoice, range, together } from "./curve.js";
import { make, setText } from "./dom.js";
import { duration, number } from "./text.js";

const sides = [1280, 1600, 1920, 2560, 3200, 3840, 5120, 6400, 7680, 10240, 12800, 15360]; // what the longer side can become

export class Options {
  #t;
  #form;
  #plans = [];
  #changed;
  #start;
  #state = { size: "times", times: "4", side: "5", kind: "auto", denoise: "1", effort: "auto", unit: "percent", budget: 60, format: "" };
  #parts = {};

  /** changed is called when plans must be asked for again, moved when only the budget is another one, start when the work is to begin. */
  constructor(form, t, { changed, moved, start }) {
    this.#form = form;
    this.#t = t;
    this.#changed = changed;
    this.moved = moved;
    this.#start = start;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start();
    });
    this.#build();
  }

  set text(t) {
    this.#t = t;
    this.#build();
  }

  /** What the server is asked for plans: all but the budget. @returns {Record<string, string>} */
  get wanted() {
    const s = this.#state, o = {};
    if (s.size === "times") o.scale = s.times;
    else o.fit = `${this.#side}x${this.#side}`;
    if (s.kind !== "auto") o.kind = s.kind;
    if (s.kind === "real" && Number(s.denoise) < 1) o.denoise = s.denoise;
    if (s.format) o.format = s.format;
    return o;
  }

  /** The budget in percent, or null for the server's own choice. */
  get budget() {
    return this.#state.effort === "auto" || !range(this.#plans) ? null : this.#state.budget;
  }

  /** What a job with that plan is sent with. */
  orderFor(plan) {
    const budget = this.budget;
    return budget !== null && plan && hasChoice(plan) ? { ...this.wanted, budget: String(budget) } : this.wanted;
  }

  get #side() {
    return sides[Number(this.#state.side)];
  }

  /** Tells the plans of the pictures that wait: those that are known, and how many pictures there are. ready is how many of them can begin. */
  show(plans, count, ready) {
    this.#plans = plans;
    this.#effort();
    const t = this.#t, { start, sum, sumDetail } = this.#parts;
    const got = together(plans, this.budget);
    setText(start, ready ? t("start", { count: ready }) : t("start.none"));
    start.disabled = ready === 0;
    setText(sum, plans.length ? t("about", { time: duration(t, got.seconds) }) : count ? t("plan.wait") : "–");
    setText(sumDetail, plans.length && plans.length < count ? t("plan.partly", { known: plans.length, count }) : "");
    sumDetail.hidden = sumDetail.textContent === "";
    const kinds = [...new Set(plans.map((p) => p.kind).filter(Boolean))];
    const auto = this.#state.kind === "auto" && kinds.length > 0;
    setText(this.#parts.kindHint, auto ? t("kind.auto.now", { kinds: kinds.map((k) => t(`kind.${k}`)).join(", ") }) : t(`kind.${this.#state.kind}.hint`));
  }

  // A row of radio buttons.
  #choices(name, values, label, change) {
    return make("div", { class: "choices" }, ...values.map((value) => {
      const input = make("input", {
        type: "radio", name, value, checked: this.#state[name] === value,
        change: () => {
          this.#state[name] = value;
          change();
        },
      });
      return make("label", {}, input, make("span", {}, label(value)));
    }));
  }

  #build() {
    const t = this.#t, s = this.#state, p = this.#parts;
    const group = (key, ...children) => make("fieldset", {}, make("legend", {}, t(key)), ...children);
    const again = () => {
      this.#shape();
      this.#changed();
    };
    const slider = (name, min, max, step, label) => {
      const input = make("input", { type: "range", min, max, step, value: s[name], "aria-label": label, input: () => { s[name] = input.value; again(); } });
      return input;
    };
    p.times = slider("times", "1.5", "8", "0.5", t("size.times.label"));
    p.timesOut = make("output", {});
    p.side = slider("side", "0", String(sides.length - 1), "1", t("size.fit.label"));
    p.sideOut = make("output", {});
    p.timesRow = make("div", { class: "slider" }, p.times, p.timesOut);
    p.sideRow = make("div", { class: "slider" }, p.side, p.sideOut);
    p.kindHint = make("p", { class: "hint" });
    p.denoise = slider("denoise", "0", "1", "0.1", t("denoise.label"));
    p.denoiseOut = make("output", {});
    p.denoiseRow = make("div", { class: "slider" }, p.denoise, p.denoiseOut);
    p.budget = make("input", { type: "range", min: "0", max: "200", step: "1", input: () => this.#slid() });
    p.budgetOut = make("output", {});
    p.budgetRow = make("div", { class: "slider" }, p.budget, p.budgetOut);
    p.units = this.#choices("unit", ["percent", "seconds", "loss"], (u) => t(`unit.${u}`), () => this.#effort());
    p.units.setAttribute("role", "group");
    p.units.setAttribute("aria-label", t("unit.label"));
    p.effortHint = make("p", { class: "hint" });
    p.effort = this.#choices("effort", ["auto", "choose"], (e) => t(`effort.${e}`), () => { this.#effort(); this.moved(); });
    const formats = ["", "png", "jpg", "webp", "tif"].map((f) => make("option", { value: f, selected: f === s.format }, t(`format.${f || "same"}`)));
    p.format = make("select", { change: () => { s.format = p.format.value; this.#changed(); } }, ...formats);
    p.start = make("button", { type: "submit", class: "main", disabled: true });
    p.sum = make("strong");
    p.sumDetail = make("span", { class: "hint", hidden: true });
    this.#form.replaceChildren(
      group("size.title", this.#choices("size", ["times", "fit"], (v) => t(`size.${v}`), again), p.timesRow, p.sideRow),
      group("kind", this.#choices("kind", ["auto", "clean", "photo", "real"], (k) => t(`kind.${k}`), again), p.kindHint, p.denoiseRow),
      group("effort", p.effort, p.units, p.budgetRow, p.effortHint),
      make("label", { class: "field" }, make("span", {}, t("format")), p.format),
      make("div", { class: "go" }, make("div", { class: "total" }, make("span", { class: "hint" }, t("total")), p.sum, p.sumDetail), p.start),
    );
    this.#shape();
    this.show(this.#plans, 0, 0);
  }

  // Shows the sliders of what was chosen.
  #shape() {
    const t = this.#t, s = this.#state, p = this.#parts;
    p.timesRow.hidden = s.size !== "times";
    p.sideRow.hidden = s.size === "times";
    p.denoiseRow.hidden = s.kind !== "real";
    const times = t("size.value.times", { times: Number(s.times) }), side = t("size.value.side", { side: String(this.#side) });
    setText(p.timesOut, times);
    setText(p.sideOut, side);
    const denoise = t("value.denoise", { percent: number(t, 100 * s.denoise, 0) });
    setText(p.denoiseOut, denoise);
    p.denoise.setAttribute("aria-valuetext", denoise);
    p.times.setAttribute("aria-valuetext", times);
    p.side.setAttribute("aria-valuetext", side);
  }

  // The ends of the slider in the unit that was chosen.
  #ends() {
    const r = range(this.#plans);
    if (this.#state.unit === "percent") return { low: r.least, high: r.most };
    const key = this.#state.unit;
    return { low: together(this.#plans, r.least)[key], high: together(this.#plans, r.most)[key] };
  }

  #slid() {
    const { low, high } = this.#ends(), p = this.#parts;
    const value = low + (Number(p.budget.value) / 200) * (high - low);
    this.#state.budget = Math.round(budgetFor(this.#plans, this.#state.unit, value) * 10) / 10;
    this.#told();
    this.moved();
  }

  // Puts slider and texts where the budget is.
  #effort() {
    const t = this.#t, s = this.#state, p = this.#parts, r = range(this.#plans);
    const known = this.#plans.length > 0;
    for (const input of p.effort.querySelectorAll("input")) input.disabled = known && !r && input.value === "choose";
    const choose = s.effort === "choose" && r !== null;
    p.units.hidden = p.budgetRow.hidden = !choose;
    if (!choose) {
      setText(p.effortHint, known && !r ? t("effort.none") : t("effort.auto.hint"));
      return;
    }
    s.budget = Math.min(r.most, Math.max(r.least, s.budget));
    const { low, high } = this.#ends(), got = together(this.#plans, s.budget);
    const value = s.unit === "percent" ? s.budget : got[s.unit];
    p.budget.value = String(high === low ? 200 : (200 * (value - low)) / (high - low));
    p.budget.setAttribute("aria-label", t(`unit.${s.unit}.label`));
    this.#told();
  }

  #told() {
    const t = this.#t, s = this.#state, p = this.#parts, got = together(this.#plans, s.budget);
    const values = {
      percent: t("value.percent", { percent: number(t, s.budget, 0) }), seconds: duration(t, got.seconds), loss: t("value.loss", { loss: number(t, got.loss, 3) }),
    };
    setText(p.budgetOut, values[s.unit]);
    p.budget.setAttribute("aria-valuetext", values[s.unit]);
    setText(p.effortHint, t("effort.now", values));
  }
}
