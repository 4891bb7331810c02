import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const bill = await widget("bill.js", "words.js");

const account = (name, more = {}) => ({ name, calls: 2, tokens_in: 12345, tokens_out: 60, tokens_cached: 0, cost_usd: 0.0125, unpriced: 0, p50_s: 0.25, p95_s: 2.5, failed: 0, tools: 0, saved: { tokens_in: 0, tokens_out: 0 }, saved_usd: null, saved_steps: 0, ...more });

test("an unknown price is unknown, not nothing", () => {
  assert.equal(bill.money(null, 3), "unknown");
  assert.equal(bill.money(0.5, 3), "$0.5000 + 3 unknown");
  assert.equal(bill.money(0), "$0.00");
});

test("a row reads well", () => {
  assert.deepEqual(bill.row(account("clerk")), ["clerk", "2", "12\u202f345", "0", "60", "$0.0125", "250 ms", "2.5 s"]);
});

test("what was reused is said to be saved", () => {
  const saved = account("total", { saved_steps: 4, saved: { tokens_in: 900, tokens_out: 100 }, saved_usd: 0.5 });
  assert.deepEqual(bill.remarks(saved), ["Reused steps, not paid again: 4 (1\u202f000 tokens, worth $0.5000)."]);
});

test("the bill has a row per actor and model and a total", () => {
  const model = new FakeModel(), { el, frame, waiting } = page();
  const stop = bill.default.render({ model, el });
  const data = { rev: 2, total: account("total"), actors: [account("clerk"), account("<b>x</b>")], models: [account("sim:careful")] };
  model.say({ type: "patch", from: 0, rev: 2, t: 1, data });
  frame();
  assert.equal(el.all((e) => e.tag === "tr").length, 1 + 2 + 3 + 1);
  assert.ok(el.textContent.includes("<b>x</b>"));
  assert.equal(el.all((e) => e.tag === "b").length, 0);
  stop();
  assert.equal(model.listeners.size + waiting() + el.children.length, 0);
});

test("a resumed bill tells this time from the whole run", () => {
  const total = { saved_steps: 0, failed: 0, unpriced: 0 }, latest = { calls: 1, tokens_in: 1000, tokens_out: 20, cost_usd: 0.002, unpriced: 0 };
  assert.deepEqual(bill.remarks(total), []);
  assert.deepEqual(bill.remarks(total, latest), ["Since the last resume: 1 call, 1\u202f000 + 20 tokens, $0.002000. The table has the whole run."]);
});
