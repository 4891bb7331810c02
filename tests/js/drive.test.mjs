// What a page told of its files holds for a moment, and not longer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HOLDS_MS, brief, watched } from "../../lite/drive.mjs";

/** A drive that counts what it is asked. */
function drive() {
  const asked = [];
  return { asked, request: (one) => (asked.push(`${one.method} ${one.path}`), { ok: false, names: ["a"] }) };
}

const look = (api, path = "/.env") => api.request({ method: "lookup", path });

test("a look is asked once as long as nothing is written", () => {
  const api = drive();
  brief(api);
  look(api).names.push("changed by who asked");
  assert.deepEqual(look(api).names, ["a"]);
  look(api, "/other");
  api.request({ method: "put", path: "/.env" });
  look(api);
  assert.deepEqual(api.asked, ["lookup /.env", "lookup /other", "put /.env", "lookup /.env"]);
});

test("contents are asked for each time", () => {
  const api = drive();
  brief(api);
  for (let n = 0; n < 2; n++) api.request({ method: "get", path: "/x" });
  assert.equal(api.asked.length, 2);
});

test("a look is asked again after a pause, and in a loop that makes none", async () => {
  const api = drive();
  let at = 0;
  brief(api, () => at);
  look(api);
  at = HOLDS_MS;
  look(api);
  assert.equal(api.asked.length, 2);
  await new Promise((resolve) => setTimeout(resolve, 5));
  look(api);
  assert.equal(api.asked.length, 3);
});

test("a drive that fails is asked again", () => {
  const api = { count: 0, request() { if (!this.count++) throw new Error("busy"); return { ok: true }; } };
  brief(api);
  assert.throws(() => look(api), /busy/);
  assert.deepEqual(look(api), { ok: true });
});

test("drives are found as they are mounted, and other file systems are left alone", () => {
  const mounted = [], files = { mount: (...given) => mounted.push(given.slice(1)) };
  watched(files);
  const api = drive();
  files.mount({ API: api }, {}, "/drive");
  files.mount({}, {}, "/other");
  look(api), look(api);
  assert.equal(api.asked.length, 1);
  assert.deepEqual(mounted, [[{}, "/drive"], [{}, "/other"]]);
});
