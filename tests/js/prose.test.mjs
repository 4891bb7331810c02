import assert from "node:assert/strict";
import { test } from "node:test";
import { widget } from "./fake.mjs";

const { bodyOf, firstOf, firstParts, memberParts, slots } = await widget("lab/prose.js");

const doc = (text) => {
  const lines = text.split("\n");
  const starts = lines.map((_, n) => lines.slice(0, n).join("\n").length + (n ? 1 : 0));
  return { length: text.length, lines: lines.length, line: (n) => ({ from: starts[n - 1], to: starts[n - 1] + lines[n - 1].length, text: lines[n - 1] }), toString: () => text };
};
const read = (parts, line) => parts.map((one) => [one.kind, line.slice(one.from, one.to)]);
const first = (line) => read(firstParts(line), line);

test("a cell is prose by its first line that says something", () => {
  assert.deepEqual(firstOf(doc("%%ask clerk\nWhat?")), { magic: "ask", from: 0, to: 11, body: "prose" });
  assert.deepEqual(firstOf(doc("\n  \n %%agent clerk")), { magic: "agent", from: 4, to: 18, body: "prose" });
  for (const other of ["", "\n\n", "x = 1\n%%ask clerk", "%%asked x", "%%time\n%%ask x", "%ask clerk what", "%%ask?", "# %%ask", "%%script bash"]) assert.equal(firstOf(doc(other)), null, other);
});

test("a team is arrows, or the members of a pattern", () => {
  assert.equal(bodyOf("team", "%%team desk"), "arrows");
  assert.equal(bodyOf("team", "%%team jury --pattern debate"), "members");
  assert.equal(bodyOf("team", "%%team jury --pattern=debate"), "members");
  assert.equal(bodyOf("ask", "%%ask x --pattern y"), "prose");
});

test("the first line is magic, name, options and what it binds", () => {
  assert.deepEqual(first("%%ask clerk"), [["magic", "%%ask"], ["name", "clerk"]]);
  assert.deepEqual(first("%%agent clerk --model sim:careful --tools a,b"), [["magic", "%%agent"], ["name", "clerk"], ["option", "--model"], ["value", "sim:careful"], ["option", "--tools"], ["value", "a,b"]]);
  assert.deepEqual(first('%%ask --bg clerk --budget=0.01 --x "a b"'), [["magic", "%%ask"], ["option", "--bg"], ["name", "clerk"], ["option", "--budget"], ["value", "0.01"], ["option", "--x"], ["value", '"a b"']]);
  assert.deepEqual(first("%%ask clerk -> r: dict[str, int] --quiet"), [["magic", "%%ask"], ["name", "clerk"], ["operator", "->"], ["name", "r"], ["operator", ":"], ["type", "dict[str, int]"], ["option", "--quiet"]]);
  assert.deepEqual(first("%%ask clerk ->"), [["magic", "%%ask"], ["name", "clerk"], ["operator", "->"]]);
  assert.deepEqual(first('%%ask "open'), [["magic", "%%ask"], ["name", '"open']]);
});

test("pieces of a line stand in order, and none covers another", () => {
  for (const line of ["%%ask a -> b : int | None --x=y --bg z", "%%ask a->b", "%%team t --pattern x --rounds 2 --help", "  %%ask   é", "%%ask a -> b:--x"]) {
    const parts = firstParts(line);
    parts.forEach((one, n) => assert.ok(one.from < one.to && one.to <= line.length && (n === 0 || parts[n - 1].to <= one.from), `${line}: ${JSON.stringify(parts)}`));
  }
});

test("a line of members has a label, names and arrows", () => {
  const of = (line) => read(memberParts(line), line);
  assert.deepEqual(of("ada, bo"), [["name", "ada"], ["operator", ","], ["name", "bo"]]);
  assert.deepEqual(of("berth: mate + clerk"), [["option", "berth"], ["operator", ":"], ["name", "mate"], ["operator", "+"], ["name", "clerk"]]);
  assert.deepEqual(of("ada: Task -> Finding # all")[4], ["name", "Finding"]);
  assert.deepEqual(of("  a: b, c + d"), [["option", "a"], ["operator", ":"], ["name", "b"], ["operator", ","], ["name", "c"], ["operator", "+"], ["name", "d"]]);
  assert.deepEqual(of("ada: find the port -> where"), [["option", "ada"], ["operator", ":"], ["operator", "->"], ["name", "where"]]);
  assert.deepEqual(of("bo # nobody"), [["name", "bo"], ["comment", "# nobody"]]);
});

test("expressions stand in two braces, whatever is in them", () => {
  const of = (text) => slots(text).map((one) => text.slice(one.from, one.to));
  assert.deepEqual(of("a {{ x }} b {{y}}"), ["{{ x }}", "{{y}}"]);
  assert.deepEqual(of("{{ {'a': {'b': 1}} }} and {{ '}}' }}"), ["{{ {'a': {'b': 1}} }}", "{{ '}}' }}"]);
  assert.deepEqual(of("{{ f(\n'x')\n}}"), ["{{ f(\n'x')\n}}"]);
  assert.deepEqual(of("\\{{ text }} {one} {{ open"), []);
  assert.deepEqual(of("it's {{ x }}"), ["{{ x }}"]);
});

test("braces that nobody closes cost little", () => {
  const start = process.hrtime.bigint();
  assert.deepEqual(slots("{{ ' ".repeat(5000)), []);
  assert.ok(process.hrtime.bigint() - start < 5_000_000_000n);
});
