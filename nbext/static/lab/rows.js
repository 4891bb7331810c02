/** A run, a question and an actor as elements of the panel. Names and words are only ever text. */
import { html, whenPressed } from "../dom.js";
import { SAID, cost, facts, goesOn, health, short } from "./runs.js";
import { visible } from "../words.js";

/** @typedef {import("./types").Run} Run */
/** @typedef {(what: string, run: Run) => void} Act */

/** @type {[string, string][]} */
const VIEWS = [["graph", "Graph"], ["timeline", "Timeline"], ["bill", "Bill"], ["transcript", "Transcript"], ["events", "Events"]];

/**
 * A button of the panel; its key lets it keep the focus when it is drawn anew.
 * @param {string} text
 * @param {string} key
 * @param {() => void} act
 */
export function press(text, key, act) {
  const made = html("button", "ak-press", text);
  made.dataset.id = key;
  whenPressed(made, act);
  return made;
}

/**
 * What can be done with a run: look at it, and what its notebook allows.
 * @param {Run} run
 * @param {boolean} open whether its notebook is
 * @param {string} first the run that was chosen to be compared, if one was
 * @returns {[string, string][]}
 */
export function actions(run, open, first = "") {
  const compare = first === run.id ? "Do not compare" : first ? `Compare with ${short(first)}` : "Compare…";
  /** @type {[string, string][]} */
  const found = [...VIEWS, ["compare", compare]];
  if (run.origin && !first) found.push(["origin", `Compare with ${short(run.origin)}`]);
  if (!open) return found;
  if (goesOn(run) && run.mine) found.push(["stop", "Stop"]);
  if (["failed", "cancelled", "lost"].includes(run.state) && run.actor) found.push(["resume", "Resume"]);
  if (!goesOn(run) && run.actor) found.push(["rerun", "Run again"], ["fork", "Fork"]);
  return [...found, ["cell", "Go to cell"]];
}

/**
 * @param {Run} run
 * @param {number} now
 * @param {boolean} chosen whether its actions are shown
 * @param {boolean} open whether its notebook is
 * @param {(run: Run) => void} choose
 * @param {Act} act
 * @param {{ from: string; first: string }} more where it was started, if that is to be said; and the run it may be compared with
 */
export function runRow(run, now, chosen, open, choose, act, { from, first }) {
  const row = html("li", `ak-run ak-is-${run.state.replace(/\W/g, "")}`);
  const line = [from, facts(run, now)].filter(Boolean).join(" · "), said = `${run.name}, ${line}, ${cost(run)}`;
  const head = html("button", "ak-run-head", "", html("span", "ak-dot"), html("span", "ak-run-name", run.name || short(run.id)), html("span", "ak-run-cost", cost(run)));
  head.dataset.id = `run ${run.id}`;
  head.title = visible(`${run.name}\n${run.id}`);
  head.setAttribute("aria-expanded", String(chosen));
  head.setAttribute("aria-label", visible(said));
  head.addEventListener("click", () => choose(run));
  row.append(head, html("div", "ak-small", line));
  if (goesOn(run) && run.doing) row.append(html("div", "ak-small ak-doing", run.doing));
  if (chosen) {
    const made = actions(run, open, first).map(([what, text]) => press(text, `${what} ${run.id}`, () => act(what, run)));
    row.append(html("div", "ak-actions", "", ...made));
  } else if (open && goesOn(run) && run.mine) {
    const stop = press("Stop", `stop ${run.id}`, () => act("stop", run));
    stop.classList.add("ak-stop");
    stop.setAttribute("aria-label", visible(`Stop ${run.name}`));
    row.append(stop);
  }
  return row;
}

/** So many options of a question have a button here, with so many characters on it. */
const OPTIONS = 50, LABEL = 200;

/**
 * A question with its buttons, and a field where other words are an answer.
 * @param {import("./types").Question} question
 * @param {(text: string) => void} answer
 */
export function questionRow(question, answer) {
  const row = html("li", "ak-question", "", html("div", "ak-asker", `${question.agent || "An agent"} asks you`), html("p", "", question.text));
  const choices = html("div", "ak-actions", "", ...question.options.slice(0, OPTIONS).map((text, n) => {
    const made = press(text.length > LABEL ? `${text.slice(0, LABEL)}…` : text, `answer ${question.id} ${n}`, () => answer(text));
    if (text.length > LABEL) made.title = visible(text);
    return made;
  }));
  const more = question.options.length - OPTIONS;
  if (more > 0) choices.append(html("span", "ak-small", `${more} more options: see the question in its cell.`));
  row.append(choices);
  if (question.words || !question.options.length) {
    const field = html("input", "ak-field");
    field.dataset.id = `words ${question.id}`;
    field.setAttribute("aria-label", visible(`Your answer to: ${question.text}`));
    field.placeholder = "Your answer";
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") answer(field.value); });
    choices.append(field, press("Send", `send ${question.id}`, () => answer(field.value)));
  }
  return row;
}

/**
 * @param {import("./types").Actor} actor
 * @param {Iterable<Run>} runs
 */
export function actorRow(actor, runs) {
  const state = health(runs, actor.called);
  const row = html("li", "ak-actor", "", html("b", "", actor.name), html("span", "ak-small", [actor.what, actor.model, state].filter(Boolean).join(" · ")));
  if (actor.tools.length) row.title = `Tools: ${actor.tools.join(", ")}`;
  row.classList.toggle("ak-bad", /failed/.test(state));
  return row;
}

/** @param {string} state */
export const stateText = (state) => SAID[state] ?? state;
