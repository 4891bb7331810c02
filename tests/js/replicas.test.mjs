import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const replicas = await widget("replicas.js");

const version = (value, name, tone = 0) => ({ value, version: name, who: "ada", at: null, based_on: "v1", tone });
const state = (rev, keys, troubles = []) => ({ type: "patch", from: 0, rev, t: 1, data: { rev, name: "port", said: "lww", headline: "1 key", replicas: [{ name: "north", behind: 0, state: "" }, { name: "south", behind: 2, state: "cut off" }], keys, counts: {}, troubles, live: false } });
const KEYS = [{ key: "quay", cells: [[version("<i>42</i>", "v3")], [version("41", "v2", 1)]] }, { key: "pilot", cells: [[version("a", "a:1"), version("b", "b:1", 1)], []] }];

function drawn(...given) {
  const model = new FakeModel(), { el, frame, waiting } = page();
  const stop = replicas.default.render({ model, el });
  model.say(state(1, ...given));
  frame();
  return { model, el, frame, waiting, stop };
}

test("a row for each key, a column for each replica, and how far it is behind", () => {
  const { model, el, waiting, stop } = drawn(KEYS);
  assert.equal(el.all((e) => e.tag === "tr").length, 3);
  assert.deepEqual(el.byClass("ak-lag").map((e) => e.textContent), ["up to date", "2 behind, cut off"]);
  assert.equal(el.byClass("sibling").length, 2);
  assert.ok(el.textContent.includes("<i>42</i>"));
  stop();
  assert.equal(model.listeners.size + waiting() + el.children.length, 0);
});

test("a click on a version tells who wrote it and on what it was based", () => {
  const { el, frame, stop } = drawn(KEYS);
  const press = () => { el.byClass("ak-version")[1].dispatchEvent(new Event("click")); frame(); };
  press();
  assert.ok(el.byClass("ak-detail")[0].textContent.includes("based onv1"));
  assert.ok(el.byClass("ak-detail")[0].textContent.includes("replicasouth"));
  press();
  assert.equal(el.byClass("ak-detail").length, 0);
  stop();
});

test("the newest trouble stands first", () => {
  const { el, stop } = drawn(KEYS, [{ n: 1, topic: "conflict", who: "bo", told: "first" }, { n: 2, topic: "lost_update", who: "bo", told: "second" }]);
  assert.deepEqual(el.byClass("ak-trouble").map((e) => e.children[0].textContent), ["second", "first"]);
  stop();
});

test("a version in a sentence, with what makes it special", () => {
  assert.equal(replicas.spoken("quay", "south", version("41", "v2"), 2), "quay on south: 41 (v2, written by ada, based on v1, one of 2 siblings)");
});

test("a long key has a box of its own, in which it can be read to its end", () => {
  const { el, stop } = drawn([{ key: "long".repeat(200), cells: [[version("1", "v1")], []] }]);
  const [key] = el.byClass("ak-named");
  assert.equal(key.textContent, "long".repeat(200));
  stop();
});
