/** Ballots: who held what in each round, and what the majority made of it. Python folds, this draws. */
import { heading, html, nothing, region } from "./dom.js";
import { whole } from "./follow.js";

/** @typedef {import("./types").Cell} Cell */
/** @typedef {import("./types").Round} Round */

const COLOURS = 8;

/**
 * What stands in a cell: a sign for a change of mind, and the answer.
 * @param {Cell} cell
 */
const answered = (cell) => `${cell.changed ? "↷ " : ""}${cell.answer ?? "no answer"}`;

/**
 * Right, wrong, or not known.
 * @param {boolean | null} right
 */
export const sign = (right) => (right == null ? "" : right ? " ✓" : " ✗");

/**
 * What stands in a cell, and whether it is right.
 * @param {Cell} cell
 */
export const label = (cell) => `${answered(cell)}${sign(cell.right)}`;

/**
 * A cell in a sentence, for those who do not see it.
 * @param {string} who
 * @param {string} round
 * @param {Cell} cell
 */
export function spoken(who, round, cell) {
  const held = cell.answer == null ? "gave no answer" : `${cell.changed ? "changed to" : "held"} ${cell.answer}`;
  const worth = cell.right == null ? "" : cell.right ? ", which is right" : ", which is wrong";
  return `${round}: ${who} ${held}${worth}${cell.absent ? ` (absent: ${cell.absent})` : ""}`;
}

/**
 * @param {string} text
 * @param {"row" | "col"} scope
 */
function header(text, scope) {
  const made = html("th", "", text);
  made.setAttribute("scope", scope);
  made.setAttribute("title", text);
  return made;
}

/**
 * @param {string} who
 * @param {string} round
 * @param {Cell} cell
 */
function held(who, round, cell) {
  const look = ["ak-chip", cell.tone == null ? "none" : `tone-${cell.tone % COLOURS}`];
  if (cell.changed) look.push("changed");
  if (cell.absent) look.push("absent");
  const chip = html("span", look.join(" "), "", html("span", "ak-answer", answered(cell)));
  if (cell.right != null) chip.append(html("span", cell.right ? "ak-right" : "ak-wrong", cell.right ? "✓" : "✗"));
  if (cell.mark) chip.append(html("span", "ak-mark", cell.mark));
  chip.setAttribute("title", spoken(who, round, cell));
  return html("td", "", "", chip);
}

/** @param {Round} round */
function majority(round) {
  const tie = round.lead.length > 1 ? `tie of ${round.lead.length}` : "";
  const lead = html("b", round.right == null ? "" : round.right ? "ak-right" : "ak-wrong", `${tie || (round.lead[0] ?? "–")}${sign(round.right)}`);
  lead.setAttribute("title", round.lead.join(" = "));
  return html("td", "", "", lead, html("span", "ak-votes", round.votes));
}

/** @param {import("./types").BallotTable} table */
function section(table) {
  const rows = html("table", "", "",
    html("thead", "", "", html("tr", "", "", html("td"), ...table.rounds.map((round) => header(round.label, "col")))),
    html("tbody", "", "", ...table.members.map((who) => html("tr", "", "", header(who, "row"), ...table.rounds.map((round) => held(who, round.label, round.cells[who]))))),
    html("tfoot", "", "", html("tr", "", "", header("majority", "row"), ...table.rounds.map(majority))));
  return html("section", "", "", heading(table.path || "vote", table.said),
    html("div", "ak-scroll", "", rows), html("div", "ak-remarks", "", ...table.remarks.map((text) => html("p", "", text))));
}

/**
 * Draw the ballots into an element and keep them up to date; returns the clean-up.
 * @param {import("./types").Shown} shown
 */
export function render({ model, el }) {
  const root = region(el, "ak-ballots", "Ballots");

  /** @param {import("./types").BallotsData} data */
  function paint(data) {
    const found = data.tables.map(section);
    root.replaceChildren(...(found.length ? found : [nothing("Nobody has voted yet.")]));
  }
  return whole(model, root, paint).stop;
}

export default { render };
