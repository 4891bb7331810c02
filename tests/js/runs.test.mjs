import assert from "node:assert/strict";
import { test } from "node:test";
import { widget } from "./fake.mjs";

const { facts, found, health, left, ordered, pause, spent, total } = await widget("lab/runs.js");
const { actions } = await widget("lab/rows.js");
const { Feed } = await widget("lab/feed.js");

const run = (id, state = "done", more = {}) => ({ id, name: `ask ${id}`, actor: "clerk", state, started: 100, ended: 102, calls: 1, tokens: 1200, cost_usd: 0.01, place: null, budget_usd: null, doing: "", mine: true, ...more });

test("what waits stands first, then what goes on, then the newest", () => {
  const runs = [run("old"), run("new", "done", { started: 200 }), run("goes", "running", { started: 50 }), run("asks", "waiting", { started: 10 }), run("bad", "failed", { started: 150 })];
  assert.deepEqual(ordered(runs).map((one) => one.id), ["asks", "goes", "new", "bad", "old"]);
});

test("news are drawn soon, and seldom enough where drawing takes long", () => {
  assert.equal(pause(3, 1000), 10);
  assert.equal(pause(3, 0), 30);
  assert.equal(pause(20, 30), 50);
  assert.equal(pause(5000, 0), 250);
});

test("runs are found by all words of their name, actor, state or id", () => {
  const runs = [run("a", "failed", { name: "What are the <b>dues</b>?" }), run("b")];
  assert.deepEqual(found(runs, "DUES failed").map((one) => one.id), ["a"]);
  assert.deepEqual(found(runs, " "), runs);
  assert.deepEqual(found(runs, "nothing"), []);
});

test("a run reads well in a line", () => {
  assert.equal(facts(run("a"), 500), "done · 1 call · 1\u202f200 tokens · 2.0 s");
  assert.equal(facts(run("a", "running", { ended: null }), 105), "running · 1 call · 1\u202f200 tokens · 5.0 s");
  assert.equal(facts(run("a", "lost", { ended: null, calls: 2 }), 105), "lost its kernel · 2 calls · 1\u202f200 tokens");
  assert.equal(facts(run("a", "done", { origin: "0123456789" }), 500), "done · from 23456789 · 1 call · 1\u202f200 tokens · 2.0 s");
  assert.equal(facts(run("a", "strange", { ended: null }), 1), "strange · 1 call · 1\u202f200 tokens");
});

test("a run that repeats another one can be compared with it at once", () => {
  const named = (one, first) => actions(one, true, first).map(([what]) => what);
  assert.ok(named(run("a", "done", { origin: "b" })).includes("origin"));
  assert.ok(!named(run("a", "done", { origin: "b" }), "c").includes("origin"));
  assert.ok(!named(run("a")).includes("origin"));
});

test("an unknown price is not nothing", () => {
  assert.equal(spent(total([run("a"), run("b", "done", { cost_usd: null })])), "$0.0100 + 1 unknown · 2\u202f400 tokens");
});

test("what is left is of the run that goes on", () => {
  assert.equal(left([run("a", "done", { budget_usd: 1 })]), "");
  assert.equal(left([run("a", "running", { budget_usd: 0.05 })]), "$0.0400 left");
  assert.equal(left([run("a", "running", { budget_usd: 0.005 })]), "$0.00 left");
});

test("an actor's health is that of its last runs", () => {
  assert.equal(health([], "clerk"), "not asked yet");
  assert.equal(health([run("a")], "clerk"), "well");
  assert.equal(health([run("a", "failed"), run("b")], "clerk"), "1 of its last 2 runs failed");
  assert.equal(health([run("a", "waiting"), run("b", "failed")], "clerk"), "waits for you");
});

test("a feed asks for what is new, once at a time", async () => {
  const orders = [], resolve = [];
  let poke;
  const source = { watch: (_run, callback) => { poke = callback; return () => { poke = null; }; }, order: (order) => { orders.push(order); return new Promise((done) => resolve.push(done)); } };
  const feed = new Feed(source, "r", "graph", () => {}), said = [];
  feed.on("msg:custom", (message) => said.push(message));
  feed.send({ type: "hello", rev: 0 });
  poke(); poke();
  assert.equal(orders.length, 1);
  resolve[0]({ type: "patch", from: 0, rev: 4 });
  await new Promise(setImmediate);
  assert.deepEqual(orders.map((one) => one.since), [0, 4]);
  resolve[1]({ type: "patch", from: 4, rev: 4 });
  await new Promise(setImmediate);
  assert.equal(orders.length, 2);
  feed.send({ type: "page", req: "7" });
  resolve[2]({ type: "page", total: 1 });
  await new Promise(setImmediate);
  assert.deepEqual(said.at(-1), { type: "page", total: 1, req: "7" });
  feed.stop();
  assert.equal(poke, null);
});
