import assert from "node:assert/strict";
import { test } from "node:test";
import { page, widget } from "./fake.mjs";

page();
const { cut, html, svg, visible } = await widget("dom.js", "words.js");
const { questionRow } = await widget("lab/rows.js");
const EVIL = "pay \u202e0001\u2066 \x1b[31m\x00\u{e0041}\ud800\r\nend";
const SEEN = "pay \\u202e0001\\u2066 \\u001b[31m\\u0000\\udb40\\udc41\\ud800\nend";

test("what would turn or hide the text after it is seen, in pages and in pictures", () => {
  assert.equal(visible(EVIL), SEEN);
  assert.equal(html("p", "", EVIL).textContent, SEEN);
  assert.equal(html("p", "", "", EVIL, html("b", "", EVIL)).textContent, SEEN + SEEN);
  assert.equal(svg("text", {}, EVIL).textContent, SEEN);
  assert.equal(cut("\u202eabc", 1000, 10), "\\u202eabc");
  const fine = "Ünï 👩‍💻 नमस्ते שלום\u200f !\n\ttab";
  assert.equal(visible(fine), fine);
});

test("a question has buttons for as many options as a person can read, and each answers as it was offered", () => {
  const options = ["\u202eyes", "n".repeat(5000), ...Array.from({ length: 3000 }, (_, n) => `o${n}`)], given = [];
  const row = questionRow({ id: "q", run: "r", agent: "a", text: EVIL, options, default: "", words: false }, (text) => given.push(text));
  const buttons = row.all((one) => one.tag === "button");
  assert.equal(buttons.length, 50);
  for (const one of buttons.slice(0, 2)) one.dispatchEvent(new Event("click"));
  assert.deepEqual(given, options.slice(0, 2));
  assert.equal(buttons[0].textContent, "\\u202eyes");
  assert.ok(buttons[1].textContent.length < 250);
  assert.ok(row.textContent.includes("2952 more options") && row.textContent.includes("pay \\u202e0001"));
});
