// The jobs of whoever looks at the page: those that wait, run and ended, as long as the server keeps them.

import * as api from "./api.js";
import { JobCard } from "./picture-list.js";

const mostBands = 400; // that are kept of a job

export class JobList {
  #jobs = new Map();
  #cards = new Map();
  #bands = new Map();
  #urls = new Map(); // local addresses of pictures that were dropped here
  #gone = new Set();
  next = ""; // older ones there are

  /**
   * list is the element for the cards; settings gives {t}; changed is called when the list is another one, moved with each job that changed its state; open shows a job,
   * failed is told of problems.
   */
  constructor(list, settings, { changed, moved, open, failed }) {
    this.list = list;
    this.settings = settings;
    this.on = { changed, moved, open, failed };
  }

  get count() {
    return this.#jobs.size;
  }

  get(id) {
    return this.#jobs.get(id);
  }

  bands(id) {
    return this.#bands.get(id) ?? [];
  }

  /** The jobs in a state. */
  in(...states) {
    return [...this.#jobs.values()].filter((j) => states.includes(j.state));
  }

  /** A job as the server tells of it, or part of one. */
  put(news, url) {
    if (this.#gone.has(news.id)) return;
    const old = this.#jobs.get(news.id);
    const job = { ...old, ...news };
    if (job.state !== "failed") job.error = job.failures = undefined; // it is tried again
    this.#jobs.set(job.id, job);
    if (url) {
      this.#urls.set(job.id, url);
      if (this.#cards.has(job.id)) this.#cards.get(job.id).url = url;
    }
    if (!this.#cards.has(job.id)) this.#add(job);
    if (job.state === "done" || job.state === "failed" || job.state === "cancelled") this.#bands.delete(job.id);
    this.#show(job);
    if (old?.state !== job.state) this.on.moved(job, old?.state);
    if (old?.state !== job.state) this.on.changed();
  }

  #add(job) {
    const id = job.id;
    const card = new JobCard(job, {
      compare: () => this.on.open(id), watch: () => this.on.open(id), cancel: () => this.#delete(id), remove: () => this.#delete(id), retry: () => this.#retry(id),
    }, this.#urls.get(id));
    this.#cards.set(id, card);
    const after = [...this.list.children].find((e) => e.dataset.id < id); // ids sort by time
    card.element.dataset.id = id;
    this.list.insertBefore(card.element, after ?? null);
  }

  band(band) {
    const kept = this.#bands.get(band.job) ?? [];
    if (kept.length < mostBands) kept.push(band);
    this.#bands.set(band.job, kept);
    const job = this.#jobs.get(band.job);
    if (job) this.#show(job);
  }

  /** Asks for the newest jobs, or for those before the last ones that are known. */
  async load(older = false) {
    const answer = await api.jobs(older ? this.next : "");
    if (!older) this.#forget(answer.jobs);
    for (const job of answer.jobs) this.put(job);
    if (older || !this.next) this.next = answer.next ?? "";
    this.on.changed();
  }

  // Takes away what the server does not have any more, among those as new as what it listed.
  #forget(listed) {
    const ids = new Set(listed.map((j) => j.id));
    const last = listed.length ? listed[listed.length - 1].id : "";
    for (const id of this.#jobs.keys()) if (id >= last && !ids.has(id)) this.#remove(id);
  }

  async #delete(id) {
    try {
      const job = await api.patiently(() => api.remove(id));
      const ended = this.#jobs.get(id)?.state;
      if (ended === "queued" || ended === "running") this.put({ ...(job ?? { id }), state: job?.state ?? "cancelled" });
      else this.#remove(id, true);
    } catch (error) {
      if (error.kind === "not_found") this.#remove(id, true);
      else this.on.failed(error);
    }
  }

  async #retry(id) {
    const failed = this.#jobs.get(id);
    this.put({ id, state: "queued", queue_position: 0, eta_seconds: 0 }); // now: events may tell more before the answer is here
    try {
      await api.patiently(() => api.retry(id));
    } catch (error) {
      if (error.kind === "not_found") return this.#remove(id, true);
      if (error.kind === "conflict") return this.load().catch(this.on.failed); // it is tried again already
      this.put(failed);
      this.on.failed(error);
    }
  }

  /** Removes all that ended. */
  async clear() {
    for (const job of this.in("done", "failed", "cancelled")) await this.#delete(job.id);
  }

  #remove(id, forGood = false) {
    const card = this.#cards.get(id);
    const next = card?.element.nextElementSibling ?? card?.element.previousElementSibling;
    const focused = card?.element.contains(document.activeElement);
    card?.element.remove();
    for (const map of [this.#jobs, this.#cards, this.#bands]) map.delete(id);
    const url = this.#urls.get(id);
    if (url) URL.revokeObjectURL(url);
    this.#urls.delete(id);
    if (forGood) this.#gone.add(id);
    this.on.changed();
    if (focused) (next ?? document.getElementById("files")).focus();
  }

  focus(id) {
    this.#cards.get(id)?.element.focus();
  }

  #show(job) {
    this.#cards.get(job.id)?.show(this.settings.t, job, this.#bands.has(job.id));
  }

  show() {
    for (const job of this.#jobs.values()) this.#show(job);
  }
}
