// A section is saved while it is written: a moment after typing pauses, at leaving a field, at leaving the page; one request at
// a time, each with the version that it was written upon. What the server hasn't got is kept on the device. If another
// window saved meanwhile, answers changed only there are taken over, those changed only here stay, and of those changed in
// both the person chooses. Without this file “Save and continue” does all of it.

import { alike, answersOf, byQuestion, differ, keysOf, put, same, wordsOf } from "./answers.js";
import { compare } from "./compare.js";
import { drop, forget, read, who, write } from "./draft.js";

const PAUSE = 2000; // after the last key
const LONGEST = 15000; // while somebody types on and on
const PATIENCE = 45000; // for an answer, on a line of 50 kbit/s
const SMALL = 60000; // bytes that a browser still sends when its page is gone

const form = document.querySelector("form[data-autosave]");
if (form) start();

function start() {
  const path = new URL(form.action).pathname;
  const hidden = form.elements["section-version"];
  const status = form.querySelector("[data-states]");
  const live = form.querySelector("[data-live]");
  let version = +hidden.defaultValue;
  let base = answersOf(form, true); // what the server has, as far as we know
  let lost = null; // what was sent and never answered: it is sent again as it was, so that it can't clash with itself
  let sending = null;
  let timer = 0;
  let since = 0; // when the oldest change not yet sent was made
  let newest = 0; // when the last one was made
  let failures = 0;
  let state = "saved"; // how it stands
  let told = "saved"; // what the page says of it
  let choosing = null; // takes away the panels of a clash
  let full = false; // the next press sends the whole form as it would without script
  let writing = false;
  let again = false;

  const changed = () => differ(answersOf(form), base).length > 0;

  // Screen readers hear of it when it begins or ends to go wrong, not at each saving.
  const fine = (name) => name === "saved" || name === "changed";
  function tell(name, words, as = name) {
    const before = told;
    [state, told] = [name, as];
    for (const each of status.children) each.hidden = each.dataset.state !== as;
    const shown = status.querySelector(`[data-state="${as}"]`);
    if (words) shown.querySelector("[data-words]").textContent = words;
    if (as !== before && !(fine(as) && fine(before)) && as !== "changed") live.textContent = shown.innerText;
  }

  // It is told once we know whether the device keeps it: what isn't kept is not said to be.
  function trouble(name, words) {
    const keeps = () => form.dataset.kept !== undefined || ["clash", "other"].includes(name);
    state = name;
    Promise.race([keep(), new Promise((done) => setTimeout(done, 2000))]).then(
      () => state === name && tell(name, words, keeps() ? name : name === "offline" ? "nowhere" : "unkept"),
    );
    return name;
  }

  // The device. One writing at a time; the newest text always follows.
  async function keep() {
    again = writing;
    if (writing) return;
    writing = true;
    try {
      const now = answersOf(form);
      const keys = new Set([...differ(now, base), ...(lost ? differ(lost, base) : [])]);
      if (keys.size) await write(path, newest || Date.now(), [...keys].map((key) => [key, now.get(key) || []]));
      else await forget(path);
      delete form.dataset.unsaved; // it is on the device: leaving needs no question
      form.dataset.kept = "";
    } catch {
      delete form.dataset.kept; // a browser that keeps nothing: leaving is asked about
      if (!changed()) delete form.dataset.unsaved;
    }
    writing = false;
    if (again) await keep();
  }

  function later(wait) {
    clearTimeout(timer);
    timer = setTimeout(send, wait);
  }

  const stopped = () => choosing || ["closed", "other"].includes(state);

  function typed() {
    newest = Date.now();
    keep();
    if (stopped() || !changed()) return;
    since ||= Date.now();
    if (fine(state)) tell("changed");
    soon(Math.max(0, Math.min(PAUSE, since + LONGEST - Date.now())));
  }

  // While the line is broken the waiting counts that it began; while she is signed out, little sense is in asking.
  const soon = (wait) => failures || later(state === "out" ? 60000 : wait);

  function send() {
    clearTimeout(timer);
    return (sending ||= attempt().finally(() => (sending = null)));
  }

  // Gives the state that it leaves: “saved” if nothing is left to send.
  async function attempt() {
    if (stopped()) return state;
    const now = lost || answersOf(form);
    if (!lost && !differ(now, base).length) return settled();
    since = 0;
    let answer, data;
    const stop = new AbortController();
    const clock = setTimeout(() => stop.abort(), PATIENCE);
    try {
      const body = new URLSearchParams([...now.values()].flat());
      body.set("csrf_token", form.elements.csrf_token.value);
      const headers = { Accept: "application/json", "If-Match": `"${version}"` };
      const keepalive = body.toString().length < SMALL;
      answer = await fetch(form.action, { method: "PUT", headers, body, keepalive, signal: stop.signal, redirect: "error" });
      data = /json/.test(answer.headers.get("Content-Type")) ? await answer.json() : {};
    } catch {
      lost = now;
      return failed("offline");
    } finally {
      clearTimeout(clock);
    }
    lost = null;
    if (answer.status === 200 && data.version) return saved(now, data);
    if (answer.status === 412 && data.differ) return merge(now, data);
    if (answer.status === 400 && data.token) return renew(data);
    if (answer.status === 401) return trouble("out");
    if (answer.status === 413) return trouble("large");
    if (answer.status === 429 || answer.status >= 500 || answer.status === 200) return failed("busy", +answer.headers.get("Retry-After"));
    return trouble("closed", data.said || "");
  }

  function settled() {
    keep();
    if (state !== "saved" && base.size + version > 0) tell("saved");
    return "saved";
  }

  function saved(now, data) {
    base = now;
    version = data.version;
    hidden.value = version;
    failures = 0;
    for (const place of document.querySelectorAll("form [data-saved]")) place.textContent = data.said;
    for (const step of document.querySelectorAll('.steps [aria-current="step"]')) {
      step.parentElement.className = data.missing ? "fix" : "done";
      const small = step.querySelector("small") || step.appendChild(document.createElement("small"));
      small.textContent = data.left;
    }
    tell("saved", data.said);
    if (!changed()) return settled();
    typed();
    return "changed";
  }

  // The line is broken or the server busy: again after a while, longer each time, and not all browsers in the same instant.
  function failed(name, seconds = 0) {
    failures++;
    later(Math.max(seconds * 1000, Math.min(60000, 1000 * 2 ** failures)) * (1 + Math.random() / 2));
    return trouble(name);
  }

  // She signed in anew in another tab: the form's token is another by now.
  function renew({ token, who: now }) {
    if (now !== who) return trouble("other");
    const old = form.elements.csrf_token.value;
    if (old === token) return failed("busy");
    for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token;
    return attempt();
  }

  function merge(sent, { version: theirVersion, differ: differing }) {
    const [mine, open] = [answersOf(form), []];
    const there = new Map(sent);
    for (const [key, { theirs, controls }] of Object.entries(differing)) {
      const saved = byQuestion(controls).get(key) || [];
      there.set(key, saved);
      if (same(mine.get(key), base.get(key))) put(form, key, saved);
      else if (!alike(saved, base.get(key)) && !alike(saved, mine.get(key)))
        open.push({ key, mine: wordsOf(form, mine.get(key)), theirs, take: () => put(form, key, saved) });
    }
    base = there;
    version = theirVersion;
    hidden.value = version;
    if (!open.length) return attempt();
    tell("clash");
    choosing = compare(form, "clash", open, () => {
      choosing = null;
      tell("changed");
      send();
    });
    form.querySelector("[data-choice=clash]").focus();
    keep();
    return "clash";
  }

  // What the device has of a window that was left, and neither the server nor the page has, is offered and never put in by
  // itself; if several were left, one after the other.
  async function offer([draft, ...others]) {
    if (!draft) return keep();
    const now = answersOf(form);
    const news = ([key, pairs]) => document.getElementById(`q-${key}`) && !alike(pairs, base.get(key)) && !alike(pairs, now.get(key));
    const found = [...new Map([...(draft.offered || []), ...draft.answers])].filter(news);
    const next = async () => {
      await keep(); // if it stands in the field, it is ours to keep from now on
      if (!changed() || form.dataset.kept !== undefined) await drop(path, draft).catch(() => {});
      return offer(others);
    };
    if (!found.length) return next();
    const open = found.map(([key, pairs]) => ({
      key,
      mine: wordsOf(form, now.get(key)),
      theirs: wordsOf(form, pairs),
      take: () => put(form, key, pairs),
    }));
    compare(form, "draft", open, () => next().then(send));
    const lang = document.documentElement.lang;
    const when = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, { dateStyle: "long", timeStyle: "short" });
    form.querySelector("[data-when]").textContent = when.format(draft.at);
  }

  // “Save and continue”: first what is typed, by the same small request; then the form goes without the answers.
  let light = false;
  form.addEventListener("formdata", ({ formData }) => {
    if (!light) return;
    for (const name of [...formData.keys()]) if (!/^(csrf_token|section-version|go-to|remove-file)$/.test(name) && !(formData.get(name) instanceof File)) formData.delete(name);
    formData.set("kept-already", "1");
  });

  async function press(event) {
    if (full) return;
    if (choosing) {
      event.preventDefault();
      form.querySelector("[data-choice=clash]").focus();
      return;
    }
    if (version && !sending && !lost && !changed()) {
      light = true;
      setTimeout(() => (light = false));
      return;
    }
    event.preventDefault();
    const button = event.submitter;
    let now = await send();
    // Once more: she typed meanwhile, or a connection had been closed at that very moment by whoever kept it open.
    if (now === "changed" || now === "offline" || (now === "saved" && changed())) now = await send();
    if (["offline", "clash"].includes(now)) return;
    if (now === "out" && form.dataset.kept !== undefined) return location.assign(status.querySelector("[data-state=out] a").href);
    await new Promise((done) => setTimeout(done)); // while this press is still being told about, another one is none
    full = now !== "saved" || !version;
    form.requestSubmit(button);
    full = false;
  }

  form.dataset.saving = "";
  form.addEventListener("input", typed);
  form.addEventListener("change", () => !stopped() && changed() && soon(200));
  form.addEventListener("submit", press);
  addEventListener("online", send);
  addEventListener("pagehide", send);
  document.addEventListener("visibilitychange", send);
  read(path).catch(() => []).then(offer).then(() => changed() && typed()); // a browser that comes back puts what was typed into the fields by itself
}
