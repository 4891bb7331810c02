// A page's log in its browser: parts that were written, transactions, and what stands in their way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadPyodide } from "pyodide";
import { Changes, Keep, PART } from "../../lite/keep.mjs";

/** Keeps logs as a browser does, whole transactions or nothing. */
class Memory {
  logs = new Map();
  wrote = 0;
  refuse = "";
  async list() { return [...this.logs].map(([name, { length }]) => [name, length]); }
  async read(name) {
    const kept = this.logs.get(name);
    if (!kept) return null;
    const bytes = new Uint8Array(kept.length);
    for (const [n, part] of kept.parts) bytes.set(part, n * PART);
    return bytes;
  }
  async write(name, length, parts, whole) {
    await null;
    if (this.refuse) throw new DOMException(this.refuse, "QuotaExceededError");
    const kept = new Map(whole ? [] : this.logs.get(name)?.parts);
    for (const [n, bytes] of parts) { kept.set(n, bytes); this.wrote += bytes.length; }
    for (const n of kept.keys()) if (n * PART >= length) kept.delete(n);
    this.logs.set(name, { length, parts: kept });
  }
}

/** Locks as `navigator.locks` gives them, of one page. */
const locks = (taken = new Set()) => ({
  async request(name, options, held) {
    if (taken.has(name)) {
      if (options.ifAvailable) return held(null);
      throw new DOMException("too late", "TimeoutError");
    }
    taken.add(name);
    return held({ name });
  },
});

const python = await loadPyodide();
const changes = new Changes(python.FS);

/** A keeper of logs whose browser has that store. */
async function keeper(store, name = "log", held = locks()) {
  const keep = new Keep();
  Object.assign(keep, { store, locks: held, files: python.FS, changes, name, state: "kept" });
  keep.held.add(name);
  python.FS.mkdirTree("/log");
  return keep;
}

test("what is kept is what the file has, whatever is written, cut, replaced or renamed", async () => {
  const store = new Memory(), keep = await keeper(store, "any");
  python.FS.writeFile(keep.path, "");
  python.runPython(`
import os, random
dice = random.Random(5)
def change(path):
    what = dice.choice(["write", "write", "write", "append", "cut", "grow", "replace", "rename"])
    size = os.path.getsize(path)
    if what in ("write", "append"):
        with open(path, "r+b" if what == "write" else "ab") as file:
            if what == "write":
                file.seek(dice.randrange(size + 100_000))
            file.write(dice.randbytes(dice.randrange(1, 150_000)))
    elif what == "cut":
        os.truncate(path, dice.randrange(size + 1))
    elif what == "grow":
        os.truncate(path, size + dice.randrange(150_000))
    else:
        with open(path if what == "replace" else path + "-new", "wb") as file:
            file.write(dice.randbytes(dice.randrange(300_000)))
        if what == "rename":
            os.replace(path + "-new", path)`);
  for (let n = 0; n < 120; n++) {
    store.refuse = n % 7 === 3 ? "no room" : "";
    for (let many = 0; many <= n % 3; many++) python.runPython(`change("${keep.path}")`);
    keep.touch();
    if (n % 5 === 0) { python.runPython(`change("${keep.path}")`); keep.touch(); } // while it writes
    await keep.settled();
    assert.equal(keep.state, store.refuse ? "full" : "kept");
    if (!store.refuse) assert.deepEqual(await store.read("any"), python.FS.readFile(keep.path), `change ${n}`);
  }
});

test("a commit costs what it changed, however long the log is", async () => {
  const store = new Memory(), keep = await keeper(store, "long");
  python.runPython(`
import sqlite3
db = sqlite3.connect("${keep.path}", isolation_level=None)
db.execute("PRAGMA journal_mode=MEMORY")
db.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, body TEXT)")
db.executemany("INSERT INTO events (body) VALUES (?)", [("x" * 1000,)] * 3_000)`);
  keep.touch();
  await keep.settled();
  const whole = store.wrote;
  assert.ok(whole > 3_000_000, `${whole} bytes`);
  for (let n = 0; n < 20; n++) {
    python.runPython(`db.execute("INSERT INTO events (body) VALUES ('one more')") and None`);
    keep.touch();
    await keep.settled();
  }
  assert.ok(store.wrote - whole < 20 * 3 * PART, `${store.wrote - whole} bytes for 20 commits`);
  python.runPython("db.close()");
  assert.deepEqual(await store.read("long"), python.FS.readFile(keep.path));
});

test("who comes back to a log finds what could not be kept", async () => {
  const store = new Memory(), keep = await keeper(store, "one");
  python.FS.writeFile(keep.path, "kept");
  keep.touch();
  await keep.settled();
  store.refuse = "no room";
  python.FS.writeFile(keep.path, "kept, and not");
  keep.touch();
  await keep.settled();
  assert.deepEqual([keep.state, keep.why], ["full", "no room"]);
  assert.equal(await keep.open("two", true), "");
  python.FS.writeFile(keep.path, "another");
  store.refuse = "";
  assert.equal(await keep.open("one"), "");
  assert.equal(python.FS.readFile(keep.path, { encoding: "utf8" }), "kept, and not");
  keep.touch();
  await keep.settled();
  assert.deepEqual([keep.state, new TextDecoder().decode(await store.read("one"))], ["kept", "kept, and not"]);
});

test("a browser whose storage never opens is one that refuses it", async () => {
  const silent = { open: () => ({}) };
  const keep = await new Keep().claim(silent, locks(), 0, 20);
  assert.deepEqual([keep.state, keep.why], ["refused", "its storage did not open within 0.02 s"]);
  for (const [factory, free, why] of [
    [undefined, locks(), "it has no IndexedDB"],
    [{ open() { throw new DOMException("not in private windows", "SecurityError"); } }, locks(), "not in private windows"],
    [silent, undefined, "it has no locks (navigator.locks), which need https or localhost"],
    [silent, { request: async () => { throw new DOMException("not here", "SecurityError"); } }, "its storage did not open within 0.02 s"],
  ]) assert.equal((await new Keep().claim(factory, free ?? null, 0, 20)).why, why);
});
