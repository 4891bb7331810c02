/** The sheet of a memory map: items as dots, the query as a diamond, lines to what was found. */
import { clickable, html, svg } from "./dom.js";
import { SIDE, apart, kind, kinds, reasons, spot } from "./mapfacts.js";

/** @typedef {import("./types").Item} Item */
/** @typedef {import("./types").MapData} MapData */
/** @typedef {import("./types").Recall} Recall */
/**
 * Which item is read, and how another one is chosen.
 * @typedef {{ chosen: string, pick: (id: string) => void, choose: (item: Item) => void }} Reading
 */

const COLOURS = 8;
/** Items whose reasons are pointed at all at once; of more, only the one that is read. */
const POINTERS = 12;

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/**
 * Arrow keys go from item to item, because hundreds of stops for the tabulator would be none.
 * @param {KeyboardEvent} event
 * @param {Item[]} items
 * @param {Reading} reading
 */
function walk(event, items, { chosen, choose }) {
  const step = STEPS[event.key];
  if (!step || !items.length) return;
  event.preventDefault();
  const at = items.findIndex((item) => item.id === chosen);
  const next = items[(at + step + items.length) % items.length];
  const sheet = /** @type {Element} */ (event.currentTarget);
  const dots = /** @type {SVGElement[]} */ ([...(sheet.querySelectorAll?.("[data-id]") ?? [])]);
  dots.find((one) => one.dataset.id === next.id)?.focus();
  choose(next);
}

/**
 * @param {Item} item
 * @param {number[]} at
 * @param {{ rank: number, tone: number, reachable: boolean }} look
 * @param {Reading} reading
 */
function dot(item, [x, y], { rank, tone, reachable }, { chosen, pick }) {
  const look = `item tone-${tone}${rank ? " hit" : ""}${item.id === chosen ? " chosen" : ""}`;
  const made = svg("g", { class: look, "aria-label": `${rank ? `found ${rank}: ` : ""}${item.text.slice(0, 200)}`, "data-id": item.id },
    svg("title", {}, item.text.slice(0, 300)), svg("circle", { cx: x, cy: y, r: rank ? 9 : 4.5 }));
  if (rank) made.append(svg("text", { x, y: y + 3.4 }, String(rank)));
  clickable(made, () => pick(item.id));
  if (!reachable) made.setAttribute("tabindex", "-1");
  return made;
}

/**
 * Lines from items to what they were drawn from.
 * @param {Item[]} items
 * @param {(item: Item) => string} place
 * @param {string} chosen
 */
function pointers(items, place, chosen) {
  const read = items.find((item) => item.id === chosen), pointed = items.filter((item) => item.about.because);
  const from = [...(pointed.length <= POINTERS ? pointed.filter((item) => item !== read) : []), ...(read ? [read] : [])];
  return from.flatMap((item) => reasons(item, items).map((one) =>
    svg("path", { class: item === read ? "because read" : "because", d: `M${place(item)}L${place(one)}` })));
}

/**
 * Where each item stands; those that were found stand so that their numbers can be read.
 * @param {Item[]} items
 * @param {Item[]} hits
 */
function placed(items, hits) {
  const places = new Map(items.map((item) => [item, spot(item.at)]));
  apart(hits.map((item) => spot(item.at))).forEach((place, i) => places.set(hits[i], place));
  /** @param {Item} item */
  return (item) => places.get(item) ?? [0, 0];
}

/**
 * The sheet, with what it says below.
 * @param {MapData} data
 * @param {Recall | undefined} recall
 * @param {Reading} reading
 */
export function sheet(data, recall, reading) {
  const ranks = new Map((recall?.hits ?? []).map((hit, i) => [hit.id, i + 1])), order = kinds(data.items);
  /** @param {Item} item */
  const rank = (item) => ranks.get(item.id) ?? 0;
  // The best hit is drawn last, so that nothing covers it.
  const others = data.items.filter((item) => !rank(item)), hits = data.items.filter(rank).sort((a, b) => rank(b) - rank(a));
  const at = placed(data.items, hits), first = reading.chosen || data.items[0]?.id, from = recall?.at && spot(recall.at);
  /** @param {Item} item */
  const words = (item) => at(item).join(" ");
  /** @param {Item} item */
  const shown = (item) => dot(item, at(item), { rank: rank(item), tone: Math.max(0, order.indexOf(kind(item))) % COLOURS, reachable: rank(item) > 0 || item.id === first }, reading);
  const made = svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "group", "aria-label": "Stored items; arrow keys go from one to the next" },
    ...(from ? hits.map((item) => svg("path", { class: "ray", d: `M${from.join(" ")}L${words(item)}` })) : []),
    ...pointers(data.items, words, reading.chosen), ...others.map(shown), ...hits.map(shown));
  if (from && recall) made.append(svg("path", { class: "query", d: `M${from[0]} ${from[1] - 8.5}l8.5 8.5l-8.5 8.5l-8.5 -8.5z` }, svg("title", {}, recall.query)));
  made.addEventListener("keydown", (event) => walk(event, data.items, reading));
  const below = html("div", "ak-below", data.items.length ? `The map shows ${Math.round(100 * data.share)} % of how the items differ.` : "Nothing is stored yet.");
  const legend = html("div", "ak-legend", "", ...order.map((name, i) => html("span", `ak-key tone-${i % COLOURS}`, name || "other")));
  return html("div", "ak-sheet", "", made, legend, below);
}
