// The machines that help the server: what they are, what they do now, what they have done.

import * as api from "./api.js";
import { make, setText } from "./dom.js";
import { duration, number, percent } from "./text.js";

const each = 3; // seconds after which the server is asked again

/** The machines, if any other than the server itself is there. It is asked only while somebody sees the page. */
export class Machines {
  #machines = new Map(); // elements by id
  #state = null;
  #timer = 0;
  #asking = false;

  /** section has a list and a line above it; settings gives {t}. */
  constructor(section, settings) {
    this.section = section;
    this.list = section.querySelector("ul");
    this.line = section.querySelector("p");
    this.settings = settings;
    document.addEventListener("visibilitychange", () => this.#asking && this.#look());
  }

  /** Begins to ask. A server that has no machines, or does not tell this reader of them, is not asked any more. */
  follow() {
    this.#asking = true;
    this.#look();
  }

  async #look() {
    clearTimeout(this.#timer);
    if (document.visibilityState !== "visible") return;
    try {
      this.#state = await api.cluster();
    } catch (error) {
      if (["not_found", "forbidden", "unauthorized"].includes(error.kind)) {
        this.#asking = false;
        this.#state = null;
      }
    }
    this.show();
    clearTimeout(this.#timer); // of another look, meanwhile
    if (this.#asking) this.#timer = setTimeout(() => this.#look(), 1000 * each);
  }

  show() {
    const workers = this.#state?.workers ?? [];
    this.section.hidden = workers.every((w) => w.here);
    if (this.section.hidden) return;
    const t = this.settings.t;
    setText(this.line, underWay(t, this.#state));
    const own = workers.find((w) => w.here)?.speed ?? 0;
    for (const [id, machine] of this.#machines) {
      if (workers.some((w) => w.id === id)) continue;
      machine.element.remove();
      this.#machines.delete(id);
    }
    for (const w of workers) {
      if (!this.#machines.has(w.id)) this.#machines.set(w.id, new Machine(this.list));
      this.#machines.get(w.id).show(t, w, own);
    }
  }
}

// What all machines together have to do.
function underWay(t, state) {
  const parts = [state.tasks ? t("machines.tasks", { count: state.tasks }) : t("machines.none")];
  if (state.tasks && state.seconds > 0) parts.push(t("job.left", { time: duration(t, state.seconds) }));
  if (state.lost) parts.push(t("machines.lost", { count: state.lost }));
  if (state.blind) parts.push(t("machines.blind"));
  return parts.join(" · ");
}

// What a machine does now.
function now(t, w) {
  if (w.state === "quarantined") return t("machine.wrong");
  if (w.state === "draining") return t("machine.draining");
  const doing = w.doing.find((d) => d.stage === "computing") ?? w.doing[0];
  if (!doing) return t("machine.idle");
  if (doing.stage === "sending") return t("machine.sending");
  if (doing.stage !== "computing") return t("machine.fetching");
  const share = percent(t, doing.share);
  return doing.pictures ? t("machine.pictures", { count: doing.pictures, share }) : t("machine.rows", { share });
}

class Machine {
  constructor(list) {
    this.name = make("h3");
    this.what = make("p", { class: "soft" });
    this.now = make("p");
    this.done = make("p", { class: "facts" });
    this.do = make("p", { class: "detail", hidden: true });
    this.element = make("li", {}, make("div", {}, this.name, this.what), make("div", {}, this.now, this.do), this.done);
    list.append(this.element);
  }

  show(t, w, own) {
    setText(this.name, w.here ? t("machine.here", { name: w.name }) : w.name);
    this.name.title = w.id;
    const what = [t("machine.cores", { count: w.cores }), w.kernel];
    if (!w.here) what.push(own > 0 ? t("machine.times", { times: number(t, w.speed / own, 1) }) : t("machine.speed", { speed: number(t, w.speed, 2) }));
    setText(this.what, what.join(" · "));
    setText(this.now, now(t, w));
    this.now.className = w.state === "quarantined" ? "error" : w.state === "working" ? "good" : "soft";
    setText(this.do, w.state === "quarantined" ? t("machine.release", { command: `classsr cluster release ${w.id}` }) : "");
    this.do.hidden = !this.do.textContent;
    const failed = w.failed > 0 ? t("machine.failed", { count: w.failed }) : "";
    setText(this.done, [t("machine.done", { count: w.done }), failed].filter(Boolean).join(" · "));
  }
}
