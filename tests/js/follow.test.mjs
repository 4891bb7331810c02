import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const comm = await widget("dom.js", "words.js", "follow.js");

const patch = (rev, data, t = 1) => ({ type: "patch", from: 0, rev, t, data });

function followed(traits = {}) {
  const model = new FakeModel(traits), { el, frame, waiting } = page(), seen = [];
  const root = comm.region(el, "ak-test", "Test");
  const { wake, stop } = comm.whole(model, root, (data) => seen.push(data));
  return { model, el, root, frame, waiting, seen, wake, stop };
}

test("changes of one frame are painted once, the newest", () => {
  const { model, root, frame, seen, stop } = followed();
  assert.deepEqual(model.sent, [{ type: "hello", rev: 0 }]);
  model.say(patch(1, "one"));
  model.say(patch(2, "two"));
  frame();
  assert.deepEqual(seen, ["two"]);
  assert.equal(root.dataset.rev, "2");
  stop();
});

test("what is older than what is shown is left aside, and so is what is no patch", () => {
  const { model, frame, seen, stop } = followed();
  model.say(patch(5, "five"));
  model.say(patch(3, "three"));
  model.say({ type: "page", rev: 9, data: "other" });
  frame();
  assert.deepEqual(seen, ["five"]);
  stop();
});

test("the first paint tells when its oldest event happened, a click alone tells nothing", () => {
  const { model, root, frame, wake, stop } = followed();
  const told = [];
  root.addEventListener("agentkit:painted", (event) => told.push(event.detail.sent));
  model.say(patch(1, "one", 7));
  model.say(patch(2, "two", 8));
  frame();
  wake();
  frame();
  assert.deepEqual(told, [7]);
  stop();
});

test("what the notebook kept is drawn without a kernel, and nothing is left behind", () => {
  const { model, el, frame, waiting, seen, wake, stop } = followed({ frozen: { rev: 3, rows: [] } });
  frame();
  assert.equal(seen[0].rev, 3);
  wake();
  stop();
  assert.equal(model.listeners.size + waiting() + el.children.length, 0);
});

test("a key presses what a mouse clicks, and only the keys of a button", () => {
  page();
  let pressed = 0;
  const made = comm.clickable(comm.html("div"), () => { pressed += 1; });
  for (const key of ["Enter", " ", "a"]) made.dispatchEvent(Object.assign(new Event("keydown"), { key }));
  made.dispatchEvent(new Event("click"));
  assert.equal(pressed, 3);
  assert.equal(made.getAttribute("role"), "button");
});

test("durations and texts are short", () => {
  assert.deepEqual([null, 0.25, 2.5, 42, 130].map(comm.seconds), ["–", "250 ms", "2.5 s", "42 s", "2 min 10 s"]);
  assert.equal(comm.cut("a long line", 40, 12), "a lo…");
});

test("a still picture is hidden while a live one is there, and shows again when the last has gone", async () => {
  const graph = await widget("graph.js"), { el } = page(), model = new FakeModel({ still: "agentkit-1" });
  const one = graph.default().render({ model, el }), other = graph.default().render({ model, el });
  assert.equal(document.head.children.length, 1);
  assert.match(document.head.children[0].textContent, /\.agentkit-1/);
  one();
  assert.equal(document.head.children.length, 1);
  other();
  assert.equal(document.head.children.length, 0);
});
