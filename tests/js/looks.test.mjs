import assert from "node:assert/strict";
import { test } from "node:test";
import { widget } from "./fake.mjs";

const { looks, remembering } = await widget("lab/looks.js");

/** A document as CodeMirror has it, which counts what is read of it. */
function counted(text) {
  const lines = text.split("\n"), starts = [];
  let at = 0;
  for (const line of lines) { starts.push(at); at += line.length + 1; }
  const doc = {
    read: 0, characters: 0, length: text.length, lines: lines.length,
    line: (n) => { doc.read += 1; doc.characters += lines[n - 1].length; return { number: n, from: starts[n - 1], to: starts[n - 1] + lines[n - 1].length, text: lines[n - 1] }; },
    lineAt: (pos) => { let n = starts.length; while (starts[n - 1] > pos) n -= 1; return { number: n }; },
    sliceString: (from, to) => { const found = text.slice(from, to); doc.characters += found.length; return found; },
  };
  return doc;
}

const KINDS = {
  prose: ["%%ask clerk -> dues: int", (n) => `Line ${n} has **words** and {{ len('${n}') }}.`],
  members: ["%%team crew --pattern crew", (n) => `ada${n}: look it up -> port`],
  arrows: ["%%team desk", (n) => `a${n} >> [b${n}]`],
};
const cell = (kind, lines) => { const [head, line] = KINDS[kind]; return [head, ...Array.from({ length: lines }, (_, n) => line(n))].join("\n"); };

test("a keystroke costs what is seen of a cell, not what the cell has", () => {
  for (const kind in KINDS) {
    const work = [50, 500, 50_000].map((lines) => {
      const doc = counted(cell(kind, lines)), from = doc.line(11).from, to = doc.line(41).to;
      doc.read = doc.characters = 0;
      looks(doc, from, to);
      return [doc.read, doc.characters];
    });
    // 31 lines are seen; the first one is read for what it is; expressions may begin or end out of sight.
    assert.ok(work[2][0] <= 33, `${kind}: ${work[2][0]} lines are read`);
    assert.ok(work[2][1] <= 31 * 50 + 2 * 4000, `${kind}: ${work[2][1]} characters are read`);
    assert.deepEqual(work[2][0], work[1][0]);
  }
});

test("a line that is drawn again is not read again", () => {
  let reads = 0;
  const find = remembering((text) => { reads += 1; return text.length; });
  assert.deepEqual(["a", "bb", "a", "a"].map(find), [1, 2, 1, 1]);
  assert.equal(reads, 2);
  for (let n = 0; n < 5000; n++) find(`${n}`);
  assert.equal(find("a"), 1);
});

test("the first line, members and expressions are found where they are seen", () => {
  const text = "\n%%team crew --pattern crew\nada: look -> port\nbo: {{ x }}", doc = counted(text);
  const found = looks(doc, 0, text.length), read = found.parts.map((one) => [one.kind, text.slice(one.from, one.to)]);
  assert.equal(found.first, 1);
  assert.deepEqual(read.slice(0, 2), [["magic", "%%team"], ["name", "crew"]]);
  assert.ok(read.some(([kind, word]) => kind === "operator" && word === "->"));
  assert.deepEqual(found.slots.map((one) => one.code), ["{{ x }}"]);
  assert.equal(looks(counted("x = 1\n%%ask a"), 0, 10), null);
  assert.deepEqual(looks(counted("%%ask clerk"), 0, 11).slots, []);
});

test("an expression that begins before what is seen, or ends after it, is drawn", () => {
  const text = `%%ask clerk\n{{ [\n${"1,\n".repeat(200)}] }}\nend`, doc = counted(text);
  const from = doc.line(100).from, to = doc.line(120).to;
  assert.deepEqual(looks(doc, from, to).slots.map((one) => [one.from, text.slice(one.to - 2, one.to)]), [[12, "}}"]]);
  assert.deepEqual(looks(doc, doc.line(203).from, text.length).slots.length, 1);
  assert.deepEqual(looks(doc, text.length - 3, text.length).slots, []);
});
