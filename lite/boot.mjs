/* Loads Pyodide for a notebook of the site, and keeps the kernel's log in the browser.

   Pyodide's files live in memory and end with the page. So the bytes of a log are kept in IndexedDB: read before the
   kernel starts, and after each commit the parts that changed are written in one transaction, which the browser does
   whole or not at all. A lock names who may write a log: a second kernel, in this page or another, gets another log. */
import { loadPyodide as load } from "./pyodide.mjs";

const PART = 65536, DATABASE = "agentkit", FOLDER = "/log", HOME = "/home/pyodide";
const LOCK_MS = 2500; // a page that is loaded anew asks before its old kernel has let go

/** @param {IDBRequest} request */
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** The kept logs: for each name its length, and its bytes in parts. */
export class Store {
  constructor(database) {
    this.database = database;
  }

  static async open(factory = globalThis.indexedDB) {
    if (!factory) throw new Error("it has no IndexedDB");
    const request = factory.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("logs");
      request.result.createObjectStore("parts");
    };
    request.onblocked = () => {};
    return new Store(await done(request));
  }

  /** The names and lengths of all logs. */
  async list() {
    const logs = this.database.transaction("logs").objectStore("logs");
    const [names, lengths] = await Promise.all([done(logs.getAllKeys()), done(logs.getAll())]);
    return names.map((name, n) => [name, lengths[n]]);
  }

  /** @param {string} name */
  async read(name) {
    const now = this.database.transaction(["logs", "parts"]);
    const length = await done(now.objectStore("logs").get(name));
    if (length === undefined) return null;
    const bytes = new Uint8Array(length);
    const parts = await done(now.objectStore("parts").getAll(IDBKeyRange.bound([name, 0], [name, Infinity])));
    parts.forEach((part, n) => bytes.set(part, n * PART));
    return bytes;
  }

  /** Write what differs from `before`, in one transaction.
   * @param {string} name @param {Uint8Array} bytes @param {Uint8Array | null} before */
  write(name, bytes, before) {
    return new Promise((resolve, reject) => {
      const now = this.database.transaction(["logs", "parts"], "readwrite");
      now.oncomplete = () => resolve(undefined);
      now.onabort = now.onerror = () => reject(now.error || new Error("the browser gave it up"));
      now.objectStore("logs").put(bytes.length, name);
      const parts = now.objectStore("parts");
      for (let n = 0; n * PART < bytes.length; n++) {
        const part = bytes.slice(n * PART, (n + 1) * PART);
        if (!before || !same(part, before.subarray(n * PART, (n + 1) * PART))) parts.put(part, [name, n]);
      }
      const end = Math.ceil(bytes.length / PART);
      if (before && before.length > end * PART) parts.delete(IDBKeyRange.bound([name, end], [name, Infinity]));
    });
  }
}

/** @param {Uint8Array} one @param {Uint8Array} other */
export function same(one, other) {
  if (one.length !== other.length) return false;
  for (let n = 0; n < one.length; n++) if (one[n] !== other[n]) return false;
  return true;
}

/** Take a lock and hold it as long as this kernel lives; whether it was free.
 * @param {LockManager} locks @param {string} name @param {number} ms how long it is waited for */
export function hold(locks, name, ms) {
  return new Promise((resolve, reject) => {
    const options = ms ? { signal: AbortSignal.timeout(ms) } : { ifAvailable: true };
    locks.request(`agentkit:${name}`, options, (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {});
    }).catch((error) => (error.name === "AbortError" || error.name === "TimeoutError" ? resolve(false) : reject(error)));
  });
}

/** What Python sees as `js.agentkitKeep`. */
export class Keep {
  constructor() {
    this.state = "refused"; // or "kept", "full"
    this.why = "";
    this.name = "log";
    this.first = true; // whether no other kernel had the first log
    this.others = "[]"; // names and lengths, as JSON
    this.held = new Set();
    this.before = null;
    this.writing = null;
    this.again = false;
  }

  get path() {
    return `${FOLDER}/${this.name}.db`;
  }

  /** Choose a log that nobody writes, and read it. */
  async claim(factory = globalThis.indexedDB, locks = globalThis.navigator?.locks, ms = LOCK_MS) {
    try {
      if (!locks) throw new Error("it has no locks (navigator.locks), which need https or localhost");
      this.store = await Store.open(factory);
      this.locks = locks;
      for (let n = 1; !(await hold(locks, this.name, n === 1 ? ms : 0)); n++) {
        this.first = false;
        this.name = `log-${n + 1}`;
      }
      this.held.add(this.name);
      this.before = await this.store.read(this.name);
      await this.look();
      this.state = "kept";
    } catch (error) {
      this.refused(error);
    }
    return this;
  }

  /** Note which other logs there are. */
  async look() {
    this.others = JSON.stringify((await this.store.list()).filter(([name]) => name !== this.name));
  }

  refused(error) {
    if (this.state !== "refused") this.state = "full"; // also the second time: what is full is tried again
    this.why = String(error?.message || error?.name || error);
  }

  /** Give Python the file. */
  place(python) {
    this.files = python.FS;
    this.files.mkdirTree(FOLDER);
    if (this.before) this.files.writeFile(this.path, this.before);
    python.runPython(`import os; os.environ.setdefault("AGENTKIT_LOG", "sqlite:///${this.path}")`);
  }

  /** Go over to another kept log; what stands in the way, or "".
   * @param {string} name @param {boolean} made whether it is to be made, where there is none */
  async open(name, made = false) {
    if (this.state === "refused") return this.why;
    await this.settled();
    if (!made && !(await this.store.list()).some(([one]) => one === name)) return "the browser keeps no log of that name";
    if (!this.held.has(name) && !(await hold(this.locks, name, 0))) return "another notebook of this site writes it now";
    this.held.add(name);
    const bytes = await this.store.read(name);
    this.name = name;
    this.before = bytes;
    if (bytes) this.files.writeFile(this.path, bytes);
    await this.look();
    return "";
  }

  /** A commit was made: write it soon. */
  touch() {
    if (this.state === "refused") return;
    if (this.writing) this.again = true;
    else this.writing = this.write();
  }

  /** Resolves once all that was committed is kept, or cannot be. */
  async settled() {
    while (this.writing) await this.writing;
  }

  async write() {
    try {
      do {
        this.again = false;
        const bytes = this.files.readFile(this.path);
        await this.store.write(this.name, bytes, this.before);
        this.before = bytes;
        this.state = "kept";
      } while (this.again);
    } catch (error) {
      this.before = null; // what the browser has is not known: all is written the next time
      this.refused(error);
    } finally {
      this.writing = null;
    }
  }
}

/** What lessons read, packed; null where the site has none. */
async function lessons() {
  const reply = await fetch(new URL("lessons.zip", import.meta.url)).catch(() => null);
  return reply?.ok ? reply.arrayBuffer() : null;
}

/** As Pyodide's own, with a log that outlives the page. @param {object} options */
export async function loadPyodide(options) {
  const claimed = new Keep().claim(), fetched = lessons();
  const python = await load(options);
  const keep = await claimed;
  keep.place(python);
  const files = await fetched;
  if (files) python.unpackArchive(files, "zip", { extractDir: HOME });
  globalThis.agentkitKeep = keep;
  return python;
}
