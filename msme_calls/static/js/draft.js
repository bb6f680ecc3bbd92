// What is typed is kept on this device too (IndexedDB) until the server has it: a broken line, an ended session, a closed tab
// or a crashed browser cost nothing. It belongs to the person: another account's is forgotten, and all of it at signing out,
// after which no window that is still open keeps anything more.

const leave = document.querySelector("form[data-who]"); // the form that signs out is on every page of who is signed in
export const who = leave?.dataset.who;
const STORE = "drafts";
const MARK = "who"; // the key under which stands whose device it is now
const PAGE = `${Date.now()} ${Math.random()}`; // this one as it was opened: no window writes over what another one keeps
const BASE = `msme-calls${location.pathname.replace(/\/[a-z]{2}(\/.*)?$/, "")}`; // a rehearsal lies below a path of its own

function open() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(BASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = asked.onblocked = () => failed(asked.error);
  });
}

async function act(mode, work) {
  const base = await open();
  try {
    return await new Promise((done, failed) => {
      const whole = base.transaction(STORE, mode);
      const asked = work(whole.objectStore(STORE), whole);
      whole.oncomplete = () => done(asked.result);
      whole.onabort = () => failed(whole.error);
    });
  } finally {
    base.close();
  }
}

// A section by its address without the language: the same text whatever language the page is read in.
const place = (path) => [who, path.replace(/\/[a-z]{2}\//, "/")];
const own = (path) => [...place(path), PAGE];

// What other windows, or this one before it was loaded anew, were left with: the newest first.
export async function read(path) {
  const found = await act("readonly", (all) => all.getAll(IDBKeyRange.bound(place(path), [...place(path), []])));
  return found.filter(({ key }) => key?.[2] !== PAGE).sort((one, other) => other.at - one.at);
}

// `at`: when it was typed, which is not when a try to save it failed.
export const write = (path, at, answers) =>
  act("readwrite", (all, whole) => {
    const asked = all.get(MARK);
    asked.onsuccess = () => (asked.result === who ? all.put({ at, answers, key: own(path), mark: Math.random() }, own(path)) : whole.abort());
    return asked;
  });

export const forget = (path) => act("readwrite", (all) => all.delete(own(path)));

// Take away what `read` gave, unless its window has written something else by now.
export const drop = (path, { key = place(path), mark }) =>
  act("readwrite", (all) => {
    const asked = all.get(key);
    asked.onsuccess = () => asked.result?.mark === mark && all.delete(key);
    return asked;
  });

const mine = () =>
  act("readwrite", (all) => {
    all.delete(IDBKeyRange.upperBound([who], true));
    all.delete(IDBKeyRange.lowerBound([who, []])); // arrays come after all texts
    return all.put(who, MARK);
  });

leave?.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    if ((await act("readonly", (all) => all.count(IDBKeyRange.lowerBound([])))) && !confirm(leave.dataset.ask)) return;
    await act("readwrite", (all) => all.clear());
    for (const { name } of (await indexedDB.databases?.()) ?? []) // what was rehearsed
      if (name.startsWith("msme-calls/")) indexedDB.deleteDatabase(name);
  } catch {} // a browser that keeps nothing has nothing to forget
  leave.submit();
});

if (who) mine().catch(() => {});
