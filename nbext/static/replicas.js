/** What each replica of a board holds of each key, who wrote it, and what went wrong. Python folds, this draws. */
import { clickable, details, heading, html, nothing, region } from "./dom.js";
import { whole } from "./follow.js";
import { visible } from "./words.js";

/** @typedef {import("./types").Version} Version */
/** @typedef {import("./types").Replica} Replica */
/** @typedef {import("./types").ReplicasData} ReplicasData */

const COLOURS = 8;

/**
 * How a replica stands.
 * @param {Replica} replica
 */
export const lag = (replica) => [replica.behind ? `${replica.behind} behind` : "", replica.state].filter(Boolean).join(", ");

/**
 * A version in a sentence, for those who do not see it.
 * @param {string} key
 * @param {string} replica
 * @param {Version} one
 * @param {number} siblings
 */
export function spoken(key, replica, one, siblings) {
  const facts = [one.version, one.who && `written by ${one.who}`, one.based_on && `based on ${one.based_on}`, siblings > 1 && `one of ${siblings} siblings`];
  return `${key} on ${replica}: ${one.value} (${facts.filter(Boolean).join(", ")})`;
}

/** @param {Replica} replica */
function header(replica) {
  const made = html("th", "", "", html("span", "ak-replica", replica.name), html("span", lag(replica) ? "ak-lag late" : "ak-lag", lag(replica) || "up to date"));
  made.setAttribute("scope", "col");
  return made;
}

/**
 * What is known of a version.
 * @param {string} key
 * @param {string} replica
 * @param {Version} one
 */
function about(key, replica, one) {
  const at = one.at == null ? "" : new Date(one.at * 1000).toLocaleTimeString();
  const facts = [["key", key], ["replica", replica], ["value", one.value], ["version", one.version], ["written by", one.who], ["based on", one.based_on], ["at", at]];
  return details(facts.filter(([, text]) => text));
}

/**
 * @param {import("./types").KeyRow} line
 * @param {(one: Version, replica: number, siblings: number) => HTMLElement} chip
 */
function row(line, chip) {
  const name = html("th", "ak-key", "", html("div", "ak-named", line.key));
  name.setAttribute("scope", "row");
  return html("tr", "", "", name, ...line.cells.map((versions, i) => html("td", "", versions.length ? "" : "–",
    ...versions.map((one) => chip(one, i, versions.length)))));
}

/** @param {ReplicasData["troubles"]} troubles */
const list = (troubles) => html("ol", "ak-troubles", "",
  ...troubles.map((one) => html("li", `ak-trouble ${one.topic}`, "", html("span", "", one.told), html("span", "ak-who", one.who))).reverse());

/**
 * Draw the board into an element and keep it up to date; returns the clean-up.
 * @param {import("./types").Shown} shown
 */
export function render({ model, el }) {
  const root = region(el, "ak-replicas", "Board");
  let chosen = "";
  /** @type {HTMLElement[]} */
  let read = [];

  /**
   * @param {string} key
   * @param {string} replica
   * @param {Version} one
   * @param {number} siblings
   */
  function chip(key, replica, one, siblings) {
    const id = `${key} ${replica} ${one.version}`;
    if (id === chosen) read = [about(key, replica, one)];
    const look = ["ak-version", `tone-${one.tone % COLOURS}`, siblings > 1 ? "sibling" : "", id === chosen ? "chosen" : ""];
    const made = html("div", look.filter(Boolean).join(" "), "", html("div", "ak-value", one.value), html("div", "ak-under", [one.version, one.who].filter(Boolean).join(" · ")));
    made.dataset.id = id;
    made.setAttribute("aria-label", visible(spoken(key, replica, one, siblings)));
    return clickable(made, () => { chosen = chosen === id ? "" : id; wake(); });
  }
  /** @param {ReplicasData} data */
  function paint(data) {
    read = [];
    const rows = data.keys.map((line) => row(line, (one, i, siblings) => chip(line.key, data.replicas[i].name, one, siblings)));
    const table = html("table", "", "", html("thead", "", "", html("tr", "", "", html("td"), ...data.replicas.map(header))), html("tbody", "", "", ...rows));
    root.replaceChildren(heading(data.name, data.headline), rows.length ? html("div", "ak-scroll", "", table) : nothing("Nothing is written yet."),
      ...read, ...(data.troubles.length ? [list(data.troubles)] : []));
  }
  const { wake, stop } = whole(model, root, paint);
  return stop;
}

export default { render };
