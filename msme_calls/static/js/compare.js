// Two answers to a question side by side, what differs marked word by word; one press keeps this or takes that.

import { fieldOf } from "./answers.js";

const MOST = 4e6; // pairs of words; of longer texts nothing is marked

// Which words of one are not in the other's order (longest common subsequence), as runs of [text, whether it differs].
export function marked(one, other) {
  const [a, b] = [one.match(/\s+|\S+/g) || [], other.match(/\s+|\S+/g) || []];
  if (a.length * b.length > MOST) return [[[one, false]], [[other, false]]];
  const wide = b.length + 1;
  const common = new Uint16Array((a.length + 1) * wide);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * wide + j] = a[i] === b[j] ? common[(i + 1) * wide + j + 1] + 1 : Math.max(common[(i + 1) * wide + j], common[i * wide + j + 1]);
  const [left, right] = [[], []];
  const add = (side, word, differs) => {
    if (side.at(-1)?.[1] === differs) side.at(-1)[0] += word;
    else side.push([word, differs]);
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) (add(left, a[i++], false), add(right, b[j++], false));
    else if (j === b.length || (i < a.length && common[(i + 1) * wide + j] >= common[i * wide + j + 1])) add(left, a[i++], true);
    else add(right, b[j++], true);
  }
  return [left, right];
}

function fill(place, runs, tag) {
  for (const [words, differs] of runs)
    place.append(differs ? Object.assign(document.createElement(tag), { textContent: words }) : words);
  if (!place.textContent.trim()) place.textContent = "–";
}

const title = (field) => field?.querySelector("label, legend")?.innerText.trim() || "";

// `kind`: whose words the page has for it (“clash”, “draft”). `questions`: {key, mine, theirs (both as text), take()}.
// When all are decided, `done` is called. Gives a function that takes the panels away.
export function compare(form, kind, questions, done) {
  const piece = (name) => form.querySelector(`template[data-${name}="${kind}"]`).content.firstElementChild.cloneNode(true);
  const [head, list] = [piece("head"), document.createElement("ul")];
  head.querySelector("p").after(list);
  const open = new Map();
  const end = () => {
    for (const panel of open.values()) panel.remove();
    open.clear();
    head.remove();
  };
  const decide = (key, take) => {
    if (take) questions.find((q) => q.key === key).take();
    const panel = open.get(key);
    const inside = panel.contains(document.activeElement);
    panel.remove();
    open.delete(key);
    head.querySelector(`[href="#compare-${key}"]`)?.closest("li").remove();
    if (inside) fieldOf(form, key).querySelector("input, textarea, select")?.focus();
    if (open.size) return;
    head.remove();
    done();
  };
  const whole = (field) => field.closest("[data-question]") || field; // it may be hidden: what is chosen from never is
  const place = ({ key }) => [...form.children].indexOf(whole(fieldOf(form, key)));
  for (const { key, mine, theirs } of questions.sort((a, b) => place(a) - place(b))) {
    const [panel, field] = [piece("panel"), fieldOf(form, key)];
    const [left, right] = marked(mine, theirs);
    panel.id = `compare-${key}`;
    panel.setAttribute("aria-label", title(field));
    fill(panel.querySelector("[data-mine]"), left, "del");
    fill(panel.querySelector("[data-theirs]"), right, "ins");
    panel.querySelector("[data-keep]").onclick = () => decide(key, false);
    panel.querySelector("[data-take]").onclick = () => decide(key, true);
    whole(field).after(panel);
    open.set(key, panel);
    const link = Object.assign(document.createElement("a"), { href: `#compare-${key}`, textContent: title(field) });
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
  for (const [name, take] of [["keep", false], ["take", true]]) {
    const all = head.querySelector(`[data-${name}-all]`);
    all.hidden = questions.length < 2;
    all.onclick = () => [...open.keys()].forEach((key) => decide(key, take));
  }
  form.prepend(head);
  return end;
}
