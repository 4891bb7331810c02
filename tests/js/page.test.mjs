// The core in Pyodide, as in a page but without a browser: no processes, threads or sockets.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";

const root = path.resolve(import.meta.dirname, "../..");
const site = path.join(root, "build/pyodide/site");

test("agents work in a page, and a run that was cut off goes on from its log", { timeout: 240_000 }, async () => {
  const { loadPyodide } = await import("pyodide");
  const python = await loadPyodide();
  for (const [name, folder] of [["/site", site], ["/src", root]]) {
    python.FS.mkdirTree(name);
    python.mountNodeFS(name, folder);
  }
  python.runPython("import sys; sys.path[:0] = ['/src', '/site']; sys.dont_write_bytecode = True");
  const script = fs.readFileSync(path.join(root, "tests/page/core.py"), "utf8");
  const found = JSON.parse(await python.runPythonAsync(script));
  assert.match(found.answer, /79\.2/);
  assert.equal(found.calls, 2);
  assert.ok(found.pieces > 3, `${found.pieces} pieces`);
  assert.deepEqual(found.parallel, Array(8).fill(true));
  assert.equal(found.interrupted, true);
  assert.equal(found.status, "cancelled");
  assert.match(found.resumed, /155.* = .*155/);
  assert.ok(found.paid <= 7, `${found.paid} steps were begun, of which one was cut off`);
  assert.equal(found.replayed, true);
  assert.deepEqual(found.verify, []);
  assert.equal(found.error, "Overloaded");
  assert.equal(found.threads, 1);
});
