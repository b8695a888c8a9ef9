// The server's API: requests, uploads, events, and errors by their kinds.

/** An answer that is an error (RFC 9457). kind says what can be done about it; offline means that there was no answer. */
export class Problem extends Error {
  constructor(/** @type {{kind?: string, detail?: string, status?: number, retry_after?: number}} */ answer) {
    super(answer.detail ?? "");
    this.kind = answer.kind ?? "internal";
    this.status = answer.status ?? 0;
    this.retryAfter = answer.retry_after ?? 0;
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return this.kind === "busy" || this.kind === "unavailable" || this.kind === "offline";
  }
}

function problemOf(status, text, retryAfter) {
  let answer = {};
  try {
    answer = JSON.parse(text);
  } catch {
    answer = { kind: status === 401 ? "unauthorized" : status === 413 ? "too_large" : status === 429 ? "busy" : status === 503 ? "unavailable" : "internal" };
  }
  return new Problem({ ...answer, status, retry_after: answer.retry_after ?? (Number(retryAfter) || 0) });
}

async function request(method, path, { headers = {}, body, signal } = {}) {
  let response;
  try {
    response = await fetch(path, { method, headers, body, signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ kind: "offline" });
  }
  const text = await response.text();
  if (!response.ok) throw problemOf(response.status, text, response.headers.get("Retry-After"));
  return text ? JSON.parse(text) : null;
}

/** Waits so many seconds, or until the signal aborts. */
export const pause = (seconds, /** @type {AbortSignal | undefined} */ signal) => new Promise((resolve) => {
  if (signal?.aborted) return resolve();
  const timer = setTimeout(resolve, 1000 * seconds);
  signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
});

/** Does something again, a few times, as long as the server has too much to do. */
export async function patiently(work, tries = 5) {
  for (let n = 1; ; n++) {
    try {
      return await work();
    } catch (error) {
      if (error.kind !== "busy" || n === tries) throw error;
      await pause(error.retryAfter || n);
    }
  }
}

const query = (options) => new URLSearchParams(options).toString();

/** Sends a picture. progress is told the share that was sent. @returns {Promise<{sha256: string, width: number, height: number, format: string, frames?: number}>} */
export function upload(/** @type {File} */ file, progress, /** @type {AbortSignal} */ signal) {
  // XMLHttpRequest, since fetch does not tell how far it is.
  return new Promise((resolve, reject) => {
    const r = new XMLHttpRequest();
    r.open("POST", `/v1/pictures?${query({ name: file.name })}`);
    r.setRequestHeader("Content-Type", "application/octet-stream");
    r.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    r.addEventListener("load", () => {
      if (r.status >= 200 && r.status < 300) resolve(JSON.parse(r.responseText));
      else reject(problemOf(r.status, r.responseText, r.getResponseHeader("Retry-After")));
    });
    r.addEventListener("error", () => reject(new Problem({ kind: "offline" })));
    r.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    signal.addEventListener("abort", () => r.abort());
    r.send(file);
  });
}

/** What enlarging a picture takes with these options. */
export const plan = (sha256, options, signal) => request("GET", `/v1/pictures/${sha256}/plan?${query(options)}`, { signal });
export const forget = (sha256) => request("DELETE", `/v1/pictures/${sha256}`);

/** Puts a job into the queue. The same key twice gives the same job. */
export const submit = (sha256, options, key) => request("POST", `/v1/jobs?${query({ picture: sha256, ...options })}`, { headers: { "Idempotency-Key": key } });
export const jobs = (before = "") => request("GET", `/v1/jobs?${query(before ? { limit: "50", before } : { limit: "50" })}`);
export const remove = (id) => request("DELETE", `/v1/jobs/${id}`);
export const retry = (id) => request("POST", `/v1/jobs/${id}/retry`);

/** The machines that help the server. */
export const cluster = () => request("GET", "/v1/cluster");
export const limits = () => request("GET", "/v1/limits");
export const session = () => request("GET", "/v1/session");
export const signIn = (token) => request("POST", "/v1/session", { body: new URLSearchParams({ token }) });
export const signOut = () => request("DELETE", "/v1/session");
export const zipOf = (ids) => `/v1/jobs.zip?${ids.map((id) => `id=${encodeURIComponent(id)}`).join("&")}`;
export const pictureURL = (sha256) => `/v1/pictures/${sha256}`;

/** What browsers are shown of a picture that they do not show as it is. */
export const viewURL = (sha256) => `${pictureURL(sha256)}/view`;

/** A key for one request. (crypto.randomUUID is missing where there is no TLS.) */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/**
 * Follows all jobs. The listeners are told of jobs and bands; opened is called whenever the stream (again) stands, after which what was missed must be asked for.
 */
export function follow({ job, band, opened, lost }) {
  const again = 3000; // milliseconds
  const source = new EventSource("/v1/events");
  const reopen = () => {
    source.close();
    lost();
    setTimeout(() => follow({ job, band, opened, lost }), again);
  };
  source.addEventListener("open", opened);
  for (const name of ["job", "state", "progress"]) source.addEventListener(name, (event) => job(JSON.parse(event.data)));
  source.addEventListener("band", (event) => {
    const data = JSON.parse(event.data);
    const bytes = Uint8Array.from(atob(data.jpeg), (c) => c.charCodeAt(0));
    band({ ...data, blob: new Blob([bytes], { type: "image/jpeg" }) });
  });
  source.addEventListener("bye", reopen);
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) reopen();
    else lost();
  });
}
