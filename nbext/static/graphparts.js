/** The parts of a message graph: cards, curves, and dots that travel along them. */
import { clickable, svg } from "./dom.js";
import { NOTES, SMALL, dotsFor, nodeText, noted, shades, subtitle } from "./graphstate.js";
import { cut, visible } from "./words.js";

/** @typedef {import("./types").GraphNode} GraphNode */
/** @typedef {import("./types").GraphEdge} GraphEdge */
/** @typedef {ReturnType<typeof makeNode>} NodePart */
/** @typedef {ReturnType<typeof makeEdge>} EdgePart */
/** @typedef {(id: string) => void} Act */

const FLIGHT_MS = 750;

/**
 * @param {Element} part
 * @param {Record<string, string | number>} values
 */
function set(part, values) {
  for (const name in values) part.setAttribute(name, String(values[name]));
}

/**
 * @param {string} id
 * @param {Act} act
 */
export function makeNode(id, act) {
  const title = svg("title"), halo = svg("rect", { class: "halo" }), card = svg("rect", { class: "card" });
  const dot = svg("circle", { class: "dot" }), name = svg("text", { class: "name" }), sub = svg("text", { class: "sub" });
  const typing = svg("g", { class: "typing" }, ...[0, 1, 2].map((i) => svg("circle", { cx: i * 6, cy: 0, r: 2 })));
  const told = svg("title"), number = svg("text"), badge = svg("g", { class: "badge" }, told, svg("circle", { r: 7.5 }), number);
  const marks = [0, 1].map(() => svg("rect", { width: 9, height: 9, rx: 2, visibility: "hidden" }));
  const group = clickable(svg("g", { "data-id": id }, title, halo, card, dot, name, sub, typing, ...marks, badge), () => act(id));
  clickable(badge, (event) => { event.stopPropagation(); act(NOTES + id); });
  return { group, title, halo, card, dot, name, sub, typing, marks, badge, told, number };
}

/**
 * @param {NodePart} part
 * @param {GraphNode} node
 * @param {number[]} at middle, width and height
 * @param {boolean} streaming
 */
export function drawNode(part, node, [x, y, width, height], streaming) {
  const small = SMALL.has(node.what), you = node.what === "you", left = -width / 2, room = width - 40;
  set(part.group, {
    class: `node what-${node.what} is-${node.state}${small ? " small" : ""}${streaming ? " streaming" : ""}`,
    transform: `translate(${x} ${y})`, "aria-label": nodeText(node),
  });
  part.title.textContent = visible(nodeText(node));
  for (const [rect, pad] of /** @type {const} */ ([[part.halo, 4], [part.card, 0]])) {
    const tall = height + 2 * pad;
    set(rect, { x: left - pad, y: -height / 2 - pad, width: width + 2 * pad, height: tall, rx: small || you ? tall / 2 : 9 + pad });
  }
  set(part.dot, { cx: left + 17, r: you ? 0 : small ? 4 : 5 });
  set(part.name, { x: you ? 0 : left + (small ? 29 : 30), y: you ? 4.5 : small ? 4 : -3 });
  part.name.textContent = cut(node.label, room + (you ? 30 : 0), small ? 11.5 : 13, small ? 0.62 : 0.58);
  set(part.sub, { x: left + 30, y: 13 });
  part.sub.textContent = small || you ? "" : cut(subtitle(node, streaming), room, 10.5);
  set(part.typing, { transform: `translate(${left + 70} 10)` });
  set(part.badge, { transform: `translate(${width / 2 - 4} ${-height / 2 + 1})` });
  const known = shades(node);
  // The badge of notes has the corner.
  part.marks.forEach((mark, n) => set(mark, { x: width / 2 - 26 - 11 * n, y: -height / 2 - 4.5, class: `shade-${known[n]}`, visibility: known[n] ? "visible" : "hidden" }));
  drawBadge(part, node);
}

/**
 * @param {NodePart} part
 * @param {GraphNode} node
 */
function drawBadge(part, node) {
  const notes = node.what === "you" ? 0 : Object.values(node.notes).reduce((sum, times) => sum + times, 0);
  const told = `Notes about ${node.label}: ${noted(node).join(", ")}. Click to read them.`;
  set(part.badge, { visibility: notes ? "visible" : "hidden", class: node.grave ? "badge grave" : "badge", tabindex: notes ? "0" : "-1", "aria-label": told });
  part.told.textContent = told;
  part.number.textContent = notes > 99 ? "99" : String(notes);
}

/**
 * @param {string} id
 * @param {Act} act
 */
export function makeEdge(id, act) {
  const title = svg("title"), hit = svg("path", { class: "hit" }), line = svg("path", { class: "line" });
  const head = svg("path", { class: "head" }), count = svg("text", { class: "count" });
  const bands = [9, 6].map((wide) => svg("path", { class: "band", "stroke-width": wide }));
  const group = clickable(svg("g", { "data-id": id }, title, hit, ...bands, line, head, count), () => act(id));
  const samples = /** @type {DOMPoint[] | null} */ (null);
  return { group, title, hit, bands, line, head, count, samples, kind: "", d: "", width: "", shown: "" };
}

/**
 * Draw a curve; only what changed is written, because edges change often.
 * @param {EdgePart} part
 * @param {GraphEdge} edge
 * @param {import("./types").Route} route
 */
export function drawEdge(part, edge, route) {
  if (part.kind !== edge.kind) set(part.group, { class: `edge kind-${(part.kind = edge.kind)}` });
  if (part.d !== route.d) {
    part.d = route.d;
    part.samples = null;
    set(part.hit, { d: route.d });
    set(part.line, { d: route.d });
    set(part.head, { d: route.head });
    set(part.count, { x: route.label[0], y: route.label[1] + 3.5 });
  }
  const known = shades(edge);
  part.bands.forEach((band, n) => set(band, { d: known[n] ? route.d : "", class: `band shade-${known[n]}` }));
  const width = (1.3 + Math.min(2.2, Math.log2(edge.count + 1) * 0.3)).toFixed(1);
  if (part.width !== width) set(part.line, { "stroke-width": (part.width = width) });
  const beside = edge.count > 1 ? String(edge.count) : cut(edge.label ?? "", 84, 10.5);
  if (part.shown !== beside) part.count.textContent = part.shown = beside;
}

/**
 * A point along a curve at a share of its length; the curve is measured once.
 * @param {EdgePart} part
 * @param {number} share
 */
function along(part, share) {
  const length = part.samples ? 0 : part.line.getTotalLength();
  const points = (part.samples ??= Array.from({ length: 25 }, (_, i) => part.line.getPointAtLength((length * i) / 24)));
  const at = share * 24, n = Math.min(23, Math.floor(at)), a = points[n], b = points[n + 1];
  return { cx: a.x + (b.x - a.x) * (at - n), cy: a.y + (b.y - a.y) * (at - n) };
}

/**
 * Dots that travel along edges; none when the reader prefers less motion.
 * @param {SVGElement} layer
 * @param {Map<string, EdgePart>} parts
 */
export function flights(layer, parts) {
  const calm = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");
  /** @type {{ dot: SVGElement, id: string, start: number }[]} */
  let flying = [];
  /** @type {SVGElement[]} */
  const resting = [];
  return {
    /** @param {import("./graphstate.js").Flight} flight */
    launch({ id, kind, more }) {
      if (calm?.matches || document.hidden) return;
      for (let i = dotsFor(more, flying.length); i > 0; i--) {
        const dot = resting.pop() ?? layer.appendChild(svg("circle", { r: 3.6 }));
        set(dot, { class: `flying kind-${kind}`, visibility: "hidden" });
        flying.push({ dot, id, start: performance.now() + (i - 1) * 110 });
      }
    },
    /** @param {number} now */
    step(now) {
      flying = flying.filter(({ dot, id, start }) => {
        const share = (now - start) / FLIGHT_MS, part = parts.get(id);
        if (part && share < 1) {
          if (share >= 0) set(dot, { ...along(part, share), visibility: "visible" });
          return true;
        }
        set(dot, { visibility: "hidden" });
        resting.push(dot);
        return false;
      });
      return flying.length > 0;
    },
  };
}
