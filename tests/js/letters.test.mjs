import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const letters = await widget("letters.js");

const moment = (what, who = "team/ann", told = "") => ({ what, who, told });
const LETTERS = [{ id: "a", body: "<i>one</i>", state: "done", moments: [moment("sent"), moment("taken", "team/bo"), moment("done", "team/bo")] }, { id: "b", body: "two", state: "dead", moments: [moment("sent"), moment("put back"), moment("dead", "", "after 2 deliveries")] }];
const state = (rev, given) => ({ type: "patch", from: 0, rev, t: 1, data: { rev, name: "work", headline: "1 done · 1 dead", letters: given, live: false } });

test("a letter in a sentence, for those who do not see it", () => {
  assert.equal(letters.story(LETTERS[1]), "two: dead. sent team/ann, put back team/ann, dead");
});

test("a line for each letter with its moments, and texts stay text", () => {
  const model = new FakeModel(), { el, frame, waiting } = page();
  const stop = letters.default.render({ model, el });
  model.say(state(1, LETTERS));
  frame();
  assert.equal(el.byClass("ak-letter").length, 2);
  assert.deepEqual(el.byClass("ak-moment").map((e) => e.textContent), ["sent ann", "taken bo", "done bo", "sent ann", "put back ann", "dead"]);
  assert.ok(el.textContent.includes("<i>one</i>"));
  el.byClass("ak-letter")[1].dispatchEvent(new Event("click"));
  frame();
  assert.ok(el.byClass("ak-detail")[0].textContent.includes("deadafter 2 deliveries"));
  stop();
  assert.equal(model.listeners.size + waiting() + el.children.length, 0);
});
