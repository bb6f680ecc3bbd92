// Instants in the reader's own zone, and time left by the server's clock. Without this the page says both in the call's zone.

const lang = document.documentElement.lang;
const all = (selector) => [...document.querySelectorAll(selector)];
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;

// The server's clock. A page kept by a cache carries an old data-now; the header, if sent, is of this very answer.
const stated = performance.getEntriesByType("navigation")[0]?.serverTiming?.find((t) => t.name === "clock")?.description;
const ahead = (Date.parse(stated || document.querySelector("[data-now]")?.dataset.now) || Date.now()) - Date.now();
const now = () => Date.now() + ahead;

// As the server writes them: month in words, 24 hours, a weekday before the date.
function written(instant, zone) {
  const day = { weekday: lang === "en" ? "short" : "long", day: "numeric", month: "long", year: "numeric", timeZone: zone };
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
  const part = Object.fromEntries(new Intl.DateTimeFormat(lang, { ...day, ...time }).formatToParts(instant).map((p) => [p.type, p.value]));
  const date = [part.weekday, part.day, part.month, part.year];
  if (lang === "fr") return `${date.join(" ").replace(" 1 ", " 1er ")} à ${Number(part.hour)}\u00a0h\u00a0${part.minute}`;
  if (lang === "es") return `${date[0]} ${date.slice(1).join(" de ")}, a las ${part.hour}:${part.minute}`;
  return `${date.join(" ")}, ${part.hour}:${part.minute}`;
}

function offset(instant, zone) {
  const parts = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "shortOffset" }).formatToParts(instant);
  return parts.find((p) => p.type === "timeZoneName").value.replace("GMT", "UTC").replace("-", "−");
}

for (const place of all("[data-own-zone]")) {
  const instant = new Date(place.dataset.ownZone);
  if (!own || offset(instant, own) === offset(instant, place.dataset.zone)) continue;
  const text = place.dataset.pattern.replace("{time}", written(instant, own)).replace("{zone}", offset(instant, own));
  (place.querySelector("[data-fill]") || place).textContent = text + (place.dataset.after || "");
  place.hidden = false;
}

const unit = (n, name) => new Intl.NumberFormat(lang, { style: "unit", unit: name, unitDisplay: "long" }).format(n);

// Above two days: days and hours; below: hours and minutes; last hour: minutes. The server has the same rule.
function left(milliseconds, pattern) {
  const minutes = Math.ceil(milliseconds / 60000);
  const hours = Math.floor(minutes / 60);
  const [more, less] =
    minutes >= 2880 ? [unit(Math.floor(hours / 24), "day"), hours % 24 && unit(hours % 24, "hour")]
    : minutes >= 60 ? [unit(hours, "hour"), minutes % 60 && unit(minutes % 60, "minute")]
    : [unit(minutes, "minute")];
  return less ? pattern.replace("{0}", more).replace("{1}", less) : more;
}

function tick() {
  for (const place of all("[data-until]")) {
    const rest = Date.parse(place.dataset.until) - now();
    const words = rest > 0 ? left(rest, place.dataset.pattern) : place.dataset.over;
    if (place.textContent !== words) place.textContent = words;
  }
}

// Once, when the instant passes while the page is open; spread over a few seconds, so that not all come at once.
function reloadAt(instant) {
  const rest = instant - now();
  if (rest > 0) return setTimeout(() => reloadAt(instant), Math.min(rest, 3600000));
  history.replaceState({ reloaded: instant }, "");
  setTimeout(() => location.reload(), 500 + Math.random() * 4500);
}

if (document.querySelector("[data-until]")) {
  tick();
  setInterval(tick, 5000);
  document.addEventListener("visibilitychange", tick);
}
for (const { dataset } of all("[data-reload-at]")) {
  const instant = Date.parse(dataset.reloadAt);
  if (instant > now() && history.state?.reloaded !== instant) reloadAt(instant);
}
