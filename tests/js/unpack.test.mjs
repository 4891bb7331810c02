// The archive that a page's packages come in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { loadPyodide } from "pyodide";
import { checked, opened, placed } from "../../lite/unpack.mjs";

/** An archive as `packing.py` writes it. @param {Record<string, string>} files */
function archive(files) {
  const contents = Object.values(files).map((text) => Buffer.from(text));
  const table = Buffer.from(JSON.stringify(Object.keys(files).map((path, n) => [path, contents[n].length])));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(table.length);
  return gzipSync(Buffer.concat([length, table, ...contents]));
}

test("an archive becomes modules, and one that is cut off or not there is an error", async () => {
  const bytes = archive({ "ships/__init__.py": "from ships.inner import NAME", "ships/inner.py": "NAME = 'Öse'", "one.py": "" });
  const found = await opened(bytes);
  assert.deepEqual(found.map(([path]) => path), ["ships/__init__.py", "ships/inner.py", "one.py"]);
  const python = await loadPyodide();
  placed(python.FS, "/packages", found);
  python.runPython("import sys; sys.path.insert(0, '/packages')");
  assert.equal(python.runPython("import ships, one; ships.NAME"), "Öse");
  python.runPython("open('/packages/one.py', 'w').write('X = 1' * 99)"); // a file of one's own bytes grows as any
  assert.equal(python.runPython("len(open('/packages/one.py').read())"), 495);
  assert.equal(python.runPython("open('/packages/ships/inner.py').read()"), "NAME = 'Öse'");
  await assert.rejects(opened(bytes.subarray(0, bytes.length - 20)));
});

test("a file that a cache has of another build is asked for past it, once", async () => {
  const digest = createHash("sha256").update("new").digest("hex"), asked = [];
  const from = (...given) => async (address, { cache }) => (asked.push(cache), new Response(given[asked.length - 1]));
  assert.equal(Buffer.from(await checked("x.bin", digest, from("new"))).toString(), "new");
  assert.deepEqual(asked.splice(0), ["default"]);
  assert.equal(Buffer.from(await checked("x.bin", digest, from("old", "new"))).toString(), "new");
  assert.deepEqual(asked.splice(0), ["default", "reload"]);
  await assert.rejects(checked("x.bin", digest, from("old", "cut off")), /x\.bin is not the file .* built with/);
  await assert.rejects(checked("x.bin", digest, async () => new Response("gone", { status: 404 })), /was not given: 404/);
});
