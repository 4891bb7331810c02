/** Runs as the panel lists them; nothing here knows a page. */
import { count, money, seconds } from "../words.js";

/** @typedef {import("./types").Run} Run */

export const PAGE = 100;

/** States of a run that goes on; these stand first. */
const OPEN = ["waiting", "running"];

/** @type {Record<string, string>} */
export const SAID = {
  running: "running", waiting: "waits for you", done: "done", failed: "failed", cancelled: "cancelled", lost: "lost its kernel",
};

/** @param {Run} run */
export const goesOn = (run) => OPEN.includes(run.state);

/** @param {string} id */
export const short = (id) => id.slice(-8);

/**
 * Runs in the order of the list: what waits for the person, what goes on, then the newest.
 * @param {Iterable<Run>} runs
 */
export function ordered(runs) {
  const rank = (/** @type {Run} */ run) => (OPEN.indexOf(run.state) + OPEN.length + 1) % (OPEN.length + 1);
  return [...runs].sort((a, b) => rank(a) - rank(b) || b.started - a.started || (a.id < b.id ? 1 : -1));
}

/**
 * Those that have all the words, in their name, actor, state or id.
 * @param {Run[]} runs
 * @param {string} words
 */
export function found(runs, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return runs;
  return runs.filter((run) => {
    const text = `${run.name} ${run.actor} ${SAID[run.state] ?? run.state} ${run.id}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/**
 * How long a run took, or has taken until now.
 * @param {Run} run
 * @param {number} now Unix seconds
 */
export const took = (run, now) => seconds(Math.max(0, (run.ended ?? (goesOn(run) ? now : run.started)) - run.started));

/** @param {Run} run */
export const cost = (run) => (run.cost_usd === null ? "unknown" : money(run.cost_usd));

/**
 * A run in a line below its name.
 * @param {Run} run
 * @param {number} now
 */
export function facts(run, now) {
  const calls = `${count(run.calls)} ${run.calls === 1 ? "call" : "calls"}`;
  const length = run.ended === null && !goesOn(run) ? [] : [took(run, now)];
  const origin = run.origin ? [`from ${short(run.origin)}`] : [];
  return [SAID[run.state] ?? run.state, ...origin, calls, `${count(run.tokens)} tokens`, ...length].join(" · ");
}

/**
 * What runs cost together; a price that nobody knows is counted as such.
 * @param {Iterable<Run>} runs
 */
export function total(runs) {
  const sum = { cost_usd: 0, unpriced: 0, tokens: 0, runs: 0 };
  for (const run of runs) {
    sum.cost_usd += run.cost_usd ?? 0;
    sum.unpriced += Number(run.cost_usd === null);
    sum.tokens += run.tokens;
    sum.runs += 1;
  }
  return sum;
}

/** @param {{ cost_usd: number; unpriced: number; tokens: number }} sum */
export const spent = (sum) => `${money(sum.cost_usd, sum.unpriced)} · ${count(sum.tokens)} tokens`;

/**
 * What is left of the budget of the run that goes on, or "" where none is set.
 * @param {Iterable<Run>} runs
 */
export function left(runs) {
  const open = ordered(runs).find((run) => goesOn(run) && run.budget_usd !== null);
  return open ? `${money(Math.max(0, (open.budget_usd ?? 0) - (open.cost_usd ?? 0)))} left` : "";
}

/**
 * How an actor's last runs went.
 * @param {Iterable<Run>} runs
 * @param {string} actor
 */
export function health(runs, actor) {
  const own = ordered(runs).filter((run) => run.actor === actor);
  if (!own.length) return "not asked yet";
  if (goesOn(own[0])) return SAID[own[0].state];
  const last = own.slice(0, 10), bad = last.filter((run) => run.state === "failed" || run.state === "lost").length;
  return bad ? `${bad} of its last ${last.length} ${last.length === 1 ? "run" : "runs"} failed` : "well";
}

/** Until a drawing, at least; and between two, at least and at most. */
const AT_ONCE_MS = 10, BETWEEN_MS = 30, LONGEST_MS = 250;

/**
 * How long to wait for more before it is drawn anew: drawing takes a fifth of the time, whatever one costs.
 * @param {number} took the last drawing, in ms
 * @param {number} since it ended, in ms
 */
export const pause = (took, since) => Math.max(AT_ONCE_MS, Math.min(LONGEST_MS, Math.max(BETWEEN_MS, 4 * took)) - since);

/** @param {string} path */
export const called = (path) => path.split("/").pop() ?? path;
