import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const speakers = await widget("speakers.js");

const turn = (n, speaker, more = {}) => ({ n, speaker, reason: `reason ${n}`, text: `words ${n}`, odd: [], ...more });
const state = (rev, ...turns) => ({
  type: "patch", from: 0, rev, t: 1,
  data: { rev, live: true, talks: [{ id: "r/s", path: "chat", open: true, ended: "", said: "said", members: [{ name: "ann", turns: 2 }, { name: "<i>bo</i>", turns: 1 }, { name: "cy", turns: 0 }], turns }] },
});

test("turns fill the strip and stay readable", () => {
  assert.deepEqual([speakers.pace(1), speakers.pace(20), speakers.pace(500)], [44, 32, 22]);
  assert.ok(speakers.place(1, 2, 44)[1] > speakers.place(1, 1, 44)[1]);
});

test("every turn is a dot on its member's line, and who is silent is shown as such", () => {
  const model = new FakeModel(), { el, frame, waiting } = page();
  const stop = speakers.default.render({ model, el });
  model.say(state(1, turn(1, "ann"), turn(2, "<i>bo</i>"), turn(3, "ann", { text: "" })));
  frame();
  assert.equal(el.byClass("turn").length, 3);
  assert.equal(el.byClass("speaking").length, 1);
  assert.equal(el.byClass("quiet").length, 1);
  assert.ok(el.textContent.includes("<i>bo</i>"));
  stop();
  assert.equal(model.listeners.size + waiting() + el.children.length, 0);
});

test("the last turn's reason is shown until another one is chosen", () => {
  const model = new FakeModel(), { el, frame } = page();
  const stop = speakers.default.render({ model, el });
  model.say(state(1, turn(1, "ann", { odd: ["zoe: nobody"] }), turn(2, "<i>bo</i>")));
  frame();
  assert.ok(el.byClass("ak-why")[0].textContent.includes("reason 2"));
  el.byClass("turn")[0].dispatchEvent(new Event("click"));
  frame();
  assert.ok(el.byClass("ak-why")[0].textContent.includes("reason 1"));
  assert.ok(el.textContent.includes("Before: zoe: nobody"));
  model.say(state(2, turn(1, "ann"), turn(2, "<i>bo</i>"), turn(3, "ann")));
  frame();
  assert.ok(el.byClass("ak-text")[0].textContent.includes("words 1"));
  stop();
});
