// What is typed is kept on this device too (IndexedDB) until the server has it: a broken line, an ended session, a closed tab
// or a crashed browser cost nothing. It belongs to the person: another account's is forgotten, and all of it at signing out.

const leave = document.querySelector("form[data-who]"); // the form that signs out is on every page of who is signed in
export const who = leave?.dataset.who;
const STORE = "drafts";
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
      const asked = work(whole.objectStore(STORE));
      whole.oncomplete = () => done(asked.result);
      whole.onabort = () => failed(whole.error);
    });
  } finally {
    base.close();
  }
}

// A section by its address without the language: the same text whatever language the page is read in.
const key = (path) => [who, path.replace(/\/[a-z]{2}\//, "/")];
export const read = (path) => act("readonly", (all) => all.get(key(path)));
export const write = (path, draft) => act("readwrite", (all) => all.put(draft, key(path)));
export const forget = (path) => act("readwrite", (all) => all.delete(key(path)));

async function forgetOthers() {
  await act("readwrite", (all) => all.delete(IDBKeyRange.upperBound([who], true)));
  await act("readwrite", (all) => all.delete(IDBKeyRange.lowerBound([who, []]))); // arrays come after all texts
}

leave?.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    if ((await act("readonly", (all) => all.count())) && !confirm(leave.dataset.ask)) return;
    await act("readwrite", (all) => all.clear());
  } catch {} // a browser that keeps nothing has nothing to forget
  leave.submit();
});

if (who) forgetOthers().catch(() => {});
