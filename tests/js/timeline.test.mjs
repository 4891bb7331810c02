import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const timeline = await widget("timeline.js", "timelineparts.js", "axis.js");

const bar = (id, start, end, more = {}) => Object.values({ id, lane: "clerk", row: 0, kind: "model", label: "sim:careful", start, end, status: "ok", reused: false, detail: "", inside: false, ...more });
const totals = { wall_s: 10, busy_s: 4, idle_s: 6, waited_s: 0, steps: 2, reused: 1 };
const data = (bars, more = {}) => ({ rev: 5, segments: [[100, 110]], order: ["clerk"], lanes: [{ id: "clerk", label: "clerk", depth: 0, rows: 1, spans: [[100, null]], notes: [[101, "retry", true]] }], bars, totals, live: false, ...more });
const rects = (bars) => {
  const state = timeline.empty();
  timeline.merge(state, { from: 0, rev: 5, data: data(bars) });
  return timeline.rectangles(state.bars.values(), (t) => (t - 100) * 10, 110);
};

test("ticks stand at round seconds", () => {
  const { ticks } = timeline.axis([[100, 110]], 0, 1000);
  assert.deepEqual(ticks.map(([, text]) => text), ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s"]);
  assert.equal(timeline.nice(0.3), 0.5);
});

test("a pause is cut out and said", () => {
  const { x, breaks } = timeline.axis([[100, 105], [500, 505]], 0, 526);
  assert.equal(breaks.length, 1);
  assert.equal(breaks[0][1], 395);
  assert.ok(Math.abs(x(500) - x(105) - 26) < 1e-9);
  assert.equal(x(300), x(105));
});

test("ten thousand thin bars become a few", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => bar(i, 100 + i / 1000, 100 + i / 1000 + 0.0005));
  const shapes = rects(many);
  assert.ok(shapes.length < 200);
  assert.equal(shapes.reduce((sum, r) => sum + r.n, 0), 10_000);
});

test("a failure is not hidden among its neighbours", () => {
  const shapes = rects([bar(0, 100, 100.01), bar(1, 100.01, 100.02, { status: "failed" }), bar(2, 100.02, 100.03)]);
  assert.equal(shapes.filter((r) => r.status === "failed").length, 1);
});

test("a run that goes on draws out the last segment, a silent one does not", () => {
  assert.deepEqual(timeline.current([[0, 10]], true, 12), [[0, 12]]);
  assert.deepEqual(timeline.current([[0, 10]], false, 12), [[0, 10]]);
  assert.deepEqual(timeline.current([[0, 10]], true, 5000), [[0, 10]]);
});

test("a reused step says that nothing was paid", () => {
  const [shape] = rects([bar(0, 100, 105, { reused: true })]);
  assert.match(timeline.tip(shape), /reused, 0 paid/);
  assert.match(timeline.headline(totals), /1 reused \(0 paid\)/);
});

test("the picture has a lane, bars and marks, and goes without a trace", () => {
  const model = new FakeModel(), { el, frame, waiting } = page();
  const stop = timeline.default.render({ model, el });
  model.say({ type: "patch", from: 0, rev: 5, t: 1, data: data([bar(0, 101, 104), bar(1, 105, null, { kind: "tool", label: "tariff" })]) });
  frame();
  assert.equal(el.byClass("bar").length, 2);
  assert.equal(el.byClass("open").length, 1);
  assert.equal(el.byClass("note").length, 1);
  model.say({ type: "patch", from: 9, rev: 12, t: 1, data: data([]) });
  assert.deepEqual(model.sent.at(-1), { type: "hello", rev: 5 });
  stop();
  assert.equal(model.listeners.size + waiting() + el.children.length, 0);
});

function shown(bars, notes = []) {
  const model = new FakeModel(), { el, frame } = page();
  timeline.default.render({ model, el });
  const lanes = [{ id: "clerk", label: "clerk", depth: 0, rows: 1, spans: [[100, null]], notes }];
  model.say({ type: "patch", from: 0, rev: 5, t: 1, data: data(bars, { lanes }) });
  frame();
  return { model, el, frame };
}

test("a click on a bar asks for all about it, and its text stays text", () => {
  const { model, el, frame } = shown([bar(0, 100, 104), bar(1, 104, 109, { kind: "tool", label: "depth" })]);
  const [, tool] = el.byClass("bar");
  tool.dispatchEvent(new Event("click"));
  const asked = model.sent.at(-1);
  assert.deepEqual([asked.type, asked.id], ["bar", 1]);
  const detail = { rows: [["who", "clerk"], ["result", "<img src=x onerror=alert(1)>"]], branches: [{ name: "run again from here", line: "%fork a --at 4", help: "" }] };
  model.say({ type: "detail", req: "somebody else's", detail });
  assert.equal(el.byClass("ak-detail").length, 0);
  model.say({ type: "detail", req: asked.req, detail });
  assert.match(el.byClass("ak-detail")[0].textContent, /<img src=x/);
  assert.equal(el.all((e) => e.tag === "img").length, 0);
  assert.match(el.byClass("ak-branches")[0].textContent, /run again from here/);
  frame();
  el.byClass("bar")[1].dispatchEvent(new Event("click"));
  assert.equal(el.byClass("ak-about")[0].hidden, true);
});

test("a click on a note asks for it, and one of trouble looks so", () => {
  const { model, el } = shown([bar(0, 100, 104)], [[101, "route", false], [102, "retry", true]]);
  const [calm, grave] = el.byClass("note").filter((one) => one.tag === "circle");
  assert.deepEqual([calm.className, grave.className], ["note", "note grave"]);
  grave.dispatchEvent(new Event("click"));
  const { type, lane, n } = model.sent.at(-1);
  assert.deepEqual([type, lane, n], ["mark", "clerk", 1]);
});

test("of bars too thin to be hit the nearest is meant", () => {
  const shapes = rects([bar(0, 100, 100.01), bar(1, 105, 105.01)]);
  const tops = new Map([["clerk", 26]]);
  assert.equal(timeline.nearest(shapes, tops, 52, 30).id, 1);
  assert.equal(timeline.nearest(shapes, tops, 52, 99), null);
  assert.equal(timeline.nearest(shapes, tops, 80, 30), null);
});
