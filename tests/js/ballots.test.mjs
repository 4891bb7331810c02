import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const ballots = await widget("ballots.js");

const cell = (answer, more = {}) => ({ answer, tone: answer == null ? null : 0, changed: false, right: null, absent: "", mark: "", ...more });
const round = (label, ann, bo, more = {}) => ({ label, cells: { ann, "<i>bo</i>": bo }, lead: ["41"], votes: "2 of 2", right: null, ...more });
const state = (rev, ...rounds) => ({ type: "patch", from: 0, rev, t: 1, data: { rev, live: false, truth: null, tables: [{ id: "r/s", path: "team", members: ["ann", "<i>bo</i>"], answers: ["41", "42"], rounds, winner: "41", right: null, by: "vote", said: "41 by vote", remarks: ["round 2: bo changed."] }] } });

test("a cell says in words what its colour says", () => {
  assert.equal(ballots.label(cell("42", { changed: true, right: false })), "↷ 42 ✗");
  assert.equal(ballots.label(cell(null)), "no answer");
  assert.equal(ballots.spoken("ann", "round 2", cell("42", { changed: true, right: true })), "round 2: ann changed to 42, which is right");
});

test("a row for each member, a column for each round, and the majority", () => {
  const model = new FakeModel(), { el, frame, waiting } = page();
  const stop = ballots.default.render({ model, el });
  model.say(state(1, round("round 1", cell("41"), cell("42", { tone: 1 })), round("round 2", cell("41"), cell("41", { changed: true }))));
  frame();
  assert.equal(el.byClass("ak-chip").length, 4);
  assert.equal(el.byClass("changed").length, 1);
  assert.equal(el.all((e) => e.tag === "tr").length, 4);
  assert.ok(el.textContent.includes("<i>bo</i>"));
  assert.ok(el.textContent.includes("round 2: bo changed."));
  stop();
  assert.equal(model.listeners.size + waiting() + el.children.length, 0);
});

test("a tie has no majority, and says between which answers", () => {
  const model = new FakeModel(), { el, frame } = page();
  const stop = ballots.default.render({ model, el });
  model.say(state(1, round("vote", cell("41"), cell("42"), { lead: ["41", "42"], votes: "1 of 2" })));
  frame();
  const [lead] = el.all((e) => e.tag === "b" && e.textContent === "tie of 2");
  assert.equal(lead.getAttribute("title"), "41 = 42");
  stop();
});

test("right and wrong are shown when they are known, and only then", () => {
  const model = new FakeModel(), { el, frame } = page();
  const stop = ballots.default.render({ model, el });
  model.say(state(1, round("vote", cell("41"), cell("42"))));
  frame();
  assert.equal(el.byClass("ak-wrong").length, 0);
  model.say(state(2, round("vote", cell("41", { right: false }), cell("42", { right: true }), { right: false })));
  frame();
  assert.deepEqual([el.byClass("ak-wrong").length, el.byClass("ak-right").length], [2, 1]);
  stop();
});
