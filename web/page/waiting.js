// Pictures on their way: sent to the server, planned there, and started as jobs.

import * as api from "./api.js";
import { WaitingCard, browsersShow } from "./picture-list.js";

const atOnce = 3; // uploads, and plans
const rest = 300; // milliseconds after the last change before plans are asked for
const tries = 6; // of what may succeed later
const localBytes = 40e6; // of a file that is shown from here, since larger ones take the browser long

// What is asked for a picture; formats are for those, and videos stay what they are.
function possible(p, { format, ...order }) {
  return format && !p.sent.frames ? { ...order, format } : order;
}

export class Waiting {
  #pictures = [];
  #cards = new Map();
  #queue = [];
  #busy = 0;
  #timer = 0;

  /**
   * list is the element for the cards. settings gives {t, options, limits}; changed is called when something is to be shown again; refused with problems that concern
   * everything (who is asking, no connection); failed with the name of a picture and its problem; started with a job and the local address of its picture.
   */
  constructor(list, settings, { changed, refused, failed, started }) {
    this.list = list;
    this.settings = settings;
    this.on = { changed, refused, failed, started };
  }

  get count() {
    return this.#pictures.length;
  }

  /** How many pictures were not refused. */
  get hopeful() {
    return this.#pictures.filter((p) => !p.problem).length;
  }

  get plans() {
    return this.#pictures.filter((p) => p.plan && !p.problem).map((p) => p.plan);
  }

  /** How many pictures can be started. */
  get ready() {
    return this.#pictures.filter((p) => p.sent && !p.problem && !p.starting).length;
  }

  add(files) {
    for (const file of files) {
      const url = file.size <= localBytes && browsersShow(file.type.replace("image/", "")) ? URL.createObjectURL(file) : "";
      const p = { file, url, share: 0, abort: new AbortController(), key: api.newKey() };
      const card = new WaitingCard(p, { drop: () => this.drop(p), retry: () => this.#again(p) });
      this.#pictures.push(p);
      this.#cards.set(p, card);
      this.list.append(card.element);
      this.#enqueue(p);
    }
    this.show();
  }

  #enqueue(p) {
    const most = this.settings.limits?.max_upload;
    if (most && p.file.size > most) this.#refuse(p, new api.Problem({ kind: "too_large" }));
    else this.#queue.push(p);
    this.#next();
  }

  #refuse(p, problem) {
    p.problem = problem;
    this.on.failed(p.file.name, problem);
  }

  #again(p) {
    p.problem = null;
    p.again = false;
    if (p.sent) this.#plan(p);
    else this.#enqueue(p);
    this.show();
  }

  async #next() {
    while (this.#busy < atOnce && this.#queue.length) {
      const p = this.#queue.shift();
      this.#busy++;
      (p.sent ? this.#plan(p) : this.#send(p)).finally(() => {
        this.#busy--;
        this.#next();
      });
    }
  }

  // Does something that may succeed later, and tells of errors.
  async #patiently(p, signal, work) {
    for (let n = 1; ; n++) {
      try {
        const result = await work();
        p.waiting = false;
        return result;
      } catch (error) {
        if (error.name === "AbortError" || signal.aborted) return null;
        if (!(error instanceof api.Problem)) throw error;
        if (error.kind === "unauthorized") this.on.refused(error);
        if (!error.passing || n === tries) {
          this.#refuse(p, error);
          p.again = error.passing || error.kind === "unauthorized" || error.kind === "not_found";
          this.show();
          return null;
        }
        p.waiting = true;
        this.show();
        await api.pause(error.retryAfter || 2 * n, signal);
        if (signal.aborted) return null;
      }
    }
  }

  async #send(p) {
    p.sent = await this.#patiently(p, p.abort.signal, () => api.upload(p.file, (share) => {
      p.share = share;
      this.#show(p);
    }, p.abort.signal));
    if (p.sent) await this.#plan(p);
  }

  /** Asks for all plans again, when the options have not changed for a moment. */
  replan() {
    clearTimeout(this.#timer);
    for (const p of this.#pictures) {
      p.asking?.abort();
      p.asking = null;
      if (p.sent) p.planning = true;
      if (p.planned && p.problem) p.problem = null; // of other options
    }
    this.show();
    this.#timer = setTimeout(() => {
      this.#queue.push(...this.#pictures.filter((p) => p.sent && !this.#queue.includes(p)));
      this.#next();
    }, rest);
  }

  async #plan(p) {
    p.asking?.abort();
    const asking = (p.asking = new AbortController());
    p.planning = true;
    const plan = await this.#patiently(p, asking.signal, () => api.plan(p.sent.sha256, possible(p, this.settings.options.wanted), asking.signal));
    if (asking !== p.asking) return;
    p.planning = false;
    p.planned = true;
    if (plan) p.plan = plan;
    else if (p.problem?.kind === "not_found") p.sent = null; // its time was over: it is sent again
    this.show();
  }

  drop(p) {
    p.abort.abort();
    p.asking?.abort();
    this.#remove(p);
    if (p.sent) api.forget(p.sent.sha256).catch(() => {}); // the server forgets it anyway
    if (p.url) URL.revokeObjectURL(p.url);
  }

  #remove(p) {
    const card = this.#cards.get(p);
    const next = card.element.nextElementSibling ?? card.element.previousElementSibling;
    const focused = card.element.contains(document.activeElement);
    card.element.remove();
    this.#cards.delete(p);
    this.#queue = this.#queue.filter((q) => q !== p);
    this.#pictures = this.#pictures.filter((q) => q !== p);
    this.show();
    if (focused) (next ?? document.getElementById("files")).focus();
  }

  /** Starts all pictures that can be. */
  async start() {
    for (const p of this.#pictures.filter((p) => p.sent && !p.problem && !p.starting)) {
      p.starting = true;
      const order = possible(p, this.settings.options.orderFor(p.plan));
      const job = await this.#patiently(p, p.abort.signal, () => api.submit(p.sent.sha256, order, p.key));
      p.starting = false;
      if (!job) continue;
      this.#remove(p);
      this.on.started(job, p.url);
    }
    this.show();
  }

  #show(p) {
    this.#cards.get(p)?.show(this.settings.t, p, this.settings.options.budget);
  }

  /** Shows all pictures as they are now. */
  show() {
    for (const p of this.#pictures) this.#show(p);
    this.on.changed();
  }
}
