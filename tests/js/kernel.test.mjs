import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { widget } from "./fake.mjs";

/** Signals as Lumino has them, and what a page has. */
class Signal {
  slots = [];
  connect(slot) { this.slots.push(slot); }
  emit(value) { for (const slot of [...this.slots]) slot(undefined, value); }
}
globalThis.window = Object.assign(new EventTarget(), { setTimeout: (...a) => setTimeout(...a) });
const { use } = await widget("lab/shared.js");
use({ "@lumino/signaling": { "2.0.0": { get: async () => () => ({ Signal }) } } });
const { Link } = await widget("lab/kernel.js");

/** A kernel with agentkit in it, or without. */
function kernel({ has = true, busy = false } = {}) {
  const comms = [];
  return {
    comms, handleComms: true, status: busy ? "busy" : "idle", supportsSubshells: true, isDisposed: false, info: Promise.resolve(), has,
    infos: 0,
    requestCommInfo: async function () { this.infos++; return { content: { status: "ok", comms: this.has ? { x: {} } : {} } }; },
    createComm: (target) => {
      const comm = { target, sent: [], isDisposed: false, subshellStarted: Promise.resolve(), open: (data) => { comm.opened = data; }, send: (data) => comm.sent.push(data), dispose: () => { comm.isDisposed = true; }, close: () => { comm.isDisposed = true; } };
      comms.push(comm);
      return comm;
    },
  };
}
const tick = () => new Promise((done) => setTimeout(done, 5));
async function link(one) {
  const context = { kernelChanged: new Signal(), statusChanged: new Signal(), iopubMessage: new Signal(), ready: Promise.resolve(), session: { kernel: one } };
  const panel = { sessionContext: context, context: { path: "a/talk.ipynb" }, disposed: new Signal() };
  const made = new Link(panel);
  await tick();
  const say = (data, comm = 0) => one.comms[comm].onMsg({ content: { data } });
  return { made, context, panel, say };
}
const news = (more = {}) => ({ kind: "news", protocol: 1, version: "0.1.0", whole: true, runs: [], actors: [], questions: [], today: { cost_usd: 0, unpriced: 0, tokens: 0, runs: 0 }, ...more });
const run = { id: "r", name: "<b>x</b>", actor: "clerk", state: "running", started: 1, ended: null, calls: 0, tokens: 0, cost_usd: 0, place: null, budget_usd: null, doing: "", mine: true };
const turn = { run: "r", actor: "clerk", said: "Hi", state: "done", shown: "yes", graph: false };

test("a kernel without agentkit is left alone until a cell loads it", async () => {
  const one = kernel({ has: false }), { made, context } = await link(one);
  assert.deepEqual([made.state, one.comms.length], ["absent", 0]);
  one.has = true;
  const message = (type, content, id) => context.iopubMessage.emit({ header: { msg_type: type }, parent_header: { msg_id: id }, content });
  message("execute_input", { code: "%load_ext nbext" }, "1");
  message("status", { execution_state: "idle" }, "2");
  await tick();
  assert.equal(one.comms.length, 0);
  message("status", { execution_state: "idle" }, "1");
  await tick();
  assert.deepEqual(one.comms.map((comm) => [comm.target, comm.opened.chat]), [["agentkit.news", true], ["agentkit.orders", true]]);
});

test("a kernel whose Python lacks agentkit is told from one that has not loaded it", async () => {
  const { made, context } = await link(kernel({ has: false }));
  const message = (type, content, id) => context.iopubMessage.emit({ header: { msg_type: type }, parent_header: { msg_id: id }, content });
  for (const [evalue, lacking] of [["No module named 'numpy'", false], ["No module named 'nbext'", true]]) {
    message("execute_input", { code: "%load_ext nbext" }, evalue);
    message("error", { ename: "ModuleNotFoundError", evalue }, evalue);
    message("status", { execution_state: "idle" }, evalue);
    await tick();
    assert.deepEqual([made.state, made.lacking], ["absent", lacking]);
  }
  context.statusChanged.emit("restarting");
  assert.equal(made.lacking, false);
});

test("a kernel that was busy when the page was opened is told from one without agentkit", async () => {
  const one = kernel({ has: false }), { made, context } = await link(one), told = [];
  one.status = "unknown";
  made.changed.connect(() => told.push(made.silent));
  context.statusChanged.emit("unknown");
  one.status = "idle";
  context.statusChanged.emit("idle");
  assert.deepEqual(told, [true, false]);
});

test("an older or a newer kernel is named, and nothing of it is shown", async () => {
  for (const protocol of [0, 2, "1", undefined]) {
    const one = kernel(), { made, say } = await link(one);
    say({ kind: "news", protocol, version: "9.9 <b>", rows: "of another kind" });
    say({ kind: "chat", protocol, turns: "of another kind" });
    say({ kind: "weather", protocol });
    assert.deepEqual([made.state, made.version, made.runs.size, made.talk.turns.length], ["other", "9.9 <b>", 0, 0]);
  }
});

test("a kernel whose agentkit knows no panel is named, once a cell has loaded it without an error", async () => {
  for (const [code, failed, state] of [["%load_ext nbext", false, "old"], ["1\n%reload_ext nbext", false, "old"], ["%load_ext nbext", true, "absent"], ["import agentkit", false, "absent"]]) {
    const one = kernel({ has: false }), { made, context } = await link(one);
    const message = (type, content) => context.iopubMessage.emit({ header: { msg_type: type }, parent_header: { msg_id: "1" }, content });
    message("execute_input", { code });
    if (failed) message("error", {});
    message("status", { execution_state: "idle" });
    await tick();
    assert.deepEqual([made.state, one.comms.length], [state, 0]);
    context.statusChanged.emit("restarting");
    assert.equal(made.state, "absent");
  }
});

test("a kernel that tells of runs and of no conversation keeps none", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  for (const chats of [true, false]) {
    const made = new Link({ sessionContext: { kernelChanged: new Signal(), statusChanged: new Signal(), iopubMessage: new Signal(), ready: new Promise(() => {}) }, context: { path: "a.ipynb" }, disposed: new Signal() });
    made.heard(news());
    if (chats) made.heard({ kind: "chat", protocol: 1, whole: true, turns: [] });
    mock.timers.tick(3001);
    assert.deepEqual([made.state, made.mute], ["here", !chats]);
  }
  mock.timers.reset();
});

test("news without a part that this page knows, or with one that it does not, are taken as far as they go", async () => {
  const one = kernel(), { made, say } = await link(one);
  say(news({ runs: [run], weather: "fine" }));
  for (const odd of [{ runs: undefined }, { actors: null, questions: null }, { today: undefined, whole: false }]) say(news({ whole: false, ...odd }));
  assert.deepEqual([made.state, made.runs.size, made.actors, made.questions], ["here", 1, [], []]);
  for (const odd of [null, 7, "x", [], {}]) say(odd);
  assert.equal(made.state, "here");
});

test("a kernel that dies takes everything with it but what was said, and the next one is asked for that", async () => {
  const one = kernel(), { made, context, say } = await link(one);
  say(news({ runs: [run], questions: [{ id: "q", run: "r" }] }));
  say({ kind: "chat", protocol: 1, whole: true, turns: [turn] });
  assert.deepEqual(one.comms[1].sent, [{ do: "hear", question: "q", content: { type: "seen" } }]);
  const order = made.order({ do: "stop", run: "r" });
  for (const status of ["restarting", "dead"]) context.statusChanged.emit(status);
  await assert.rejects(order, /kernel has gone/);
  assert.deepEqual([made.state, made.runs.size, made.questions.length, made.talk.turns.length, made.talk.broken], ["absent", 0, 0, 1, true]);
  await assert.rejects(made.order({ do: "say" }), /not loaded/);
  context.kernelChanged.emit();
  await tick();
  say(news(), 2);
  say({ kind: "chat", protocol: 1, whole: true, turns: [] }, 2);
  assert.deepEqual(one.comms[3].sent, [{ do: "recall", runs: ["r"], req: "3" }]);
  say({ req: "3", error: "The log is locked <b>." }, 3);
  await tick();
  assert.match(made.talk.trouble, /begins a new conversation. The log is locked <b>/);
  // Nothing is found: it is not asked again and again.
  say({ kind: "chat", protocol: 1, whole: true, turns: [] }, 2);
  assert.equal(one.comms[3].sent.length, 1);
});

test("an order is answered once, refused with the kernel's words, or given up", async () => {
  const one = kernel(), { made, say } = await link(one);
  say(news());
  const [good, bad] = [made.order({ do: "a" }), made.order({ do: "b" })];
  say({ req: "2", error: "There is no order <b>." }, 1);
  say({ req: "1", run: "r" }, 1);
  for (const odd of [{ req: "1" }, {}, null]) say(odd, 1);
  assert.equal((await good).run, "r");
  await assert.rejects(bad, /There is no order <b>/);
  mock.timers.enable({ apis: ["setTimeout"] });
  const late = made.order({ do: "c" });
  mock.timers.tick(20_001);
  mock.timers.reset();
  await assert.rejects(late, /does not answer/);
});

test("a busy kernel is not asked what it could only say later, and a page that goes says so", async () => {
  const one = kernel({ has: false, busy: true }), { made } = await link(one);
  assert.equal(one.comms.length, 2);
  window.dispatchEvent(new Event("pagehide"));
  assert.deepEqual([made.comms.length, one.comms.every((comm) => comm.isDisposed)], [0, true]);
});

/** What JupyterLab does with a comm that the kernel closes. */
const closed = (comm) => { comm.onClose?.(); comm.isDisposed = true; };

test("comms that a busy kernel was given before its cell had loaded agentkit are opened anew", async () => {
  for (const [early, late] of [[[1, 0], []], [[], [1, 0]], [[1], [0]], [[0, 1], []], [[], [0, 1]]]) {
    const one = kernel({ has: false, busy: true }), { made, context, say } = await link(one);
    const idle = async () => { Object.assign(one, { status: "idle", has: true }); context.statusChanged.emit("idle"); await tick(); };
    for (const n of early) closed(one.comms[n]);
    await idle();
    for (const n of late) closed(one.comms[n]);
    await tick();
    assert.deepEqual(one.comms.map((comm) => comm.isDisposed), [true, true, false, false]);
    say(news(), 2);
    assert.equal(made.state, "here");
    closed(one.comms[2]);  // as a kernel does to a page too many: it is not asked again
    await idle();
    assert.deepEqual([one.comms.length, made.state], [4, "absent"]);
  }
});

test("a kernel that has loaded agentkit between the two comms is given both again", async () => {
  for (const first of ["closed", "news"]) {
    const one = kernel({ has: false, busy: true }), { made, say } = await link(one);
    Object.assign(one, { status: "idle", has: true });
    if (first === "closed") closed(one.comms[1]);
    say(news({ questions: [{ id: "q", run: "r" }] }));
    if (first === "news") closed(one.comms[1]);
    await tick();
    assert.deepEqual(one.comms.map((comm) => comm.isDisposed), [true, true, false, false]);
    say(news(), 2);
    assert.equal(made.state, "here");
  }
});

test("a busy kernel without agentkit is asked once when it is idle, and then left alone", async () => {
  const one = kernel({ has: false, busy: true }), { made, context } = await link(one);
  for (const comm of one.comms) closed(comm);
  one.status = "idle";
  for (let n = 0; n < 3; n++) { context.statusChanged.emit("idle"); await tick(); }
  assert.deepEqual([one.comms.length, one.infos, made.state], [2, 1, "absent"]);
});
