// Files are sent in chunks (tus 1.0.0): a broken line costs one chunk at most, and it goes on by itself when the line is back;
// after this page was left, when the file is chosen again. Words are in data-say; without this file the form sends files whole.

const [LEAST, MOST] = [32 << 10, 256 << 10];
const PATIENCE = 60000; // for an answer, on a line of 50 kbit/s
const LONGEST = 30000; // between two tries

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const megabytes = (n) => new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(n / 1e6);
const sum = async (blob) => new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
const secure = globalThis.crypto?.subtle;

let line = Promise.resolve(); // one file after the other: a slow line is not shared
let size = LEAST;
let held = null; // the button that was pressed while files were on their way
const sending = new Set();

class Refused extends Error {}

async function ask(item, method, url = item.url, headers = {}, body = null) {
  const stop = new AbortController();
  const clock = setTimeout(() => stop.abort(), PATIENCE);
  if (method !== "DELETE") item.stop = stop;
  try {
    if (item.cancelled && method !== "DELETE") throw new Error();
    const given = { "Tus-Resumable": "1.0.0", "X-CSRFToken": item.input.form.elements.csrf_token.value, ...headers };
    const { status, headers: told, json } = await answered(await fetch(url, { method, headers: given, body, signal: stop.signal, redirect: "manual" }));
    return { status, json, offset: told.get("Upload-Offset"), outcome: told.get("Upload-Outcome"), url: told.get("Location"), wait: +told.get("Retry-After") };
  } finally {
    clearTimeout(clock);
  }
}

async function answered(answer) {
  const json = /json/.test(answer.headers.get("Content-Type")) ? await answer.json() : {};
  return { status: answer.status, headers: answer.headers, json };
}

// Where the upload stands by an answer. Throws what passes as Error, what doesn't as Refused.
function stand(item, answer) {
  const { status, json, offset, outcome } = answer;
  if (outcome === "refused" || ([403, 413].includes(status) && json.sentence)) throw new Refused(json.sentence ?? "");
  if (status === 404 && !item.url) throw new Refused("");
  if (status === 404 || status === 410) item.url = ""; // it is there no longer: from the beginning
  if (!(status >= 200 && status < 300 && offset !== null)) throw Object.assign(new Error(), answer);
  Object.assign(item, { offset: +offset, done: outcome === "attached", failures: 0, lost: false });
}

async function begin(item) {
  item.key ??= secure ? crypto.randomUUID() : ""; // so that a lost answer begins nothing twice
  const about = Object.entries({ filename: item.file.name, question: item.input.name, id: item.key });
  const told = about.map(([name, text]) => `${name} ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`);
  const answer = await ask(item, "POST", item.input.dataset.upload, { "Upload-Length": item.file.size, "Upload-Metadata": told.join() });
  stand(item, answer);
  item.url = answer.url;
}

async function chunk(item) {
  const part = item.file.slice(item.offset, item.offset + size);
  const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": item.offset };
  if (secure && part.size) headers["Upload-Checksum"] = `sha256 ${btoa(String.fromCharCode(...(await sum(part))))}`;
  if (item.offset + part.size === item.file.size) tell(item, "checking");
  const begun = performance.now();
  stand(item, await ask(item, "PATCH", item.url, headers, part));
  const took = performance.now() - begun;
  if (took < 2000 && part.size === size) size = Math.min(MOST, size * 2);
  if (took > 8000) size = Math.max(LEAST, size / 2);
}

async function send(item) {
  if (item.url && !(await same(item))) item.url = "";
  while (!item.done) {
    if (!item.url) await begin(item);
    else if (item.lost) stand(item, await ask(item, "HEAD"));
    else await chunk(item);
    if (item.offset < item.file.size) tell(item, "sending");
    draw(item);
  }
  const { json } = await ask(item, "GET", `${item.url}/outcome`);
  if (json.files === undefined) throw new Error();
  arrived(item, json.files);
}

// Whether what came before is the beginning of this very file; if not, it is forgotten.
async function same(item) {
  if (!item.before || !secure) return true;
  const { status, json } = await ask(item, "GET", `${item.url}/outcome`);
  if (status !== 404 && !json.outcome) throw Object.assign(new Error(), { status });
  const other = status === 404 || (json.sha256 && json.sha256 !== [...(await sum(item.file.slice(0, json.received)))].map((n) => n.toString(16).padStart(2, "0")).join(""));
  if (other && status !== 404) await ask(item, "DELETE");
  item.before = false;
  return !other;
}

async function whole(item) {
  while (!item.cancelled && !item.ended) {
    try {
      await send(item);
      item.ended = true;
    } catch (error) {
      if (item.cancelled) break;
      if (error instanceof Refused) await refuse(item, error.message);
      else await broken(item, error);
    }
  }
  sending.delete(item);
  if (sending.size || !held) return;
  const button = held;
  held = null;
  say(item.input, "");
  if (!document.querySelector("[data-sending] .error")) button.form.requestSubmit(button);
}

// The line is broken, or the server busy, or she is signed out: again in a while, and at once when the line is back.
async function broken(item, { status, wait }) {
  const out = [0, 400, 401].includes(status);
  const busy = status && item.offset === item.file.size;
  tell(item, out ? "out" : busy ? "checking" : "broken");
  Object.assign(item, { lost: true, failures: item.failures + 1 });
  size = LEAST;
  if (out) await renew().catch(() => {});
  const ms = Math.max((wait || 0) * 1000, Math.min(LONGEST, 500 * 2 ** item.failures));
  await new Promise((done) => {
    item.wake = done;
    setTimeout(done, ms);
    addEventListener("online", done, { once: true });
  });
}

// Signed in anew in another tab, the form's token is another by now: the page has it.
async function renew() {
  const text = await (await fetch(location.href, { redirect: "error" })).text();
  const { value } = new DOMParser().parseFromString(text, "text/html").querySelector("input[name=csrf_token]");
  for (const input of all("input[name=csrf_token]")) input.value = value;
}

function arrived({ place, input, file }, files) {
  const list = place.parentElement;
  if (place.contains(document.activeElement)) input.focus();
  place.remove();
  for (const former of all("li:not([data-sending])", list)) former.remove();
  list.insertAdjacentHTML("afterbegin", files);
  document.getElementById(`${input.id}-error`)?.remove();
  input.closest(".field").classList.remove("bad");
  input.removeAttribute("aria-invalid");
  say(input, words(input).came.replace("{name}", file.name), "hide");
  input.dispatchEvent(new CustomEvent("uploaded", { bubbles: true }));
}

async function refuse(item, sentence) {
  const told = sentence || (item.url && (await ask(item, "GET", `${item.url}/outcome`).catch(() => ({}))).json?.sentence);
  item.ended = true;
  for (const part of all("progress, [data-sent]", item.place)) part.remove();
  item.place.querySelector("[data-cancel]").firstChild.textContent = words(item.input).remove;
  item.place.querySelector("[data-standing]").classList.add("error");
  tell(item, "refused", told);
}

// What the page says.
const words = (input) => JSON.parse(input.dataset.say);

function tell(item, name, told) {
  if (item.standing !== name) item.place.querySelector("[data-standing]").textContent = told || words(item.input)[name];
  item.standing = name;
}

function draw({ place, input, file, offset }) {
  const bar = place.querySelector("progress");
  Object.assign(bar, { max: file.size, value: offset });
  place.querySelector("[data-sent]").textContent = words(input).sent.replace("{sent}", megabytes(offset)).replace("{size}", megabytes(file.size));
}

function say(input, told, className = "small") {
  const [id, role] = [`${input.id}-said`, "status"];
  const place = document.getElementById(id) ?? input.parentElement.appendChild(Object.assign(document.createElement("p"), { id, role }));
  Object.assign(place, { className, textContent: told });
}

function place(input, file) {
  const list = input.parentElement.querySelector(".files");
  const made = list.querySelector("template").content.firstElementChild.cloneNode(true);
  const bar = made.querySelector("progress");
  made.querySelector("[data-called]").textContent = file.name;
  bar.setAttribute("aria-label", bar.getAttribute("aria-label").replace("{name}", file.name));
  made.querySelector("[data-cancel] .hide").textContent = ` ${file.name}`;
  return list.appendChild(made);
}

function equip(item) {
  draw(item);
  item.place.querySelector("[data-cancel]").onclick = () => {
    item.cancelled = true;
    item.stop?.abort();
    item.wake?.();
    if (item.url) ask(item, "DELETE").catch(() => {}); // if it doesn't come through, it is forgotten after a day
    item.place.remove();
    item.input.focus();
  };
}

function take(input, file) {
  const there = all("[data-sending]", input.parentElement).find(({ dataset: d }) => d.sending && d.name === file.name && +d.size === file.size);
  const item = { input, file, place: there ?? place(input, file), url: there?.dataset.sending, offset: +(there?.dataset.received ?? 0), lost: !!there, before: !!there, failures: 0 };
  item.place.dataset.sending = "";
  sending.add(item);
  equip(item);
  tell(item, "queued");
  line = line.then(() => whole(item));
}

function chosen({ target: input }) {
  const files = [...input.files];
  const kinds = input.accept.split(",");
  const other = files.find(({ name }) => !kinds.some((kind) => name.toLowerCase().replace(/\.jpeg$/, ".jpg").endsWith(kind)));
  say(input, other ? words(input).kind.replace("{name}", other.name).replace("{kinds}", kinds.map((kind) => kind.slice(1).toUpperCase()).join(", ")) : "", other ? "error" : "small");
  if (!other && files.some((file) => !file.size || file.size > input.dataset.maxBytes)) return; // form.js names what is too large
  if (!other) for (const file of files) take(input, file);
  input.value = "";
}

for (const input of all("input[data-upload]")) {
  input.addEventListener("change", chosen);
  for (const place of all("li[data-sending]", input.parentElement)) {
    const { sending: url, size, received } = place.dataset;
    equip({ input, place, url, file: { size: +size }, offset: +received });
    place.querySelector("[data-standing]").textContent = words(input)[size === received ? "checking" : "again"];
    place.hidden = false;
  }
}

// “Save and continue” waits for files on their way; pressed again, it goes without them.
document.addEventListener("submit", (event) => {
  const item = [...sending].find(({ input }) => input.form === event.target);
  if (!item || held) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  held = event.submitter;
  say(item.input, words(item.input).hold);
}, true);
addEventListener("beforeunload", (event) => sending.size && !held && event.preventDefault());
