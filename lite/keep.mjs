/* Keeps a page's log in its browser.

   Pyodide's files live in memory and end with the page. So the bytes of a log are kept in IndexedDB: read before the
   kernel starts, and after each commit the parts that were written are put down in one transaction, which the browser
   does whole or not at all. A lock names who may write a log: a second kernel, in this page or another, gets another
   log. What loads Pyodide is `boot.mjs`. */

export const PART = 65536;
const DATABASE = "agentkit", FOLDER = "/log";
const LOCK_MS = 2500; // a page that is loaded anew asks before its old kernel has let go
const OPEN_MS = 10_000; // some browsers neither open nor refuse

/** @param {IDBRequest} request */
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const all = (name) => IDBKeyRange.bound([name, 0], [name, Infinity]);

/** The kept logs: for each name its length, and its bytes in parts. */
export class Store {
  constructor(database) {
    this.database = database;
  }

  static async open(factory = globalThis.indexedDB, ms = OPEN_MS) {
    if (!factory) throw new Error("it has no IndexedDB");
    const request = factory.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("logs");
      request.result.createObjectStore("parts");
    };
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`its storage did not open within ${ms / 1000} s`)), ms);
    });
    try {
      return new Store(await Promise.race([done(request), late]));
    } finally {
      clearTimeout(timer);
    }
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
    const parts = await done(now.objectStore("parts").getAll(all(name)));
    parts.forEach((part, n) => bytes.set(part, n * PART));
    return bytes;
  }

  /** Write parts of a log, in one transaction.
   * @param {string} name @param {number} length of the whole, in bytes
   * @param {[number, Uint8Array][]} parts each with its number @param {boolean} whole they are all that the log has */
  write(name, length, parts, whole) {
    return new Promise((resolve, reject) => {
      const now = this.database.transaction(["logs", "parts"], "readwrite");
      now.oncomplete = () => resolve(undefined);
      now.onabort = now.onerror = () => reject(now.error || new Error("the browser gave it up"));
      try {
        const kept = now.objectStore("parts");
        if (whole) kept.delete(all(name));
        else kept.delete(IDBKeyRange.bound([name, Math.ceil(length / PART)], [name, Infinity]));
        for (const [n, bytes] of parts) kept.put(bytes, [name, n]);
        now.objectStore("logs").put(length, name);
      } catch (error) {
        reject(error);
        now.abort(); // else what was asked for until here would be done
      }
    });
  }
}

/** Which parts of the files in Pyodide's memory were written: a commit costs what it changed, however long the log. */
export class Changes {
  /** @param {any} files Pyodide's FS */
  constructor(files) {
    this.files = files;
    this.marks = new WeakMap(); // of each file the parts written since they were taken, and from where on all were
    const probe = "/tmp/agentkit-probe";
    files.writeFile(probe, "");
    const { stream_ops: streams, node_ops: nodes } = files.lookupPath(probe).node; // all files in memory share them
    files.unlink(probe);
    const { write } = streams, { setattr } = nodes;
    streams.write = (stream, buffer, offset, length, position, owned) => {
      this.mark(stream.node, position, length);
      return write(stream, buffer, offset, length, position, owned);
    };
    nodes.setattr = (node, change) => {
      if (change.size !== undefined) this.from(node, change.size);
      return setattr(node, change);
    };
  }

  mark(node, position, length) {
    const marked = this.marks.get(node);
    if (!marked) return; // all of it is to be taken, as it never was
    if (position > node.usedBytes) this.from(node, node.usedBytes); // what is between is zeros now
    for (let n = Math.floor(position / PART); n * PART < position + length; n++) marked.parts.add(n);
  }

  from(node, size) {
    const marked = this.marks.get(node);
    if (marked) marked.from = Math.min(marked.from, Math.floor(Math.min(size, node.usedBytes) / PART));
  }

  /** From now on, what is written to this file; what it has is known. @param {string} path */
  known(path) {
    this.marks.set(this.files.lookupPath(path).node, { parts: new Set(), from: Infinity });
  }

  /** All of this file is to be taken. @param {string} path */
  forget(path) {
    const { exists, object } = this.files.analyzePath(path);
    if (exists) this.marks.delete(object);
  }

  /** What was written to a file since it was taken: its length, parts, and whether these are all that it has.
   * @param {string} path */
  take(path) {
    const { node } = this.files.lookupPath(path), marked = this.marks.get(node);
    const length = node.usedBytes, end = Math.ceil(length / PART);
    const wanted = new Set(marked?.parts);
    for (let n = marked ? marked.from : 0; n < end; n++) wanted.add(n);
    const stream = this.files.open(path, "r");
    const parts = [];
    for (const n of [...wanted].filter((one) => one < end).sort((a, b) => a - b)) {
      const bytes = new Uint8Array(Math.min(PART, length - n * PART));
      this.files.read(stream, bytes, 0, bytes.length, n * PART);
      parts.push([n, bytes]);
    }
    this.files.close(stream);
    this.known(path);
    return { length, parts, whole: !marked };
  }
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
    this.writing = null;
    this.again = false;
  }

  get path() {
    return `${FOLDER}/${this.name}.db`;
  }

  /** Choose a log that nobody writes, and read it. */
  async claim(factory = globalThis.indexedDB, locks = globalThis.navigator?.locks, ms = LOCK_MS, opens = OPEN_MS) {
    try {
      if (!locks) throw new Error("it has no locks (navigator.locks), which need https or localhost");
      this.store = await Store.open(factory, opens);
      this.locks = locks;
      for (let n = 1; !(await hold(locks, this.name, n === 1 ? ms : 0)); n++) {
        this.first = false;
        this.name = `log-${n + 1}`;
      }
      this.held.add(this.name);
      this.bytes = await this.store.read(this.name);
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
    this.changes = new Changes(this.files);
    this.put(this.bytes);
    python.runPython(`import os; os.environ.setdefault("AGENTKIT_LOG", "sqlite:///${this.path}")`);
  }

  /** Put what the browser has of a log into its file. @param {Uint8Array | null} bytes */
  put(bytes) {
    this.bytes = null;
    if (!bytes) return;
    this.files.writeFile(this.path, bytes);
    this.changes.known(this.path);
  }

  /** Go over to another kept log; what stands in the way, or "".
   * @param {string} name @param {boolean} made whether it is to be made, where there is none */
  async open(name, made = false) {
    if (this.state === "refused") return this.why;
    await this.settled();
    if (!made && !(await this.store.list()).some(([one]) => one === name)) return "the browser keeps no log of that name";
    if (!this.held.has(name) && !(await hold(this.locks, name, 0))) return "another notebook of this site writes it now";
    const here = this.held.has(name) && this.files.analyzePath(`${FOLDER}/${name}.db`).exists;
    const bytes = here ? null : await this.store.read(name); // nobody else wrote what is here, and it may be newer
    this.held.add(name);
    this.name = name;
    this.put(bytes);
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
        const { length, parts, whole } = this.changes.take(this.path);
        await this.store.write(this.name, length, parts, whole);
        this.state = "kept";
      } while (this.again);
    } catch (error) {
      this.changes.forget(this.path); // what the browser has is not known: all is written the next time
      this.refused(error);
    } finally {
      this.writing = null;
    }
  }
}
