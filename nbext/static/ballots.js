// @ts-check
/** Ballots: who held what in each round, and what the majority made of it. Python folds, this draws. */

const COLOURS = 8;

/** What stands in a cell: a sign for a change of mind, the answer, and whether it is right. */
export const label = (cell) => `${cell.changed ? "↷ " : ""}${cell.answer ?? "no answer"}${sign(cell.right)}`;

/** Right, wrong, or not known. */
export const sign = (right) => (right == null ? "" : right ? " ✓" : " ✗");

/** A cell in a sentence, for those who do not see it. */
export function spoken(who, round, cell) {
  const held = cell.answer == null ? "gave no answer" : `${cell.changed ? "changed to" : "held"} ${cell.answer}`;
  const worth = cell.right == null ? "" : cell.right ? ", which is right" : ", which is wrong";
  return `${round}: ${who} ${held}${worth}${cell.absent ? ` (absent: ${cell.absent})` : ""}`;
}

function header(text, scope, className = "") {
  const made = html("th", className, text);
  made.setAttribute("scope", scope);
  return made;
}

function held(who, round, cell) {
  const look = ["ak-chip", cell.tone == null ? "none" : `tone-${cell.tone % COLOURS}`];
  if (cell.changed) look.push("changed");
  if (cell.absent) look.push("absent");
  const chip = html("span", look.join(" "), "", html("span", "ak-answer", `${cell.changed ? "↷ " : ""}${cell.answer ?? "no answer"}`));
  if (cell.right != null) chip.append(html("span", cell.right ? "ak-right" : "ak-wrong", cell.right ? "✓" : "✗"));
  if (cell.mark) chip.append(html("span", "ak-mark", cell.mark));
  chip.setAttribute("title", spoken(who, round, cell));
  return html("td", "", "", chip);
}

function majority(round) {
  const tie = round.lead.length > 1 ? `tie of ${round.lead.length}` : "";
  const lead = html("b", round.right == null ? "" : round.right ? "ak-right" : "ak-wrong", `${tie || (round.lead[0] ?? "–")}${sign(round.right)}`);
  lead.setAttribute("title", round.lead.join(" = "));
  return html("td", "", "", lead, html("span", "ak-votes", round.votes));
}

function section(table) {
  const rows = html("table", "", "",
    html("thead", "", "", html("tr", "", "", html("td"), ...table.rounds.map((round) => header(round.label, "col")))),
    html("tbody", "", "", ...table.members.map((who) => html("tr", "", "", header(who, "row"), ...table.rounds.map((round) => held(who, round.label, round.cells[who]))))),
    html("tfoot", "", "", html("tr", "", "", header("majority", "row"), ...table.rounds.map(majority))));
  return html("section", "", "", html("div", "ak-head", "", html("b", "", table.path || "vote"), html("span", "ak-said", table.said)),
    html("div", "ak-scroll", "", rows), html("div", "ak-remarks", "", ...table.remarks.map((text) => html("p", "", text))));
}

/** Draw the ballots into an element and keep them up to date; returns the clean-up. */
export function draw(model, el) {
  const root = region(el, "ak-ballots", "Ballots");

  function paint(data) {
    const shown = data.tables.map(section);
    root.replaceChildren(...(shown.length ? shown : [html("p", "ak-none", "Nobody has voted yet.")]));
  }
  return whole(model, root, paint).stop;
}

export default { render: ({ model, el }) => draw(model, el) };
