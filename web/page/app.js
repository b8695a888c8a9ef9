// The page: what is dropped becomes pictures that wait, these become jobs, and jobs are looked at.

import * as api from "./api.js";
import { make, setText } from "./dom.js";
import { dropped, hasFiles } from "./dropped.js";
import { JobList } from "./joblist.js";
import { JobViewer } from "./jobviewer.js";
import { Machines } from "./machines.js";
import { Options } from "./options.js";
import { bytes, duration, languages, pick, translate, translator } from "./text.js";
import { Waiting } from "./waiting.js";

const $ = (id) => document.getElementById(id);
const settings = { t: null, options: null, limits: null };
const languageKey = "classsr-language";

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // not allowed here
  }
}

async function texts(language) {
  const response = await fetch(`/strings/${language}.json`);
  return translator(await response.json(), language);
}

// Says something to those who do not see the page.
function say(text) {
  setText($("status"), text);
}

function problemText(problem) {
  const known = settings.t(`error.${problem.kind}`);
  return known.startsWith("error.") ? settings.t("error.internal") : known;
}

function banner(problem) {
  const box = $("banner");
  if (!problem) {
    box.hidden = true;
    return;
  }
  setText(box, [problemText(problem), problem.message].filter(Boolean).join(" "));
  box.hidden = false;
}

let waiting, jobList, viewer, machines;

function showWaiting() {
  if (!waiting) return;
  $("waiting").hidden = waiting.count === 0;
  document.body.classList.toggle("busy", waiting.count + (jobList?.count ?? 0) > 0);
  $("options").hidden = waiting.hopeful === 0;
  settings.options.show(waiting.plans, waiting.hopeful, waiting.ready);
}

function showJobs() {
  if (!jobList) return;
  $("jobs").hidden = jobList.count === 0;
  document.body.classList.toggle("busy", waiting.count + jobList.count > 0);
  const done = jobList.in("done");
  $("zip").hidden = done.length < 2;
  if (done.length > 1) $("zip").href = api.zipOf(done.map((j) => j.id));
  $("clear").hidden = jobList.in("done", "failed", "cancelled").length === 0;
  $("older").hidden = !jobList.next;
}

// A job changed its state.
function moved(job, old) {
  const states = { running: "say.running", done: "say.done", failed: "say.failed", cancelled: "say.cancelled" };
  if (old && states[job.state]) say(settings.t(states[job.state], { name: job.name || job.id }));
}

function started(job, url) {
  const first = jobList.in("queued", "running").length === 0;
  jobList.put(jobList.get(job.id) ?? job, url); // events may have told more before the answer was here
  say(settings.t("say.queued", { name: job.name || job.id }));
  if (first || document.activeElement === document.body) jobList.focus(job.id);
}

function limitsText() {
  const t = settings.t, l = settings.limits;
  setText($("drop-limits"), l?.max_upload ? t("drop.limits", { bytes: bytes(t, l.max_upload), time: duration(t, l.retention_seconds || 86400) }) : "");
}

async function setLanguage(language) {
  settings.t = await texts(language);
  document.documentElement.lang = language;
  translate(document, settings.t);
  $("language").value = language;
  limitsText();
  if (!settings.options) return;
  settings.options.text = settings.t;
  waiting.show();
  jobList.show();
  viewer.viewer.text = settings.t;
  machines.show();
}

function dropProblem(key) {
  setText($("drop-problem"), key && settings.t(key));
}

// What was dropped or pasted begins to wait.
async function take(data) {
  const { files, failed } = await dropped(data, $("files").accept);
  dropProblem(failed ? "drop.unreadable" : files.length ? "" : "drop.none");
  waiting.add(files);
}

function listen() {
  const chosen = () => {
    waiting.add($("files").files);
    $("files").value = "";
  };
  $("files").addEventListener("change", chosen);
  if ($("files").files.length) chosen(); // before anybody listened
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => !event.relatedTarget && document.body.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    if (hasFiles(event.dataTransfer)) take(event.dataTransfer);
  });
  document.addEventListener("paste", (event) => {
    if (!hasFiles(event.clipboardData)) return;
    event.preventDefault();
    take(event.clipboardData);
  });
  $("language").addEventListener("change", () => {
    try {
      localStorage.setItem(languageKey, $("language").value);
    } catch {
      // not allowed here: the choice lasts as long as the page
    }
    setLanguage($("language").value);
  });
  $("clear").addEventListener("click", () => jobList.clear());
  $("older").addEventListener("click", () => jobList.load(true).catch(refused));
  $("sign-out").addEventListener("click", () => api.signOut().then(() => location.reload(), banner));
  $("sign-in-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await api.signIn($("token").value.trim());
      $("token").value = "";
      location.reload();
    } catch (error) {
      setText($("sign-in-error"), settings.t(error.kind === "unauthorized" ? "session.wrong" : `error.${error.kind}`));
      $("sign-in-error").hidden = false;
    }
  });
  $("sign-in").addEventListener("cancel", (event) => event.preventDefault()); // nothing works without
}

function refused(problem) {
  if (problem.kind === "unauthorized") {
    if (!$("sign-in").open) $("sign-in").showModal();
  } else banner(problem);
}

// Signs in with the token of a join link, which is behind # so that it is in no log, or finds out whether that is needed. Gives whether the page may go on.
async function signedIn() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) {
    history.replaceState(null, "", location.pathname + location.search);
    await api.signIn(token);
  }
  const session = await api.session();
  $("sign-out").hidden = !session?.needed;
  return !session?.needed || session.owner !== "";
}

async function main() {
  const asked = new URLSearchParams(location.search).get("lang");
  $("language").replaceChildren(...languages.map((l) => make("option", { value: l, lang: l }, new Intl.DisplayNames([l], { type: "language" }).of(l))));
  await setLanguage(pick([asked, remembered(languageKey), ...navigator.languages].filter(Boolean)));
  settings.options = new Options($("options"), settings.t, { changed: () => waiting.replan(), moved: () => waiting.show(), start: () => waiting.start() });
  waiting = new Waiting($("waiting-list"), settings, { changed: showWaiting, refused, started, failed: (name, problem) => say(`${name}: ${problemText(problem)}`) });
  viewer = new JobViewer($("viewer"), settings);
  jobList = new JobList($("job-list"), settings, { changed: showJobs, moved, open: (id) => viewer.open(jobList.get(id), jobList.bands(id)), failed: refused });
  machines = new Machines($("machines"), settings);
  listen();
  try {
    if (!(await signedIn())) throw new api.Problem({ kind: "unauthorized" });
    settings.limits = await api.limits();
    limitsText();
    if (settings.limits.cluster) machines.follow();
    await jobList.load();
  } catch (error) {
    refused(error);
    if (error.kind === "unauthorized") return;
  }
  const look = (id) => jobList.get(id) && viewer.show(jobList.get(id), jobList.bands(id));
  api.follow({
    job: (job) => {
      jobList.put(job);
      look(job.id);
    },
    band: (band) => {
      jobList.band(band);
      look(band.job);
    },
    opened: () => {
      banner(null);
      jobList.load().catch(refused);
    },
    lost: () => banner(new api.Problem({ kind: "offline" })),
  });
}

main();
