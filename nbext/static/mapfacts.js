/** What a memory map shows, as numbers and words. */

/** @typedef {import("./types").Item} Item */
/** @typedef {import("./types").Hit} Hit */

export const SIDE = 360;
const PAD = 22;
/** Least distance of two numbered dots, so that both numbers can be read. */
const CLEAR = 19;
/** Relevance is to the query and has its colour; none is a kind's. @type {Record<string, string>} */
const PARTS = { relevance: "#d64550", recency: "#2f9a69", importance: "#8a6fd1", words: "#b7791f" };

/**
 * Where a point of the unit square stands; what lies outside is put on the rim.
 * @param {number[]} point
 */
export function spot([x, y]) {
  /** @param {number} value */
  const inside = (value) => Math.min(1.04, Math.max(-0.04, value)), room = SIDE - 2 * PAD;
  return [PAD + inside(x) * room, PAD + (1 - inside(y)) * room];
}

/**
 * Points moved as little as lets each be read; those that stand in one place go sideways.
 * @param {number[][]} points
 */
export function apart(points) {
  const found = points.map((point) => [...point]);
  /** @param {number} value */
  const inside = (value) => Math.min(SIDE - 10, Math.max(10, value));
  for (let round = 0; round < 30; round++) for (let i = 0; i < found.length; i++) for (let j = 0; j < i; j++) {
    const a = found[j], b = found[i], dx = b[0] - a[0], dy = b[1] - a[1], far = Math.hypot(dx, dy);
    if (far >= CLEAR) continue;
    const [ux, uy] = far > 0.01 ? [dx / far, dy / far] : [1, 0], push = (CLEAR - far) / 2 + 0.01;
    found[j] = [inside(a[0] - ux * push), inside(a[1] - uy * push)];
    found[i] = [inside(b[0] + ux * push), inside(b[1] + uy * push)];
  }
  return found;
}

/**
 * The kind of an item, where it has one.
 * @param {Item} item
 */
export const kind = (item) => String(item.about.kind ?? "");

/**
 * The kinds of items, when there are several.
 * @param {Item[]} items
 */
export function kinds(items) {
  const found = [...new Set(items.map(kind))];
  return found.length > 1 ? found : [];
}

/**
 * The colour of a part of a score.
 * @param {string} name
 */
export const shade = (name) => PARTS[name] ?? "#1f93a3";

/**
 * A score with two places.
 * @param {unknown} value
 */
export const number = (value) => (typeof value === "number" ? value.toFixed(2) : "–");

/**
 * What is stored, in a line.
 * @param {import("./types").MapData} data
 */
export function headline(data) {
  const facts = [`${data.count} ${data.count === 1 ? "item" : "items"}`];
  if (data.items.length < data.count) facts.push(`${data.items.length} of them shown`);
  if (data.said) facts.push(data.said);
  return facts.join(" · ");
}

/**
 * A hit in a sentence, for those who do not see it.
 * @param {Hit} hit
 * @param {number} rank
 */
export function spoken(hit, rank) {
  const parts = Object.entries(hit.parts).map(([name, value]) => `${name} ${number(value)}`);
  return `${rank}. score ${number(hit.score)}${parts.length ? ` (${parts.join(", ")})` : ""}: ${hit.text}`;
}

/**
 * What is known of an item besides its text, as people read it.
 * @param {Record<string, unknown>} about
 */
export function facts(about) {
  const shown = Object.entries(about).filter(([name, value]) => name !== "because" && value !== "" && value !== false);
  return shown.map(([name, value]) => `${name}: ${typeof value === "number" ? Number(value.toFixed(3)) : value}`).join(" · ");
}

/**
 * The items that one was drawn from: a reflection points to them.
 * @param {Item | undefined} item
 * @param {Item[]} items
 */
export function reasons(item, items) {
  const ids = new Set(String(item?.about.because ?? "").split(" "));
  return items.filter((one) => ids.has(one.id));
}
