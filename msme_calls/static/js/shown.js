// Questions that are asked only if an earlier answer is so: shown and hidden at once. Without this file all are there, each
// with a sentence that says when to answer it; in either case the server decides. Nothing is put out or emptied: what was
// typed into a question that is hidden now is kept. questions/conditions.py evaluates in the same way.

// What a number typed in a language means, as questions/kinds/number.py reads it, or null.
const MARKS = { en: [",", "."], fr: ["\u202f", ","], es: [".", ","] };

export function digits(text, lang) {
  const compact = text.replace(/\s/gu, "").replaceAll("−", "-").replace(/[٠-٩۰-۹]/g, (c) => c.charCodeAt(0) & 15);
  if (!/^[-+]?[\d.,]{1,30}$/.test(compact)) return null;
  for (const [group, point] of [MARKS[lang] || MARKS.en, MARKS.en]) {
    const grouped = `-?[1-9]\\d{0,2}(\\${group}\\d{3})+(\\${point}\\d+)?`;
    const plain = `[-+]?(\\d+[.${point}]?\\d*|[.${point}]\\d+)`;
    if (new RegExp(`^(${compact.includes(group) ? grouped : plain})$`).test(compact))
      return compact.replaceAll(group, "").replace(point, ".");
  }
  return null;
}

// Exact, so that it decides as the server does: 30 figures on each side of the point.
function compared(said, value, fits) {
  const [one, other] = [said[0], value].map((text) => {
    const [, sign, whole, part] = /^([-+]?)(\d*)\.?(\d*)$/.exec(text ?? "") || [];
    return whole || part ? BigInt(sign.replace("+", "") + whole + part.padEnd(30, "0")) : null;
  });
  return one !== null && other !== null && fits(one, other);
}

const OPERATORS = {
  is: (said, value) => said.includes(value),
  "is-not": (said, value) => said.length > 0 && !said.includes(value),
  "at-least": (said, value) => compared(said, value, (a, b) => a >= b),
  "at-most": (said, value) => compared(said, value, (a, b) => a <= b),
  answered: (said) => said.length > 0,
  unanswered: (said) => !said.length,
};

// `node`: [question, operator, value], or {match, of}. `facts`: what each question’s answer says.
export function holds(node, facts) {
  if (Array.isArray(node)) return Object.hasOwn(OPERATORS, node[1]) && OPERATORS[node[1]](facts[node[0]] || [], node[2]);
  return !node.of.length || node.of[node.match === "any" ? "some" : "every"]((part) => holds(part, facts));
}

// `questions`: [key, node] in the form’s order. One that isn’t asked counts as not answered for those after it.
export function shown(questions, facts) {
  const asked = { ...facts };
  for (const [key] of questions) delete asked[key];
  return questions.filter(([key, node]) => holds(node, asked) && ((asked[key] = facts[key]), true)).map(([key]) => key);
}

// What the fields hold now; rows count as one answer, a number as what it means.
function typed(form) {
  const facts = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value !== "string" || !value.trim()) continue;
    const number = form.querySelector(`[data-question="${CSS.escape(name)}"][data-figures]`);
    const text = value.trim();
    (facts[name.replace(/-\d+-.+$/s, "")] ||= []).push(number ? digits(text, document.documentElement.lang) ?? text : text);
  }
  return facts;
}

const form = document.querySelector("form[data-facts]");

if (form) {
  const elsewhere = JSON.parse(form.dataset.facts);
  const fields = [...form.querySelectorAll("[data-question]")];
  const questions = fields.map((f) => [f.dataset.question, JSON.parse(f.dataset.shownIf || '{"of":[]}')]);
  // A field is never hidden while somebody is in it: the focus would be lost. It is looked at again when she leaves.
  const update = () => {
    const asked = shown(questions, { ...typed(form), ...elsewhere });
    for (const f of fields) f.hidden = !asked.includes(f.dataset.question) && !f.contains(document.activeElement);
  };
  for (const sentence of form.querySelectorAll("[data-answer-if]")) sentence.hidden = true;
  for (const event of ["input", "change"]) form.addEventListener(event, update);
  form.addEventListener("focusout", () => setTimeout(update));
  addEventListener("pageshow", update); // fields may be filled in again by the browser
  update();
}
