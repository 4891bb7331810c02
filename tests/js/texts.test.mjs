import assert from "node:assert/strict";
import { test } from "node:test";
import { widget } from "./fake.mjs";

const texts = await widget("lab/texts.js");
const { about, starter } = texts;
const { firstOf, slots } = await widget("lab/prose.js");

test("a question about a cell quotes it so that nothing in it acts", () => {
  const text = about("x = f'{{y}}'\n```\n````\n", "clerk");
  assert.ok(text.startsWith("%%ask clerk\n"));
  assert.deepEqual(slots(text), []);
  const fence = text.split("\n").at(-1);
  assert.equal(fence, "`````");
  assert.equal(text.split(fence).length, 3);
});

test("a new notebook has an agent and a question to it", () => {
  const [load, agent, ask] = starter();
  assert.equal(load, "%load_ext nbext");
  for (const [text, magic] of [[agent, "agent"], [ask, "ask"]]) {
    const line = text.split("\n")[0];
    assert.equal(firstOf({ lines: 1, line: () => ({ from: 0, to: line.length, text: line }) }).magic, magic);
  }
});

test("a cell that may have asked somebody is told from others", () => {
  const { asks } = texts;
  for (const source of ["%%ask clerk\nwhat", "%ask a b", "x = await clerk('y')", "y = %ask a b", " %rerun 1a2b"]) assert.ok(asks(source), source);
  for (const source of ["1 + 1", "%runs", "plot(task)", "%%agent clerk\nx"]) assert.ok(!asks(source), source);
});
