/** The memory map: items as dots, each search with what it found and why. Python folds and places, this draws. */
import { clickable, heading, html, nothing, region } from "./dom.js";
import { whole } from "./follow.js";
import { facts, headline, number, reasons, shade, spoken } from "./mapfacts.js";
import { sheet } from "./mapsheet.js";
import { tell } from "./tell.js";
import { visible } from "./words.js";

/** @typedef {import("./types").Hit} Hit */
/** @typedef {import("./types").Item} Item */
/** @typedef {import("./types").MapData} MapData */
/** @typedef {import("./types").Recall} Recall */

/** @param {Hit} hit */
const total = (hit) => Object.values(hit.parts).reduce((sum, part) => sum + Math.max(0, part), 0);

/**
 * A score as bars, one for each part.
 * @param {Hit} hit
 * @param {number} most the largest score
 */
const bars = (hit, most) => html("div", "ak-bars", "", ...Object.entries(hit.parts).map(([name, value]) => {
  const bar = html("span", "ak-part");
  bar.style.width = `${(Math.max(0, value) / most * 60).toFixed(1)}%`;
  bar.style.background = shade(name);
  bar.setAttribute("title", `${name} ${number(value)}`);
  return bar;
}), html("span", "ak-score", number(hit.score)));

/**
 * What a search found, and what the colours of the bars mean.
 * @param {Recall} recall
 * @param {import("./mapsheet.js").Reading} reading
 */
function found(recall, { chosen, pick }) {
  const most = Math.max(1, ...recall.hits.map(total));
  const names = [...new Set(recall.hits.flatMap((hit) => Object.keys(hit.parts)))];
  const rows = recall.hits.map((hit, i) => {
    const row = html("div", hit.id === chosen ? "ak-hit chosen" : "ak-hit", "", html("span", "ak-rank", String(i + 1)), html("div", "ak-what", "", html("div", "ak-text", hit.text), bars(hit, most)));
    row.setAttribute("aria-label", visible(spoken(hit, i + 1)));
    row.dataset.id = `hit ${hit.id}`;
    return clickable(row, () => pick(hit.id));
  });
  const keys = names.map((name) => {
    const key = html("span", "ak-key ak-bar", name);
    key.style.setProperty("--ak-tone", shade(name));
    return key;
  });
  return [...(rows.length ? rows : [nothing("Nothing was found.")]), html("div", "ak-legend", "", ...(names.length > 1 ? keys : []))];
}

/** @param {Recall} recall */
const search = (recall) => html("div", "ak-search", "", html("span", "ak-diamond"),
  html("div", "", "", html("div", "ak-asked", recall.query), html("div", "ak-who", `${recall.who} searched`)));

/**
 * All about the item that is read.
 * @param {Item} item
 * @param {string} text
 * @param {Item[]} items
 */
function read(item, text, items) {
  const about = facts(item.about), because = reasons(item, items).map((one) => `because: ${one.text}`);
  return html("div", "ak-read", "", html("div", "ak-id", item.id), html("div", "ak-full", text),
    ...[about, ...because].filter(Boolean).map((line) => html("div", "ak-about", line)));
}

/**
 * Buttons for the searches before and after one.
 * @param {Recall[]} recalls
 * @param {Recall} recall
 * @param {(recall: Recall) => void} turn
 */
function turner(recalls, recall, turn) {
  const at = recalls.indexOf(recall);
  /** @param {string} text @param {string} label @param {Recall | undefined} to */
  const button = (text, label, to) => {
    const made = html("button", "ak-button", text);
    made.setAttribute("aria-label", visible(label));
    made.dataset.id = label;
    made.disabled = !to;
    if (to) made.addEventListener("click", () => turn(to));
    return made;
  };
  return html("div", "ak-turner", "", button("‹", "Earlier search", recalls[at - 1]),
    html("span", "", `search ${at + 1} of ${recalls.length}`), button("›", "Later search", recalls[at + 1]));
}

/**
 * Draw the map into an element and keep it up to date; returns the clean-up.
 * @param {import("./types").Shown} shown
 */
export function render({ model, el }) {
  const root = region(el, "ak-map", "Memory map");
  let chosen = "";
  /** @type {number | null} */
  let at = null;
  /** @type {Map<string, string>} Whole texts by id, asked for when a long item is read. */
  const texts = new Map();

  /** @param {Item | undefined} item */
  function choose(item) {
    chosen = item?.id ?? "";
    if (item?.more && !texts.has(item.id)) tell(model, { type: "text", id: item.id });
    wake();
  }
  /** @param {MapData} data */
  function paint(data) {
    const recall = data.recalls.find((one) => one.n === at) ?? data.recalls.at(-1);
    /** @param {string} id */
    const pick = (id) => choose(chosen === id ? undefined : data.items.find((one) => one.id === id));
    const reading = { chosen, pick, choose }, item = data.items.find((one) => one.id === chosen);
    const side = recall ? [search(recall), ...found(recall, reading)] : [nothing("Nobody has searched yet.")];
    if (recall && data.recalls.length > 1) side.push(turner(data.recalls, recall, (one) => { at = one.n; wake(); }));
    if (item) side.push(read(item, texts.get(item.id) ?? item.text, data.items));
    root.replaceChildren(heading(data.name, headline(data)), html("div", "ak-both", "", sheet(data, recall, reading), html("div", "ak-side", "", ...side)));
    root.dataset.items = String(data.items.length);
  }
  /** @param {{ type: string, id: string, text: string }} message */
  const answer = (message) => { if (message.type === "text") { texts.set(message.id, message.text); wake(); } };
  model.on("msg:custom", answer);
  const { wake, stop } = whole(model, root, paint);
  return () => { model.off("msg:custom", answer); stop(); };
}

export default { render };
