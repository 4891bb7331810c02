/** The live bill: what each actor and each model used. Python folds, this draws. */
import { html, region } from "./dom.js";
import { whole } from "./follow.js";
import { count, money, seconds } from "./words.js";

/** @typedef {import("./types").Account} Account */

/**
 * The cells of an account's row.
 * @param {Account} account
 */
export const row = (account) => [
  account.name, count(account.calls), count(account.tokens_in), count(account.tokens_cached), count(account.tokens_out),
  money(account.cost_usd, account.unpriced), seconds(account.p50_s), seconds(account.p95_s),
];

/**
 * What an account used since the last resume, in a sentence.
 * @param {Account} latest
 */
function resumed(latest) {
  const calls = latest.calls === 1 ? "1 call" : `${count(latest.calls)} calls`;
  const cost = money(latest.unpriced ? latest.cost_usd : latest.cost_usd ?? 0, latest.unpriced);
  return `Since the last resume: ${calls}, ${count(latest.tokens_in)} + ${count(latest.tokens_out)} tokens, ${cost}. The table has the whole run.`;
}

/**
 * What the table does not show.
 * @param {Account} total
 * @param {Account | null} latest
 */
export function remarks(total, latest = null) {
  const found = latest ? [resumed(latest)] : [];
  if (total.saved_steps) {
    const worth = total.saved_usd == null ? "" : `, worth ${money(total.saved_usd)}`;
    found.push(`Reused steps, not paid again: ${total.saved_steps} (${count(total.saved.tokens_in + total.saved.tokens_out)} tokens${worth}).`);
  }
  if (total.failed) found.push(`Failed steps: ${total.failed}.`);
  if (total.unpriced) found.push(`Calls of unknown price, not in the sum: ${total.unpriced}.`);
  return found;
}

const HEAD = ["", "calls", "tokens in", "cached", "out", "cost", "p50", "p95"];

/** @param {Account} account */
const tokens = (account) => account.tokens_in + account.tokens_out;

/**
 * @param {Account} account
 * @param {number} most tokens of the largest account beside it, 0 for none
 */
function line(account, most) {
  const made = html("tr");
  row(account).forEach((text, i) => {
    const cell = html(i ? "td" : "th", i === 5 && account.cost_usd == null ? "ak-none" : "", i ? text : "");
    if (!i) {
      const bar = html("span", "ak-share");
      bar.style.width = `${((most ? tokens(account) / most : 0) * 100).toFixed(1)}%`;
      cell.setAttribute("scope", "row");
      cell.append(html("span", "ak-name", text), html("span", "ak-track", "", bar));
    }
    made.append(cell);
  });
  return made;
}

/**
 * @param {string} name
 * @param {Account[]} accounts
 */
function section(name, accounts) {
  const most = Math.max(...accounts.map(tokens), 0), title = html("td", "", name);
  title.setAttribute("colspan", String(HEAD.length));
  return html("tbody", "", "", html("tr", "ak-section", "", title), ...accounts.map((account) => line(account, most)));
}

/**
 * Draw the bill into an element and keep it up to date; returns the clean-up.
 * @param {import("./types").Shown} shown
 */
export function render({ model, el }) {
  const root = region(el, "ak-bill", "Bill"), table = html("table"), notes = html("div", "ak-notes");
  const head = html("thead", "", "", html("tr", "", "", ...HEAD.map((text) => html("th", "", text))));
  table.setAttribute("aria-label", "Bill");
  root.append(table, notes);

  /** @param {import("./types").LedgerData} data */
  function paint(data) {
    const parts = [head];
    if (data.actors.length) parts.push(section("actors", data.actors));
    if (data.models.length) parts.push(section("models", data.models));
    table.replaceChildren(...parts, html("tfoot", "", "", line(data.total, 0)));
    notes.replaceChildren(...remarks(data.total, data.latest).map((text) => html("p", "", text)));
  }
  return whole(model, root, paint).stop;
}

export default { render };
