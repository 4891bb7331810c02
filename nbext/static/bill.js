// @ts-check
/** The live bill: what each actor and each model used. Python folds, this draws. */

/** A count with thin spaces between thousands. */
export const count = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** An amount in USD; what is unknown stays unknown. */
export function money(usd, unpriced = 0) {
  if (usd == null) return unpriced ? "unknown" : "–";
  const digits = usd >= 1 || usd === 0 ? 2 : usd >= 0.01 ? 4 : 6;
  return `$${usd.toFixed(digits)}${unpriced ? ` + ${unpriced} unknown` : ""}`;
}

/** The cells of an account's row. */
export const row = (account) => [
  account.name, count(account.calls), count(account.tokens_in), count(account.tokens_cached), count(account.tokens_out),
  money(account.cost_usd, account.unpriced), seconds(account.p50_s), seconds(account.p95_s),
];

/** What the table does not show. */
export function remarks(total, latest = null) {
  const found = [];
  if (latest) {
    const calls = latest.calls === 1 ? "1 call" : `${count(latest.calls)} calls`, cost = money(latest.unpriced ? latest.cost_usd : latest.cost_usd ?? 0, latest.unpriced);
    found.push(`Since the last resume: ${calls}, ${count(latest.tokens_in)} + ${count(latest.tokens_out)} tokens, ${cost}. The table has the whole run.`);
  }
  if (total.saved_steps) {
    const worth = total.saved_usd == null ? "" : `, worth ${money(total.saved_usd)}`;
    found.push(`Reused steps, not paid again: ${total.saved_steps} (${count(total.saved.tokens_in + total.saved.tokens_out)} tokens${worth}).`);
  }
  if (total.failed) found.push(`Failed steps: ${total.failed}.`);
  if (total.unpriced) found.push(`Calls of unknown price, not in the sum: ${total.unpriced}.`);
  return found;
}

const HEAD = ["", "calls", "tokens in", "cached", "out", "cost", "p50", "p95"];

function line(account, most, className = "") {
  const made = html("tr", className);
  row(account).forEach((text, i) => {
    const cell = html(i ? "td" : "th", i === 5 && account.cost_usd == null ? "ak-none" : "", i ? text : "");
    if (!i) {
      cell.setAttribute("scope", "row");
      const share = most ? (account.tokens_in + account.tokens_out) / most : 0, bar = html("span", "ak-share");
      bar.style.width = `${(share * 100).toFixed(1)}%`;
      cell.append(html("span", "ak-name", text), html("span", "ak-track", "", bar));
    }
    made.append(cell);
  });
  return made;
}

/** Draw the bill into an element and keep it up to date; returns the clean-up. */
export function draw(model, el) {
  const root = region(el, "ak-bill", "Bill"), table = html("table"), notes = html("div", "ak-notes");
  const head = html("thead", "", "", html("tr", "", "", ...HEAD.map((text) => html("th", "", text))));
  table.setAttribute("aria-label", "Bill");
  root.append(table, notes);

  function section(name, accounts) {
    const most = Math.max(...accounts.map((a) => a.tokens_in + a.tokens_out), 0);
    const title = html("td", "", name);
    title.setAttribute("colspan", String(HEAD.length));
    return html("tbody", "", "", html("tr", "ak-section", "", title), ...accounts.map((a) => line(a, most)));
  }
  function paint(data) {
    const parts = [head];
    if (data.actors.length) parts.push(section("actors", data.actors));
    if (data.models.length) parts.push(section("models", data.models));
    table.replaceChildren(...parts, html("tfoot", "", "", line(data.total, 0)));
    notes.replaceChildren(...remarks(data.total, data.latest).map((text) => html("p", "", text)));
  }
  return whole(model, root, paint).stop;
}

export default { render: ({ model, el }) => draw(model, el) };
