/** The parts of a timeline: what it knows, and its grid, lanes, bars and marks. */
import { ROW } from "./axis.js";
import { clickable, svg } from "./dom.js";
import { cut, seconds } from "./words.js";

/** @typedef {import("./types").Bar} Bar */
/** @typedef {import("./types").Rect} Rect */
/** @typedef {import("./types").Lane} Lane */
/** @typedef {import("./types").Totals} Totals */
/** @typedef {ReturnType<typeof import("./axis.js").axis>} Axis */
/**
 * @typedef {object} State
 * @property {number} rev
 * @property {import("./types").Segment[]} segments
 * @property {string[]} order
 * @property {Map<string, Lane>} lanes
 * @property {Map<number, Bar>} bars
 * @property {Totals | null} totals
 * @property {boolean} live
 */

const FIELDS = ["id", "lane", "row", "kind", "label", "start", "end", "status", "reused", "detail", "inside"];
const REUSED = 9;
export const TOP = 26, LABELS = 150;

/** @returns {State} */
export const empty = () => ({ rev: 0, segments: [], order: [], lanes: new Map(), bars: new Map(), totals: null, live: false });

/**
 * Merge a patch; false when a patch in between is missing.
 * @param {State} state
 * @param {import("./types").Patch<import("./types").TimelineData>} message
 */
export function merge(state, message) {
  if (message.from > state.rev) return false;
  if (message.rev < state.rev) return true;
  const { segments, order, lanes, bars, totals, live } = message.data;
  for (const lane of lanes) state.lanes.set(lane.id, lane);
  for (const values of bars) {
    /** @type {Bar} */
    const bar = /** @type {any} */ (Object.fromEntries(FIELDS.map((name, i) => [name, values[i]])));
    bar.place = bar.inside ? "" : `${bar.row}\u0000${bar.lane}`;
    state.bars.set(bar.id, bar);
  }
  Object.assign(state, { segments, order, totals, live, rev: message.rev });
  return true;
}

/** @param {Rect} rect */
export const isThin = (rect) => !rect.inside && !rect.reused && (rect.n > 1 || rect.x1 - rect.x < 2.5);

/**
 * A bar in one line.
 * @param {Rect} rect
 */
export function tip(rect) {
  if (rect.n > 1) return `${rect.n} ${rect.kind} steps`;
  const lasted = rect.end == null ? "under way" : seconds(rect.end - rect.start);
  return [rect.kind, rect.label, lasted, rect.status, rect.reused ? "reused, 0 paid" : "", rect.detail].filter(Boolean).join(" · ");
}

/**
 * Totals in one line.
 * @param {Totals} totals
 */
export function headline(totals) {
  const facts = [`${seconds(totals.wall_s)} in all`, `${seconds(totals.busy_s)} busy`];
  if (totals.idle_s >= 0.0005) facts.push(`${seconds(totals.idle_s)} idle`);
  if (totals.waited_s >= 0.0005) facts.push(`${seconds(totals.waited_s)} in retry waits`);
  facts.push(`${totals.steps} steps`);
  if (totals.reused) facts.push(`${totals.reused} reused (0 paid)`);
  return facts.join(" · ");
}

/**
 * Ticks, and where a pause was cut out.
 * @param {Axis} scale
 * @param {number} bottom
 */
export const drawGrid = (scale, bottom) => [
  ...scale.ticks.flatMap(([x, text]) => [
    svg("path", { class: "tick", d: `M${x} ${TOP - 8}V${bottom}` }), svg("text", { class: "time", x, y: bottom + 14 }, text)]),
  ...scale.breaks.flatMap(([x, gap]) => [
    svg("path", { class: "break", d: `M${x} ${TOP - 6}V${bottom - 8}` }), svg("text", { class: "time", x, y: TOP - 11 }, `paused ${seconds(gap)}`)]),
];

/**
 * @param {Lane} lane
 * @param {number} y
 * @param {Axis} scale
 * @param {number} now
 */
export function drawLane(lane, y, scale, now) {
  const x = 14 + lane.depth * 12, height = lane.rows * ROW + 4;
  const name = svg("text", { class: "lane", x, y: y + ROW - 2 }, cut(lane.label, LABELS - x - 6, 12));
  name.append(svg("title", {}, lane.id));
  return [name, ...lane.spans.map(([start, end]) => {
    const x0 = scale.x(start);
    return svg("rect", { class: "span", x: x0, y: y - 1, width: Math.max(1, scale.x(end ?? now) - x0), height, rx: 3 });
  })];
}

/**
 * @param {Rect} rect
 * @param {number} y where its lane begins
 * @param {() => void} act
 */
export function drawBar(rect, y, act) {
  const width = Math.max(rect.reused ? REUSED : 1, rect.x1 - rect.x), top = y + rect.row * ROW + 1.5;
  const box = { x: rect.x, y: top, width, height: ROW - 3, rx: Math.min(3, width / 2) };
  if (rect.inside) {
    const strip = svg("rect", { class: "body", x: rect.x, y: top + ROW - 7, width, height: 4 });
    return clickable(svg("g", { class: `bar inside kind-${rect.kind}`, "aria-label": tip(rect) }, svg("title", {}, tip(rect)), strip), act);
  }
  const state = rect.status === "failed" ? " failed" : rect.status === "cancelled" ? " cancelled" : rect.open ? " open" : "";
  const group = svg("g", { class: `bar kind-${rect.kind}${state}`, "aria-label": tip(rect) }, svg("title", {}, tip(rect)), svg("rect", { class: "body", ...box }));
  if (rect.reused) group.append(svg("rect", { class: "hatch", ...box }));
  if (width > 34) group.append(svg("text", { x: rect.x + 5, y: top + 9 }, cut(rect.reused ? "0 paid" : rect.label, width - 8, 9.5)));
  return clickable(group, act);
}

/**
 * A note on a lane.
 * @param {string} said
 * @param {boolean} grave
 * @param {{ x: number, y: number }} at
 * @param {() => void} act
 */
export const drawMark = (said, grave, { x, y }, act) => clickable(
  svg("circle", { class: grave ? "note grave" : "note", cx: x, cy: y, r: 3, "aria-label": said }, svg("title", {}, `${said}: click to read it`)), act);
