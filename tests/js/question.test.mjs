import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const question = await widget("question.js");

const asked = (more = {}) => new FakeModel({ text: "May <b>clerk</b> pay?", options: ["yes", "no"], default: "no", timeout_s: 0, answer: "", by: "", ...more });
const button = (el, text) => el.all((e) => e.tag === "button" && e.textContent === text)[0];

test("a question says that it is seen, and a click answers it once", () => {
  const model = asked(), { el } = page();
  const stop = question.default.render({ model, el });
  assert.deepEqual(model.sent, [{ type: "hello" }]);
  assert.ok(el.textContent.includes("May <b>clerk</b> pay?"));
  button(el, "yes").dispatchEvent(new Event("click"));
  assert.deepEqual(model.sent.at(-1), { type: "answer", text: "yes" });
  assert.ok(button(el, "yes").disabled && button(el, "no").disabled);
  stop();
  assert.equal(model.listeners.size, 0);
});

test("without options there is a field, whose default is the empty answer", () => {
  const model = asked({ options: [], default: "Amber" }), { el } = page();
  question.default.render({ model, el });
  const field = el.all((e) => e.tag === "input")[0];
  field.value = "  ";
  button(el, "Answer").dispatchEvent(new Event("click"));
  assert.deepEqual(model.sent.at(-1), { type: "answer", text: "Amber" });
});

test("an answered question shows the answer and no buttons", () => {
  const model = asked(), { el } = page();
  question.default.render({ model, el });
  Object.assign(model.traits, { answer: "no", by: "nobody" });
  model.say();
  assert.equal(el.all((e) => e.tag === "button").length, 0);
  assert.ok(el.textContent.endsWith("Nobody is here to answer; by default: no"));
});

test("the time left is said, with what happens then", () => {
  const model = asked({ timeout_s: 90 }), { el } = page();
  const stop = question.default.render({ model, el });
  assert.ok(el.textContent.includes("1 min 30 s left, then: no") || el.textContent.includes("1 min 29 s left, then: no"));
  stop();
  assert.equal(question.left(4.2), "5 s");
});

test("every way to answer has its words", () => {
  assert.equal(question.verdict("yes", "person"), "You answered: yes");
  assert.equal(question.verdict("", "stopped"), "Stopped before there was an answer");
});

test("the still text hides for as long as the live question is there", () => {
  const model = asked({ still: "agentkit-q" }), { el } = page();
  const stop = question.default.render({ model, el });
  const hidden = () => document.head.all((e) => e.textContent.includes(".agentkit-q")).length;
  assert.ok(hidden() > 0);
  stop();
  assert.equal(hidden(), 0);
});
