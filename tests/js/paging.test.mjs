import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const paging = await widget("paging.js");

const entry = (id, tokens, part = "message") => ({ id, part, text: `<i>${id}</i>`, tokens });
const moment = (n, topic, used, entries, more = {}) => ({ n, topic, who: "clerk", used, window: 1000, told: `${topic} happened`, summary: "", entries, moved: [], ...more });
const state = (rev, moments, outside = []) => ({ type: "patch", from: 0, rev, t: 1, data: { rev, name: "desk", said: "", pressure: 0.7, moments, outside, live: false } });
const TWO = [moment(1, "pressure", 720, [entry("s", 200, "system"), entry("a", 520)]), moment(2, "evicted", 260, [entry("s", 200, "system"), entry("m", 60, "summary")], { summary: "They met." })];

function drawn(...given) {
  const model = new FakeModel(), { el, frame, waiting } = page();
  const stop = paging.default.render({ model, el });
  model.say(state(1, ...given));
  frame();
  return { model, el, frame, waiting, stop };
}

test("the gauge is divided by part, and says messages where nothing is told", () => {
  assert.deepEqual(paging.byPart(TWO[1].entries, 260), [["system", 200], ["summary", 60]]);
  assert.deepEqual(paging.byPart([], 99), [["messages", 99]]);
});

test("a fuller window stands higher, a full one on its line", () => {
  const { places, at } = paging.course(TWO, 1000);
  assert.ok(places[0][1] < places[1][1]);
  assert.ok(at(1) < at(0.7));
  assert.equal(paging.course([moment(1, "window", 1000, [])], 1000).places[0][1], at(1));
});

test("the newest moment is shown, and texts stay text", () => {
  const { model, el, waiting, stop } = drawn(TWO, [{ id: "a", text: "gone" }].map((one) => ({ ...one, part: "message", tokens: 0 })));
  assert.ok(el.textContent.includes("260 of 1000 tokens · 1 paged out"));
  assert.ok(el.byClass("ak-summary")[0].textContent.includes("They met."));
  assert.ok(el.byClass("ak-in")[0].textContent.includes("<i>m</i>"));
  assert.equal(el.byClass("ak-out")[0].children.length, 1);
  stop();
  assert.equal(model.listeners.size + waiting() + el.children.length, 0);
});

test("a click on an earlier moment shows the window as it was", () => {
  const { model, el, frame, stop } = drawn(TWO);
  el.byClass("moment")[0].dispatchEvent(new Event("click"));
  frame();
  assert.ok(el.textContent.includes("720 of 1000 tokens"));
  assert.equal(el.byClass("ak-summary").length, 0);
  model.say(state(2, [...TWO, moment(3, "paged_in", 480, [])]));
  frame();
  assert.ok(el.textContent.includes("720 of 1000 tokens"));
  stop();
});

test("nothing yet is said", () => {
  const { el, stop } = drawn([]);
  assert.ok(el.textContent.includes("nothing has happened in the window yet"));
  stop();
});
