import assert from "node:assert/strict";
import { test } from "node:test";
import { widget } from "./fake.mjs";

const { Talk } = await widget("lab/talk.js");

const turn = (run, state = "done", shown = "yes") => ({ run, actor: "clerk", said: "May I?", state, shown, graph: false });
const news = (turns, whole = false) => ({ kind: "chat", protocol: 1, whole, turns });
const runs = (talk) => talk.turns.map((one) => one.run);

test("turns come and change one by one", () => {
  const talk = new Talk();
  talk.take(news([], true));
  talk.take(news([turn("a", "asking", "y")]));
  assert.equal(talk.asking.run, "a");
  talk.take(news([turn("a")]));
  talk.take(news([turn("b", "failed")]));
  assert.deepEqual(talk.turns.map((one) => [one.run, one.shown]), [["a", "yes"], ["b", "yes"]]);
  assert.equal(talk.asking, null);
  assert.equal(talk.stopped.run, "b");
  assert.equal(talk.answered.run, "a");
});

test("a new conversation, begun here or in another page, is empty", () => {
  const talk = new Talk();
  talk.take(news([turn("a")], true));
  assert.deepEqual(talk.take(news([], true)), []);
  assert.deepEqual(talk.turns, []);
});

test("a kernel that is gone leaves what was said, and the next one looks it up", () => {
  const talk = new Talk();
  talk.take(news([turn("a"), turn("b", "asking")], true));
  talk.lose();
  assert.deepEqual([talk.broken, talk.turns[1].state, [...talk.breaks]], [true, "lost", ["b"]]);
  assert.deepEqual(talk.take(news([], true)), ["a", "b"]);
  assert.deepEqual(runs(talk), ["a", "b"]);
  talk.take(news([turn("a"), turn("b", "lost")], true));
  assert.deepEqual([talk.broken, runs(talk)], [false, ["a", "b"]]);
  talk.take(news([turn("c")]));
  assert.deepEqual(runs(talk), ["a", "b", "c"]);
});

test("what the log has lost is kept as it was seen", () => {
  const talk = new Talk();
  talk.take(news([turn("a"), turn("b")], true));
  talk.lose();
  talk.take(news([], true));
  talk.take(news([turn("b")], true));
  assert.deepEqual(runs(talk), ["a", "b"]);
});

test("a kernel without a conversation breaks nothing", () => {
  const talk = new Talk();
  talk.lose();
  assert.equal(talk.broken, false);
});

test("a page that is loaded anew asks once for what it had", () => {
  const before = new Talk();
  for (let n = 0; n < 150; n++) before.put(turn(`${n}`));
  const talk = new Talk();
  talk.remember(before.kept());
  const wanted = talk.take(news([], true));
  assert.deepEqual([wanted.length, wanted[0], wanted.at(-1)], [100, "50", "149"]);
  assert.deepEqual(talk.take(news([], true)), []);
  for (const odd of [null, "{", "7", '{"a": 1}', "[1, null]"]) {
    const other = new Talk();
    other.remember(odd);
    assert.deepEqual(other.take(news([], true)), [], String(odd));
  }
  const live = new Talk();
  live.remember('["x"]');
  assert.deepEqual(live.take(news([turn("a")], true)), []);
});

test("a page whose kernel went before it had looked up what was said asks the next one", () => {
  const talk = new Talk();
  for (let n = 0; n < 2; n++) {
    talk.remember('["a"]');
    assert.deepEqual(talk.take(news([], true)), ["a"]);
    talk.lose();
  }
});
