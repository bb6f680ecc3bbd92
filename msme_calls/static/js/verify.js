// Checks a receipt in the browser, so that the file stays on the device. What it can't do, the server does.
const found = document.getElementById("found");
const form = document.querySelector("form[enctype]");
const keys = JSON.parse(found.dataset.keys).keys;
const part = (name) => found.querySelector(`[data-part=${name}]`);
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

// RFC 8785: names in order, everything else as JSON.stringify writes it.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`;
}

// How many names a value has, with all that is in it.
function names(value) {
  if (value === null || typeof value !== "object") return 0;
  return Object.values(value).reduce((sum, inner) => sum + names(inner), Array.isArray(value) ? 0 : Object.keys(value).length);
}

// JSON without what two programs may read in two ways: a name that comes twice, a number with a fraction.
function parsed(text) {
  const [value, bare] = [JSON.parse(text), text.replace(/"(?:[^"\\]|\\.)*"/g, "")];
  if (/\d[.e]/i.test(bare) || bare.split(":").length - 1 !== names(value)) throw new Error("two ways");
  return value;
}

// Our PDF carries the text as a short packed stream.
async function outOfPdf(content) {
  const text = new TextDecoder("latin1").decode(content);
  for (const start of text.matchAll(/stream\r?\n/g)) {
    const length = Number(text.slice(Math.max(0, start.index - 400), start.index).match(/\/Length (\d+)(?!.*\/Length)/s)?.[1]);
    const place = start.index + start[0].length;
    if (!length || length > 200000) continue;
    try {
      const unpacked = new Blob([content.slice(place, place + length)]).stream().pipeThrough(new DecompressionStream("deflate"));
      const inside = await new Response(unpacked).text();
      if (inside.startsWith('{"receipt":{')) return inside;
    } catch { /* packed in another way: not ours */ }
  }
  throw new Error("not read here");
}

// Gives what the page has a note for, with what a valid receipt says.
async function check(text) {
  let whole;
  try { whole = parsed(text.replace(/^\ufeff/, "")); } catch { return ["no-receipt"]; }
  const said = whole?.receipt;
  if (said?.format !== "msme-calls-receipt") return ["no-receipt"];
  const known = keys.find((key) => key.kid === said.key);
  if (!known) return ["not-ours"];
  const key = await crypto.subtle.importKey("raw", bytes(known.x), "Ed25519", false, ["verify"]);
  let holds = false;
  if (Object.keys(whole).length === 2 && said.version === 1 && /^[\w-]{85}[AQgw]$/.test(whole.signature)) { // its one spelling
    const signed = new TextEncoder().encode(canonical(said));
    holds = await crypto.subtle.verify("Ed25519", key, bytes(whole.signature), signed);
  }
  if (!holds) return ["changed"];
  return known.until && said.received_at > known.until ? ["retired"] : ["valid", said];
}

function show([finding, said]) {
  for (const note of found.querySelectorAll("[data-finding]")) note.hidden = note.dataset.finding !== finding;
  found.querySelector("[data-where]").hidden = true;
  found.querySelector("[data-said]").hidden = !said;
  if (said) fill(said);
  found.scrollIntoView({ block: "nearest" });
}

function hash(hex) {
  const code = document.createElement("code");
  [code.className, code.textContent] = ["digest", `sha256:${hex.match(/.{4}/g).join(" ")}`];
  return code;
}

function fill(said) {
  const lang = document.documentElement.lang;
  const at = (zone) => new Date(said.received_at).toLocaleString(lang === "en" ? "en-GB" : lang, { dateStyle: "long", timeStyle: "long", timeZone: zone });
  for (const name of ["reference", "submission"]) part(name).textContent = said[name];
  part("digest").replaceChildren(hash(said.digest));
  found.querySelector("[data-files]").hidden = !said.files.length;
  part("call").textContent = said.call.title[lang] || Object.values(said.call.title)[0] || said.call.slug;
  part("received").textContent = [...new Set([at(said.call.zone), at(), at("UTC")])].join(" · ");
  part("files").replaceChildren(...said.files.map((file) => {
    const row = document.createElement("li");
    row.append(file.name, document.createElement("br"), hash(file.sha256));
    return row;
  }));
}

async function able() {
  try {
    await crypto.subtle.importKey("raw", bytes(keys[0].x), "Ed25519", false, ["verify"]);
    return true;
  } catch { return false; }
}

if (await able()) {
  document.querySelector("[data-here]").hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const file = form.elements.file.files[0];
      const content = file && new Uint8Array(await file.slice(0, 3e6).arrayBuffer());
      const pdf = content && new TextDecoder("latin1").decode(content.slice(0, 5)) === "%PDF-";
      const text = !file ? form.elements.text.value : pdf ? await outOfPdf(content) : new TextDecoder().decode(content);
      show(await check(text));
    } catch { form.submit(); } // the server knows more ways
  });
}
