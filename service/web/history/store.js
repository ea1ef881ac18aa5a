/**
 * What this browser keeps in its own database: finished restorations, and the photo of one that
 * is under way, so that a reload can take it up again.
 */

const NAME = "rialto";
const MOST = 30; // Restorations.
const MOST_BYTES = 300e6;

let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("finished", { keyPath: "id", autoIncrement: true });
      request.result.createObjectStore("running");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** Do one thing in a transaction; resolves to the request's result once all is written. */
async function within(store, mode, act) {
  const transaction = (await database()).transaction(store, mode);
  const request = act(transaction.objectStore(store));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

/** Newest first: {id, when, name, parameters, done, before, after, thumbnail, bytes}. */
export async function finished() {
  const rows = await within("finished", "readonly", (store) => store.getAll());
  return rows.reverse();
}

/** Keep one; the oldest go where there are too many of them, or they are too large. */
export async function keep(row) {
  const bytes = row.before.size + row.after.size;
  if (bytes > MOST_BYTES / 4) return; // One photo is not to drive out all the others.
  await within("finished", "readwrite", (store) => store.add({ ...row, when: Date.now(), bytes }));
  let held = 0;
  const gone = (await finished()).filter((one, index) => {
    held += one.bytes;
    return index >= MOST || held > MOST_BYTES;
  });
  await forget(gone.map(({ id }) => id));
}

export const forget = (ids) =>
  within("finished", "readwrite", (store) => ids.forEach((id) => store.delete(id)));

export const forgetAll = () => within("finished", "readwrite", (store) => store.clear());

// The photo under way, by a key that the tab's own storage holds.

const TAB = "rialto.running";

/** Note a restoration under way: its {id, parameters}, and its {file, name, mask}. */
export async function begin(facts, files) {
  const key = running()?.key ?? crypto.getRandomValues(new Uint32Array(2)).join("-");
  await within("running", "readwrite", (store) => store.put(files, key));
  sessionStorage.setItem(TAB, JSON.stringify({ ...facts, key }));
}

/** What was under way in this tab when the page was left, without its files; or null. */
export const running = () => JSON.parse(sessionStorage.getItem(TAB));

export const filesOf = ({ key }) => within("running", "readonly", (store) => store.get(key));

export async function end() {
  const facts = running();
  sessionStorage.removeItem(TAB);
  if (facts) await within("running", "readwrite", (store) => store.delete(facts.key));
}
