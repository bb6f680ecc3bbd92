// A form's answers as pairs of name and value, question by question: what is sent, kept on the device and compared.

// Names are a question's key, or key-row-column; all else in a form (its token, its version) is no answer.
const ANSWER = /^([^-]+)(?:-(\d+)-(.+))?$/;
const flat = (text) => text.normalize("NFC").replace(/\s+/g, " ").trim();

function valuesOf(control, drawn) {
  if (/^(checkbox|radio)$/.test(control.type)) return (drawn ? control.defaultChecked : control.checked) ? [control.value] : [];
  if (control.tagName !== "SELECT") return [drawn ? control.defaultValue : control.value];
  const chosen = [...control.options].filter((o) => (drawn ? o.defaultSelected : o.selected));
  return (chosen.length || control.multiple ? chosen : [...control.options].slice(0, 1)).map((o) => o.value);
}

// Map of question → pairs, blanks left out and rows numbered without gaps, as the server keeps them. `drawn`: as the server
// wrote the page, whatever the browser has put back into the fields since.
export function answersOf(form, drawn = false) {
  const pairs = [];
  for (const control of form.elements)
    if (control.name && control.name !== "csrf_token" && !/^(hidden|file|submit|button|fieldset)$/.test(control.type))
      for (const value of valuesOf(control, drawn)) pairs.push([control.name, value]);
  return byQuestion(pairs);
}

export function byQuestion(pairs) {
  const found = new Map();
  const rows = {};
  for (const [name, value] of pairs) {
    const [, key, row, column] = ANSWER.exec(name) || [];
    if (!key || !value.trim()) continue;
    if (!found.has(key)) found.set(key, []);
    const numbers = (rows[key] ||= []);
    if (row !== undefined && !numbers.includes(row)) numbers.push(row);
    found.get(key).push([row === undefined ? name : `${key}-${numbers.indexOf(row)}-${column}`, value]);
  }
  return found;
}

const text = (pairs) => JSON.stringify(pairs || []);
export const same = (one, other) => text(one) === text(other);
export const alike = (one, other) => flat(text(one)) === flat(text(other)); // but for white space, which the server tidies
export const keysOf = (...all) => [...new Set(all.flatMap((answers) => [...answers.keys()]))];
export const differ = (one, other) => keysOf(one, other).filter((key) => !same(one.get(key), other.get(key)));

export const fieldOf = (form, key) => form.querySelector(`#q-${CSS.escape(key)}`)?.closest(".field");

export function put(form, key, pairs) {
  const group = form.querySelector(`[data-rows="${CSS.escape(key)}"]`);
  group?.dispatchEvent(new CustomEvent("rows", { detail: new Set(pairs.map(([name]) => ANSWER.exec(name)[2])).size }));
  const places = {};
  for (const row of group?.querySelectorAll("[data-row]") || []) places[row.dataset.row] = Object.keys(places).length;
  let last;
  for (const control of form.elements) {
    const [, of, row, column] = ANSWER.exec(control.name || "") || [];
    if (of !== key || control.type === "file") continue;
    const name = row === undefined ? key : `${key}-${places[row]}-${column}`;
    const values = pairs.filter((pair) => pair[0] === name).map((pair) => pair[1]);
    if (/^(checkbox|radio)$/.test(control.type)) control.checked = values.includes(control.value);
    else control.value = values[0] ?? "";
    control.dispatchEvent(new Event("input", { bubbles: true }));
    last = control;
  }
  last?.dispatchEvent(new Event("change", { bubbles: true }));
}

// An answer in words: of a choice its label, of rows a line each.
export function wordsOf(form, pairs) {
  const lines = {};
  const part = (name) => ANSWER.exec(name || "")?.filter((_, n) => n % 2).join("-"); // the question and its column
  for (const [name, value] of pairs || []) {
    const control = [...form.elements].find((c) => part(c.name) === part(name) && (!/^(checkbox|radio)$/.test(c.type) || c.value === value));
    const chosen = control?.tagName === "SELECT" ? [...control.options].find((o) => o.value === value)?.text : undefined;
    const said = /^(checkbox|radio)$/.test(control?.type) ? control.labels[0]?.innerText : chosen;
    (lines[ANSWER.exec(name)[2] ?? ""] ||= []).push(said || value);
  }
  return Object.values(lines).map((cells) => cells.join(" · ")).join("\n");
}
