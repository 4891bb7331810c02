import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const plan = await widget("planview.js");

const step = (id, more = {}) => ({ id, task: `do ${id}`, actor: "ada", needs: [], state: "waiting", told: "", took_s: null, at: [0, 0, 216, 82], lines: [`do ${id}`], ...more });
const drafted = (...steps) => ({ title: "Plan 1", why: "", text: "", steps, edges: [{ from: "1", to: "2", d: "M0 0" }], width: 476, height: 82 });
const state = (rev, ...drafts) => ({ type: "patch", from: 0, rev, t: 1, data: { rev, live: true, plans: [{ id: "r/s", path: "team", what: "plan", said: "1 of 2 steps done", flaws: [], drafts }] } });

test("a step says in words what its colour says", () => {
  assert.equal(plan.label(step("1", { state: "failed", told: "no reply" })), "1. do 1 (ada): failed: no reply");
});

test("steps are drawn in their state, and an edge is ready when what it waits for is done", () => {
  const model = new FakeModel(), { el, frame, waiting } = page();
  const stop = plan.default.render({ model, el });
  model.say(state(1, drafted(step("1", { state: "running" }), step("2", { needs: ["1"] }))));
  frame();
  assert.equal(el.byClass("step").length, 2);
  assert.equal(el.byClass("is-running").length, 1);
  assert.equal(el.byClass("ready").length, 0);
  model.say(state(2, drafted(step("1", { state: "done", told: "<b>42</b>", took_s: 0.5 }), step("2", { needs: ["1"] }))));
  frame();
  assert.equal(el.byClass("ready").length, 1);
  assert.ok(el.textContent.includes("→ <b>42</b>"));
  stop();
  assert.equal(model.listeners.size + waiting() + el.children.length, 0);
});

test("a click shows a step in full, another hides it, and an update keeps it", () => {
  const model = new FakeModel(), { el, frame } = page();
  const stop = plan.default.render({ model, el });
  model.say(state(1, drafted(step("1"), step("2", { needs: ["1"] }))));
  frame();
  el.byClass("step")[1].dispatchEvent(new Event("click"));
  frame();
  assert.ok(el.byClass("ak-detail")[0].textContent.includes("after1"));
  model.say(state(2, drafted(step("1"), step("2", { needs: ["1"], state: "done", told: "all" }))));
  frame();
  assert.ok(el.byClass("ak-detail")[0].textContent.includes("answerall"));
  el.byClass("step")[1].dispatchEvent(new Event("click"));
  frame();
  assert.equal(el.byClass("ak-detail").length, 0);
  stop();
});

test("a plan that was replaced stays, and says why", () => {
  const model = new FakeModel(), { el, frame } = page();
  const stop = plan.default.render({ model, el });
  model.say(state(1, drafted(step("1"), step("2")), { ...drafted(step("1"), step("2")), title: "Plan 2", why: "b: no reply" }));
  frame();
  assert.equal(el.byClass("old").length, 1);
  assert.ok(el.textContent.includes("Plan 2: b: no reply"));
  stop();
});
