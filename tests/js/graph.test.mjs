import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const graph = await widget("graph.js", "graphstate.js", "camera.js", "words.js");

const node = (id, more = {}) => ({ id, label: id, what: "agent", model: "sim:careful", state: "idle", doing: "", asked: 0, activations: 1, calls: 0, tokens: 0, cost_usd: null, unpriced: 0, notes: {}, ...more });
const edge = (source, target, kinds) => ({ id: `${source}→${target}`, source, target, kinds, kind: Object.keys(kinds)[0], count: Object.values(kinds).reduce((a, b) => a + b, 0) });
const layout = { width: 300, height: 100, nodes: { you: [40, 50, 68, 40], clerk: [200, 50, 120, 48] }, edges: { "you→clerk": { d: "M0 0L9 9", head: "M0 0Z", label: [100, 40] } } };
const patch = (from, rev, more = {}) => ({ type: "patch", from, rev, t: 1, streams: {}, data: { rev, runs: [{ id: "r", name: "lesson", status: "running" }], nodes: [], edges: [], layout: null, ...more } });
const first = (more = {}) => patch(0, 3, { nodes: [node("you", { what: "you" }), node("clerk")], edges: [edge("you", "clerk", { task: 2 })], layout, ...more });

function drawn(traits = {}) {
  const model = new FakeModel(traits), { el, frame, waiting } = page();
  const stop = graph.default().render({ model, el });
  return { model, el, frame, waiting, stop };
}

test("a patch in order is merged and tells what flew", () => {
  const state = graph.empty();
  const news = graph.merge(state, first());
  assert.deepEqual([...news.changed], ["you", "clerk", "you→clerk"]);
  assert.deepEqual(news.flown, [{ id: "you→clerk", kind: "task", more: 2 }]);
  const more = graph.merge(state, patch(3, 5, { edges: [edge("you", "clerk", { task: 5 })] }));
  assert.equal(more.flown[0].more, 3);
  assert.equal(state.rev, 5);
  assert.equal(state.layout, layout);
});

test("the line above names the run that the others were called by, and counts them", () => {
  const state = graph.empty(), run = (id, by, status = "ok") => ({ id, name: `run ${id}`, status, by });
  state.runs = [run("a", ""), run("b", "a"), run("c", "b")];
  assert.equal(graph.statusText(state, 2), "run a · 3 runs · 2 messages · ok");
  state.runs = [run("a", "elsewhere"), run("b", "", "failed")];
  assert.equal(graph.statusText(state, 1), "run b · 2 runs · 1 message · failed");
  state.runs = [run("a", "b"), run("b", "a")];
  assert.equal(graph.statusText(state, 0), "run b · 2 runs · 0 messages · ok");
  state.runs = [run("a", "", "running")];
  assert.equal(graph.statusText(state, 0), "run a · 0 messages · running");
  state.runs = [];
  assert.equal(graph.statusText(state, 0), "0 messages · empty");
});

test("a gap is told, an old patch changes nothing", () => {
  const state = graph.empty();
  graph.merge(state, first());
  assert.equal(graph.merge(state, patch(4, 9)), null);
  graph.merge(state, patch(0, 2, { nodes: [node("ghost")] }));
  assert.equal(state.nodes.has("ghost"), false);
});

test("dots are few however many messages come", () => {
  assert.equal(graph.dotsFor(1, 0), 1);
  assert.ok(graph.dotsFor(10_000, 0) <= 3);
  assert.equal(graph.dotsFor(10_000, 40), 0);
});

test("an unknown cost is not shown as nothing paid", () => {
  assert.equal(graph.money(null), "–");
  assert.equal(graph.money(0.00123), "$0.001230");
});

test("zooming keeps the point under the pointer", () => {
  const box = { x: 0, y: 0, width: 200, height: 100 };
  const near = graph.zoomed(box, 0.5, 50, 20, box);
  assert.deepEqual(near, { x: 25, y: 10, width: 100, height: 50 });
});

test("a mounted view asks for everything and draws what it gets", () => {
  const { model, el, frame } = drawn();
  assert.deepEqual(model.sent, [{ type: "hello", rev: 0 }]);
  model.say(first());
  frame();
  assert.equal(el.byClass("node").length, 2);
  assert.equal(el.byClass("edge").length, 1);
  assert.equal(el.byClass("count")[0].textContent, "2");
  assert.match(el.byClass("ak-status")[0].textContent, /lesson · 2 messages · running/);
});

test("a view that sees a gap asks again from what it knows", () => {
  const { model, frame } = drawn();
  model.say(first());
  frame();
  model.say(patch(7, 9));
  assert.deepEqual(model.sent.at(-1), { type: "hello", rev: 3 });
});

test("a saved state is drawn without a kernel", () => {
  const { el, frame } = drawn({ frozen: first().data });
  frame();
  assert.equal(el.byClass("node").length, 2);
});

test("a click lists messages, and their text stays text", () => {
  const { model, el, frame } = drawn();
  model.say(first());
  frame();
  el.byClass("edge")[0].dispatchEvent(new Event("click"));
  const asked = model.sent.at(-1);
  assert.equal(asked.type, "page");
  assert.equal(asked.name, "you→clerk");
  const item = { run: "r", seq: 2, after_s: 0.1, kind: "task", source: "you", target: "clerk", text: "<img src=x onerror=alert(1)>", more: true, tokens: null, cost_usd: null };
  model.say({ type: "page", req: asked.req, name: "you→clerk", total: 1, start: 0, items: [item] });
  assert.equal(el.byClass("ak-text")[0].textContent, item.text);
  assert.equal(el.all((e) => e.tag === "img").length, 0);
  el.byClass("ak-link")[0].dispatchEvent(new Event("click"));
  assert.equal(model.sent.at(-1).type, "text");
  model.say({ type: "text", req: model.sent.at(-1).req, run: "r", seq: 2, kind: "task", text: "the whole text" });
  assert.equal(el.byClass("ak-text")[0].textContent, "the whole text");
});

test("an answer for another view is not shown here", () => {
  const { model, el, frame, stop } = drawn();
  model.say(first());
  frame();
  el.byClass("edge")[0].dispatchEvent(new Event("click"));
  model.say({ type: "page", req: "somebody else's", name: "you→clerk", total: 1, start: 0, items: [] });
  assert.equal(el.byClass("ak-wait").length, 1);
  stop();
});

test("a view that goes leaves no listener and no frame behind", () => {
  const { model, el, frame, waiting, stop } = drawn();
  model.say(first());
  frame();
  model.say(patch(3, 5, { edges: [edge("you", "clerk", { task: 5 })] }));
  stop();
  assert.equal(model.listeners.size, 0);
  assert.equal(waiting(), 0);
  assert.equal(el.children.length, 0);
});

test("what a node waits for is said", () => {
  assert.equal(graph.subtitle(node("a", { state: "waiting", doing: "retry" })), "waits to retry");
  assert.equal(graph.subtitle(node("a", { state: "done", activations: 3 })), "sim:careful ×3");
  assert.match(graph.nodeText(node("a", { notes: { unknown_tool: 2 } })), /unknown tool 2×/);
  const nodes = new Map([["tool:tariff", node("tool:tariff", { label: "tariff" })]]);
  const call = { source: "clerk", target: "tool:tariff", kinds: { call: 2 } };
  assert.equal(graph.edgeText(call, nodes), "clerk → tariff: 2 call");
});

test("a message has its event's number, and lines to go on from it that a click copies", async () => {
  const { model, el, frame } = drawn(), copied = [];
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { clipboard: { writeText: async (text) => copied.push(text) } } });
  model.say(first());
  frame();
  el.byClass("edge")[0].dispatchEvent(new Event("click"));
  const branches = [{ name: "run again from here", line: "%fork 4f1c22ab --at 12", help: "keeps events 1 to 12" }];
  const item = { run: "r", seq: 12, after_s: 0.1, kind: "task", source: "you", target: "clerk", text: "hi", more: false, tokens: null, cost_usd: null, branches };
  model.say({ type: "page", req: model.sent.at(-1).req, name: "you→clerk", total: 1, start: 0, items: [item] });
  assert.equal(el.byClass("ak-number")[0].textContent, "#12");
  el.byClass("ak-link")[0].dispatchEvent(new Event("click"));
  await new Promise((done) => setTimeout(done));
  assert.deepEqual(copied, ["%fork 4f1c22ab --at 12"]);
  assert.equal(el.byClass("ak-line")[0].textContent, "%fork 4f1c22ab --at 12");
  assert.match(el.byClass("ak-link")[0].textContent, /copied/);
});

test("a badge tells what it counts, its click lists the notes, and only trouble is orange", () => {
  const { model, el, frame } = drawn();
  const nodes = [node("you", { what: "you" }), node("clerk", { notes: { route: 2 }, grave: false })];
  model.say(first({ nodes }));
  frame();
  const badge = el.byClass("badge").find((one) => one.tag === "g" && one.attributes.visibility !== "hidden" && one.firstChild?.textContent.includes("clerk"));
  assert.equal(badge.className, "badge");
  assert.match(badge.firstChild.textContent, /route 2×.*Click/);
  assert.match(el.byClass("ak-legend")[0].textContent, /notes: what was decided/);
  badge.dispatchEvent(new Event("click"));
  assert.equal(model.sent.at(-1).name, "notes:clerk");
  assert.match(el.byClass("ak-panel-head")[0].textContent, /Notes about clerk/);
  model.say(patch(3, 5, { nodes: [node("clerk", { notes: { retry: 1, route: 2 }, grave: true })] }));
  frame();
  assert.equal(badge.className, "badge grave");
  assert.match(el.byClass("ak-legend")[0].textContent, /some of trouble/);
});

test("labels have a colour, a legend, and words", () => {
  const known = { integrity: "untrusted", confidentiality: "private" };
  const { model, el, frame } = drawn();
  const untold = edge("you", "clerk", { task: 2 }), told = { ...untold, trust: known };
  model.say(first({ nodes: [node("you", { what: "you" }), node("clerk", { trust: known })], edges: [told] }));
  frame();
  const classes = (kind) => el.byClass(kind).map((part) => part.getAttribute("class"));
  assert.deepEqual(classes("band"), ["band shade-untrusted", "band shade-private"]);
  assert.deepEqual(el.byClass("shade").map((part) => part.textContent), ["untrusted", "private"]);
  assert.match(graph.edgeText(told), /2 task, untrusted, private$/);
  assert.match(graph.nodeText(node("clerk", { trust: known })), /knows what is untrusted/);
  assert.deepEqual(graph.shades(untold), []);
});
