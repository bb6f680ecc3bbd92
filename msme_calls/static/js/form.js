// Forms: counts, rows, files over the limit, leaving with unsaved text, pressing twice. Words come from data- attributes;
// without this file the server does all of it when the form is sent.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

document.querySelector('.note.bad[role="alert"]')?.focus();

// A word is a run without white space that has a letter or a figure: “l’art” is one, an address is one, “–” is none.
// Chinese and Japanese are written without spaces: each of their characters is one. questions/lengths.py counts in the same way.
const SINGLE = /[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]/gu;
const SPACE = /[\s\x1c-\x1f\x85]+/u;

export function words(text) {
  let count = 0;
  for (const run of text.split(SPACE)) {
    const rest = run.replace(SINGLE, () => (count++, ""));
    if (/[\p{L}\p{N}]/u.test(rest)) count++;
  }
  return count;
}

function recount(area) {
  const place = document.querySelector(`#${CSS.escape(area.id)}-count [data-count]`);
  if (!place) return;
  const count = words(area.value);
  place.textContent = place.dataset.pattern.replace("{count}", count);
  place.classList.toggle("over", count > area.dataset.maxWords);
}

// Rows. Spare rows that the server wrote wait hidden; more are copied from the last one. A row taken away is emptied and hidden:
// the server leaves out empty rows, so nothing has to be numbered again.
const inputs = (row) => all("input:not([type=hidden]), textarea, select", row);
const filled = (row) => inputs(row).some((i) => (/checkbox|radio/.test(i.type) ? i.checked : i.tagName === "SELECT" ? i.selectedIndex > 0 : i.value));

function clear(row) {
  for (const i of all("input, textarea, select", row)) {
    if (/checkbox|radio/.test(i.type)) i.checked = false;
    else if (i.tagName === "SELECT") i.selectedIndex = 0;
    else i.value = "";
  }
  all(".error", row).forEach((e) => e.remove());
  all("[aria-invalid]", row).forEach((e) => e.removeAttribute("aria-invalid"));
}

function copy(row, base) {
  const [from, to] = [`${base}-${row.dataset.row}-`, `${base}-${+row.dataset.row + 1}-`];
  const next = row.cloneNode(true);
  for (const node of [next, ...all("*", next)])
    for (const name of ["id", "name", "for", "aria-describedby", "aria-labelledby", "href"])
      if (node.hasAttribute(name)) node.setAttribute(name, node.getAttribute(name).replaceAll(from, to));
  next.dataset.row = +row.dataset.row + 1;
  all("[data-number]", next).forEach((n) => (n.textContent = +next.dataset.row + 1));
  all("[data-remove-row]", next).forEach((b) => b.remove());
  clear(next);
  row.after(next);
  return next;
}

const button = (textContent, className) => Object.assign(document.createElement("button"), { type: "button", textContent, className });

for (const group of all("[data-rows]")) {
  const { rows: base, add, remove, most } = group.dataset;
  const rows = () => all("[data-row]", group);
  const adder = button(add, "second");
  const limit = () => (adder.hidden = rows().filter((r) => !r.hidden).length >= +most);
  const equip = (row) => {
    const b = button(remove, "plain");
    b.dataset.removeRow = "";
    b.onclick = () => {
      clear(row);
      row.hidden = rows().some((r) => r !== row && !r.hidden);
      group.dispatchEvent(new Event("input", { bubbles: true }));
      limit();
      adder.focus();
    };
    (row.matches("tr") ? row.lastElementChild : row).append(b);
  };
  rows().forEach((row, n) => {
    equip(row);
    row.hidden = n > 0 && !filled(row);
  });
  adder.onclick = () => {
    const shown = rows().findLastIndex((r) => !r.hidden);
    let row = rows()[shown + 1];
    if (!row) equip((row = copy(rows()[shown], base)));
    row.hidden = false;
    limit();
    inputs(row)[0]?.focus();
  };
  group.addEventListener("rows", ({ detail: many }) => {
    while (rows().length < many) equip(copy(rows().at(-1), base));
    rows().forEach((row, n) => (row.hidden = n >= Math.max(many, 1)));
    limit();
  });
  group.append(adder);
  limit();
}

// A file over the limit is named before it travels.
const tooBig = (input) => [...input.files].find((f) => f.size > input.dataset.maxBytes);
const megabytes = (n) => new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 }).format(n / 1e6);

function weigh(input) {
  const file = tooBig(input);
  const id = `${input.id}-too-big`;
  const told = document.getElementById(id);
  if (!file) {
    told?.remove();
    return true;
  }
  const place = told || Object.assign(document.createElement("p"), { id, className: "error" });
  place.setAttribute("role", "alert");
  if (!told) input.before(place);
  place.textContent = input.dataset.tooBig
    .replace("{name}", file.name).replace("{size}", megabytes(file.size)).replace("{most}", megabytes(input.dataset.maxBytes));
  return false;
}

document.addEventListener("input", ({ target }) => {
  if (target.dataset?.maxWords) recount(target);
  const form = target.closest?.("form[data-guard]");
  if (form) form.dataset.unsaved = "";
});
document.addEventListener("change", ({ target }) => target.dataset?.maxBytes && weigh(target));
document.addEventListener("saved", ({ target }) => delete target.dataset.unsaved, true);
all("textarea[data-max-words]").forEach(recount);

addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-unsaved]")) event.preventDefault();
});

// A form is sent once. The button is put out after the browser has taken its name and value.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const heavy = all("input[data-max-bytes]", form).find((i) => !weigh(i));
  if (form.dataset.sent !== undefined || heavy) {
    event.preventDefault();
    heavy?.focus();
    return;
  }
  if (event.defaultPrevented || event.submitter?.formTarget === "_blank") return; // a preview saves nothing
  delete form.dataset.unsaved;
  if (form.dataset.again !== undefined || form.method === "get") return;
  form.dataset.sent = "";
  setTimeout(() => event.submitter && (event.submitter.disabled = true));
  setTimeout(() => release(form), 60000); // the line broke, or the reader stopped it
});

function release(form) {
  delete form.dataset.sent;
  all("button:disabled", form).forEach((b) => (b.disabled = false));
}

// On a line that breaks often a script may not have come: while nothing is typed, the page is loaded again (a few times at
// most, for a browser that is too old for it never gets it).
addEventListener("load", () => {
  const missed = document.querySelector("form[data-autosave]:not([data-saving], [data-unsaved])");
  const tried = +sessionStorage.getItem("loaded-again");
  if (!missed || tried > 3) return;
  sessionStorage.setItem("loaded-again", tried + 1);
  location.reload();
});

// Back from the next page: the browser may show this one as it was left.
addEventListener("pageshow", (event) => event.persisted && all("form[data-sent]").forEach(release));
