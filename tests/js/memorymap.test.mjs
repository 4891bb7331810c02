import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeModel, page, widget } from "./fake.mjs";

const map = await widget("memorymap.js", "mapfacts.js");

const item = (id, at, more = {}) => ({ id, text: `text of ${id}`, at, about: {}, ...more });
const hit = (id, parts) => ({ id, score: Object.values(parts).reduce((a, b) => a + b, 0), parts, text: `<i>${id}</i>` });
const recall = (n, ...hits) => ({ n, query: `query ${n}`, who: "clerk", at: [0.5, 0.5], hits });
const state = (rev, items, recalls) => ({ type: "patch", from: 0, rev, t: 1, data: { rev, name: "notes", said: "hashed", count: items.length, share: 0.4, items, recalls, live: false } });
const THREE = [item("a", [0, 0]), item("b", [1, 1]), item("c", [0.2, 0.9])];

function drawn(...given) {
  const model = new FakeModel(), { el, frame, waiting } = page();
  const stop = map.default.render({ model, el });
  model.say(state(1, ...given));
  frame();
  return { model, el, frame, waiting, stop };
}

test("what lies outside the sheet is put on its rim", () => {
  const [x, y] = map.spot([9, -9]), [right, low] = map.spot([1, 0]);
  assert.ok(x > right && x < right + 20 && y > low && y < low + 20);
});

test("hits that cover each other are moved apart, and no further", () => {
  const moved = map.apart([[100, 100], [100, 100], [104, 100], [300, 300], [10, 10], [10, 10]]);
  for (const [i, a] of moved.entries()) for (const b of moved.slice(0, i)) assert.ok(Math.hypot(a[0] - b[0], a[1] - b[1]) > 15, `${a} ${b}`);
  assert.deepEqual(moved[3], [300, 300]);
  assert.ok(moved.flat().every((value) => value >= 10 && value <= 350));
});

test("a hit says its score and the parts of it", () => {
  assert.equal(map.spoken({ score: 1.5, parts: { relevance: 1, recency: 0.5 }, text: "t" }, 2), "2. score 1.50 (relevance 1.00, recency 0.50): t");
});

test("items are dots, hits have ranks and lines to the query, and texts stay text", () => {
  const { model, el, waiting, stop } = drawn(THREE, [recall(1, hit("b", { relevance: 0.8 }), hit("a", { relevance: 0.2 }))]);
  assert.equal(el.byClass("item").length, 3);
  assert.deepEqual(el.byClass("hit").map((e) => e.attributes["data-id"]), ["a", "b"], "the best hit last, so that nothing covers it");
  assert.equal(el.byClass("ray").length, 2);
  assert.ok(el.textContent.includes("<i>b</i>"));
  stop();
  assert.equal(model.listeners.size + waiting() + el.children.length, 0);
});

test("a click on a dot or a hit shows the item, a second one hides it", () => {
  const { el, frame, stop } = drawn([item("a", [0, 0], { about: { port: "Amber" } }), THREE[1]], [recall(1, hit("a", { relevance: 1 }))]);
  const press = (name) => { el.byClass(name)[0].dispatchEvent(new Event("click")); frame(); };
  press("ak-hit");
  assert.ok(el.byClass("ak-read")[0].textContent.includes("text of a"));
  assert.ok(el.byClass("ak-read")[0].textContent.includes("port: Amber"));
  press("ak-hit");
  assert.equal(el.byClass("ak-read").length, 0);
  press("item");
  assert.ok(el.byClass("ak-read")[0].textContent.includes("text of b"));
  stop();
});

test("arrow keys go from item to item, and one of them is a stop for the tabulator", () => {
  const { el, frame, stop } = drawn(THREE, []);
  assert.equal(el.byClass("item").filter((e) => e.attributes.tabindex === "0").length, 1);
  const [picture] = el.all((e) => e.tag === "svg");
  for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft"]) { el.all((e) => e.tag === "svg")[0].dispatchEvent(Object.assign(new Event("keydown"), { key })); frame(); }
  assert.ok(picture);
  assert.ok(el.byClass("ak-read")[0].textContent.includes("text of a"));
  stop();
});

test("earlier searches can be looked at again", () => {
  const { el, frame, stop } = drawn(THREE, [recall(1, hit("a", { relevance: 1 })), recall(2, hit("c", { relevance: 1 }))]);
  assert.ok(el.byClass("ak-asked")[0].textContent.includes("query 2"));
  el.byClass("ak-button")[0].dispatchEvent(new Event("click"));
  frame();
  assert.ok(el.byClass("ak-asked")[0].textContent.includes("query 1"));
  assert.equal(el.byClass("ak-button")[0].disabled, true);
  stop();
});

test("a reflection points to what it was drawn from, more plainly when it is read", () => {
  const thought = item("r", [0.5, 0.5], { about: { kind: "reflection", because: "a c", importance: 8.25, reflected: false } });
  const { el, frame, stop } = drawn([...THREE, thought], []);
  assert.equal(el.byClass("because").length, 2);
  assert.equal(el.byClass("read").length, 0);
  el.byClass("item").at(-1).dispatchEvent(new Event("click"));
  frame();
  assert.equal(el.byClass("read").length, 2);
  assert.deepEqual(el.byClass("ak-about").map((e) => e.textContent), ["kind: reflection · importance: 8.25", "because: text of a", "because: text of c"]);
  stop();
});

test("the whole text of a long item is asked for once, when it is read", () => {
  const { model, el, frame, stop } = drawn([item("a", [0, 0], { more: true })], []);
  const press = () => { el.byClass("item")[0].dispatchEvent(new Event("click")); frame(); };
  press();
  assert.deepEqual(model.sent.at(-1), { type: "text", id: "a" });
  model.say({ type: "text", id: "a", text: "all of <i>it</i>" });
  frame();
  assert.equal(el.byClass("ak-full")[0].textContent, "all of <i>it</i>");
  press();
  press();
  assert.equal(model.sent.filter((one) => one.type === "text").length, 1);
  stop();
});
