import assert from "node:assert/strict";
import { test } from "node:test";
import { widget } from "./fake.mjs";

const { aligned, common, parting } = await widget("lab/aligning.js");

const line = (title, text, kind = "answer") => ({ kind, title, text, depth: 0 });
const texts = (rows) => rows.map((row) => [row.left?.text ?? "", row.right?.text ?? "", row.same]);

/** All that both have in the same order, found by trying everything. */
function longest(a, b) {
  if (!a.length || !b.length) return 0;
  const rest = Math.max(longest(a.slice(1), b), longest(a, b.slice(1)));
  return a[0] === b[0] ? Math.max(rest, 1 + longest(a.slice(1), b.slice(1))) : rest;
}

test("what both have in common is as long as it can be", () => {
  let seed = 7;
  const next = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor((seed / 2147483648) * n); };
  for (let round = 0; round < 60; round++) {
    const [a, b] = [next(7), next(7)].map((n) => Array.from({ length: n }, () => "abc"[next(3)]));
    const found = common(a, b);
    assert.equal(found.length, longest(a, b));
    found.forEach(([i, j], n) => assert.ok(a[i] === b[j] && (n === 0 || (found[n - 1][0] < i && found[n - 1][1] < j))));
  }
});

test("other words between the same two stand next to each other", () => {
  const a = [line("you → clerk", "Q", "task"), line("clerk → you", "It is 79."), line("run failed", "x", "error")];
  const b = [line("you → clerk", "Q", "task"), line("clerk → tariff", "30", "call"), line("clerk → you", "It is 80.")];
  const rows = aligned(a, b);
  assert.deepEqual(texts(rows), [["Q", "Q", true], ["", "30", false], ["It is 79.", "It is 80.", false], ["x", "", false]]);
  assert.equal(parting(rows), "The first 1 line is equal; they part at: clerk → tariff. In all 3 of 4 lines differ.");
});

test("no line is lost and none is told twice", () => {
  const a = ["1", "2", "3", "4", "2"].map((text) => line("a", text)), b = ["2", "3", "9", "2", "7"].map((text) => line("b", text));
  const rows = aligned(a, b.map((one, n) => (n % 2 ? one : { ...one, title: "a" })));
  assert.deepEqual(rows.flatMap((row) => (row.left ? [row.left.text] : [])), ["1", "2", "3", "4", "2"]);
  assert.deepEqual(rows.flatMap((row) => (row.right ? [row.right.text] : [])), ["2", "3", "9", "2", "7"]);
});

test("equal runs, and empty ones", () => {
  assert.equal(parting(aligned([line("a", "x")], [line("a", "x")])), "Both say the same.");
  assert.equal(parting(aligned([], [])), "Neither has said anything.");
  assert.match(parting(aligned([line("a", "x")], [])), /^They part at: a\./);
});
