// Putting a form's sections and questions in order: by a handle (mouse, pen, finger), and by the up and down buttons
// without a new page, so that the keyboard stays where it was. Without this file the buttons do it, one page each.

const sheet = document.querySelector("form[data-order]");
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const lists = () => all("ul[data-things]");
const things = (root, tag = "li") => all(`${tag}[data-thing]`, root);
const written = () => things(document, "section").map((s) => `${s.dataset.thing}:${things(s).map((q) => q.dataset.thing)}`).join(";");
const filled = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

function tell(thing) {
  const { saidQuestion, saidSection } = sheet.dataset;
  const own = thing.matches("section");
  const near = own ? things(document, "section") : things(thing.closest("ul"));
  const values = { name: thing.dataset.name, place: near.indexOf(thing) + 1, all: near.length, section: thing.closest("section").dataset.name };
  sheet.querySelector("[role=status]").textContent = filled(own ? saidSection : saidQuestion, values);
}

// Numbers of sections, and which buttons lead anywhere: none beyond an edge, none past what something depends on.
function settle() {
  things(document, "section").forEach((s, n, near) => {
    s.querySelector("[data-number]").textContent = n + 1;
    edges(s, near, n === 0, n === near.length - 1);
  });
  const [first, last] = [lists()[0], lists().at(-1)];
  for (const list of lists()) {
    const near = things(list);
    for (const q of near) edges(q, near, near[0] === q && list === first, near.at(-1) === q && list === last);
  }
}

function edges(thing, near, first, last) {
  const own = (selector) => all(selector, thing).find((f) => f.closest("[data-thing]") === thing);
  const here = near.indexOf(thing);
  const [up, down] = [stuck(near[here - 1], thing), stuck(thing, near[here + 1])];
  if (own('form[action$="/up"]')) own('form[action$="/up"]').hidden = first || up;
  if (own('form[action$="/down"]')) own('form[action$="/down"]').hidden = last || down;
  const said = own("[data-stuck]");
  said.textContent = [...new Set([up, down])].join(" ").trim();
  said.hidden = !said.textContent;
}

// Why two neighbours can’t change places; nothing if they can.
const asked = (thing) => (!thing ? [] : thing.matches("li") ? [thing] : things(thing));

function stuck(former, later) {
  for (const { dataset: q } of asked(later))
    for (const { dataset: other } of asked(former))
      if (q.after.split(" ").includes(other.thing)) return filled(sheet.dataset.stuck, { name: q.name, other: other.name });
  return "";
}

// The server takes the whole order, with the one that it was made from; what it refuses it says on a page.
let sent = written(), sending = Promise.resolve();
const save = (thing) => (sending = sending.then(() => send(thing)));

async function send(thing) {
  const now = written();
  if (now === sent) return;
  sheet.elements.order.value = now;
  let answer;
  try {
    answer = await fetch(sheet.action, { method: "POST", body: new FormData(sheet), headers: { Accept: "application/json" } });
  } catch {
    back(sent);
    sheet.querySelector("[role=status]").textContent = sheet.dataset.failed;
    return;
  }
  if (!answer.ok) return sheet.submit();
  sheet.elements.seen.value = (await answer.json()).seen;
  sent = now;
  tell(thing);
}

// Everything where an order has it.
function back(order) {
  const by = (id) => document.querySelector(`[data-thing="${id}"]`);
  let last;
  for (const part of order.split(";")) {
    const [section, questions] = part.split(":");
    last?.after(by(section));
    last = by(section);
    for (const q of questions.split(",").filter(Boolean)) last.querySelector("ul").append(by(q));
  }
  settle();
}

// Up and down.
function step(thing, way) {
  const near = thing.matches("section") ? things(document, "section") : things(thing.parentNode);
  const beside = near[near.indexOf(thing) + way];
  if (beside) return way < 0 ? beside.before(thing) : beside.after(thing);
  const list = lists()[lists().indexOf(thing.parentNode) + way];
  if (way < 0) list?.append(thing);
  else list?.prepend(thing);
}

document.addEventListener("submit", (event) => {
  const way = event.target.action.match(/\/(up|down)$/)?.[1];
  const thing = way && event.target.closest("[data-thing]");
  if (!thing) return;
  event.preventDefault();
  step(thing, way === "up" ? -1 : 1);
  settle();
  const pressed = event.target.hidden ? all("form:not([hidden]) button", thing)[0] : event.submitter;
  pressed?.focus();
  save(thing);
}, true);

// The handle: for pointers only, since the buttons do the same for everybody. The document listens: a handle that moves
// with its thing loses the pointer.
function follow(thing) {
  const before = written(), tag = thing.tagName.toLowerCase();
  thing.style.opacity = 0.5;
  const move = ({ clientX, clientY }) => {
    if (clientY < 48 || clientY > innerHeight - 48) scrollBy(0, clientY < 48 ? -24 : 24);
    const under = document.elementFromPoint(clientX, clientY);
    const over = under?.closest(`${tag}[data-thing]`);
    if (over && over !== thing) {
      const { top, height } = over.getBoundingClientRect();
      if (clientY < top + height / 2) over.before(thing);
      else over.after(thing);
    } else if (!over && tag === "li") {
      const list = under?.closest("section[data-thing]")?.querySelector("ul");
      if (list && list !== thing.parentNode) list.append(thing);
    }
  };
  const end = (cancelled) => {
    thing.style.opacity = "";
    document.onpointermove = document.onpointerup = document.onpointercancel = document.onkeydown = null;
    if (cancelled) return back(before);
    settle();
    save(thing);
  };
  document.onpointermove = move;
  document.onpointerup = () => end(false);
  document.onpointercancel = () => end(true);
  document.onkeydown = ({ key }) => key === "Escape" && end(true);
}

if (sheet)
  for (const thing of [...things(document), ...things(document, "section")]) {
    const handle = Object.assign(document.createElement("span"), { textContent: "⠿", title: sheet.dataset.handle });
    handle.setAttribute("aria-hidden", "true");
    handle.dataset.handle = "";
    Object.assign(handle.style, { cursor: "grab", touchAction: "none", padding: ".5rem .75rem", userSelect: "none" });
    handle.onpointerdown = (event) => event.isPrimary && event.button === 0 && (event.preventDefault(), follow(thing));
    thing.querySelector("[data-moves]").prepend(handle);
  }
