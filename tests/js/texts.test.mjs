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

test("a question about a cell has the error that it ended with, and says what kind of cell it is", () => {
  const traceback = ["\x1b[31mKeyError\x1b[39m", "`x` {{ boom }}"];
  const failed = texts.failure({ output_type: "error", ename: "KeyError", evalue: "x", traceback });
  assert.equal(failed, "KeyError\n`x` {{ boom }}");
  const text = about("d['x']", "clerk", "code", failed);
  assert.ok(text.includes("why does it fail?") && text.includes("It fails with:\n\n```text\nKeyError"));
  assert.deepEqual(slots(text), []);
  assert.equal(texts.failure({ output_type: "stream", text: "x" }), "");
  assert.equal(texts.failure({ output_type: "error", ename: "E", evalue: "v" }), "E: v");
  assert.ok(texts.failure({ output_type: "error", traceback: ["x".repeat(9000)] }).length < 2100);
  assert.ok(about("# Port", "clerk", "markdown").includes("this text say") && about("# Port", "clerk", "markdown").includes("```markdown"));
  assert.ok(about("%%ask clerk\nx", "clerk").includes("```text"));
});

test("a new notebook is for a kernel that speaks Python", () => {
  const kernelspecs = { r: { language: "R" }, py: { language: "python" }, py2: { language: "Python" } };
  assert.equal(texts.python({ default: "r", kernelspecs }), "py");
  assert.equal(texts.python({ default: "py2", kernelspecs }), "py2");
  assert.equal(texts.python({ default: "r", kernelspecs: { r: { language: "R" } } }), undefined);
  assert.equal(texts.python(null), undefined);
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
