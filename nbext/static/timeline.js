/** The live timeline: one lane per actor, one bar per step. Python folds, this draws. */
import { ROW, axis, current, nearest, rectangles, thin } from "./axis.js";
import { branching } from "./branching.js";
import { pointAt } from "./camera.js";
import { button, details, html, nothing, region, svg } from "./dom.js";
import { follow, painted } from "./follow.js";
import { LABELS, TOP, drawBar, drawGrid, drawLane, drawMark, empty, headline, isThin, merge, tip } from "./timelineparts.js";
import { tell } from "./tell.js";
import { visible } from "./words.js";

/** @typedef {import("./types").Rect} Rect */
/** @typedef {import("./timelineparts.js").Axis} Axis */

const RIGHT = 22;

/** @param {string} hatch the id of the pattern of steps that were not performed again */
const defs = (hatch) => svg("defs", {}, svg("pattern", { id: hatch, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
  svg("path", { d: "M0 6 6 0", stroke: "#fff", "stroke-width": 1.6, opacity: 0.75 })));

class TimelineView {
  state = empty();
  head = html("div", "ak-status");
  legend = html("div", "ak-legend");
  panel = html("div", "ak-about");
  picture = svg("svg", { role: "group" });
  layer = svg("g");
  mine = Math.random().toString(36).slice(2);
  asked = 0;
  /** @type {string | null} The bar or note that is read. */
  chosen = null;
  /** @type {Rect[]} */
  shapes = [];
  /** @type {Map<string, number>} Where each lane begins. */
  tops = new Map();
  frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  rest;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  pulse;
  sent = 0;
  last = 0;
  cost = 0;
  width = 900;

  /**
   * @param {import("./types").Model} model
   * @param {HTMLElement} el
   */
  constructor(model, el) {
    this.model = model;
    this.root = region(el, "ak-timeline", "Timeline");
    const hatch = `ak-hatch-${this.mine}`;
    this.panel.setAttribute("role", "status");
    this.panel.hidden = true;
    this.picture.append(defs(hatch), this.layer);
    this.root.style.setProperty("--ak-hatch", `url(#${hatch})`);
    this.root.append(this.head, this.picture, this.legend, this.panel);
    this.picture.addEventListener("click", (event) => this.clicked(event));
    this.watch = globalThis.ResizeObserver && new ResizeObserver(([entry]) => {
      const wide = Math.max(420, Math.floor(entry.contentRect.width));
      if (wide !== this.width) { this.width = wide; this.wake(); }
    });
    this.watch?.observe(this.root);
    this.leave = follow(model, (message) => this.receive(message));
  }

  stop() {
    this.leave();
    this.watch?.disconnect();
    clearTimeout(this.rest);
    clearTimeout(this.pulse);
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }

  /** Paint with the next frame, but spend at most a third of the time on it. */
  wake() {
    if (this.frame || this.rest) return;
    const rest = this.cost < 8 ? 0 : 2 * this.cost - (performance.now() - this.last);
    if (rest > 0) this.rest = setTimeout(() => { this.rest = undefined; this.wake(); }, rest);
    else this.frame = requestAnimationFrame(() => this.paint());
  }

  /** @param {any} message */
  receive(message) {
    if (message.type === "detail") return this.tell(message);
    if (message.type !== "patch") return;
    if (!merge(this.state, message)) return tell(this.model, { type: "hello", rev: this.state.rev });
    this.sent ||= message.t;
    this.wake();
  }

  /**
   * Ask the kernel for all about a bar or a note, and make room for it.
   * @param {string} name
   * @param {object} content
   * @param {string} said
   */
  pick(name, content, said) {
    this.chosen = this.chosen === name ? null : name;
    this.panel.hidden = this.chosen === null;
    this.wake();
    if (this.chosen === null) return;
    this.asked += 1;
    this.panel.replaceChildren(nothing(`${said} · asking the kernel …`));
    tell(this.model, { ...content, req: `${this.mine}:${this.asked}` });
  }

  /** @param {Rect} rect */
  pickBar(rect) { this.pick(`bar ${rect.id}`, { type: "bar", id: rect.id }, tip(rect)); }

  /** @param {import("./types").Answer & { type: "detail" }} message */
  tell(message) {
    if (message.req !== `${this.mine}:${this.asked}` || this.chosen === null) return;
    const close = button("×", "Close", () => { this.chosen = null; this.panel.hidden = true; this.wake(); });
    this.panel.replaceChildren(close, details(message.detail?.rows ?? [["", "The kernel knows nothing of it."]]), branching(message.detail?.branches ?? []));
  }

  /**
   * Bars that are drawn together have no shape of their own to be clicked.
   * @param {MouseEvent} event
   */
  clicked(event) {
    const { target } = event;
    if (!(target instanceof Element) || !target.classList.contains("thin")) return;
    const at = pointAt(this.picture, event), found = nearest(this.shapes, this.tops, at.x, at.y);
    if (found) this.pickBar(found);
  }

  paint() {
    this.frame = 0;
    const begun = performance.now(), { state } = this;
    const segments = state.segments.length ? current(state.segments, state.live, Date.now() / 1000) : /** @type {[number, number][]} */ ([[0, 0]]);
    const now = segments[segments.length - 1][1], scale = axis(segments, LABELS, this.width - LABELS - RIGHT), bottom = this.stacked();
    this.shapes = rectangles(state.bars.values(), scale.x, now);
    this.layer.replaceChildren(...drawGrid(scale, bottom), ...this.lanes().flatMap(([lane, y]) => drawLane(lane, y, scale, now)), ...this.bars(), ...this.marks(scale));
    this.picture.setAttribute("viewBox", `0 0 ${this.width} ${bottom + 22}`);
    this.picture.setAttribute("height", String(bottom + 22));
    this.head.textContent = state.totals ? visible(headline(state.totals)) : "";
    this.picture.setAttribute("aria-label", `Timeline of ${state.order.length} actors: ${this.head.textContent}`);
    this.explain();
    this.root.classList.toggle("live", state.live);
    Object.assign(this.root.dataset, { bars: String(state.bars.size), shapes: String(this.shapes.length) });
    painted(this.root, state.rev, this.sent);
    this.sent = 0;
    this.last = performance.now();
    this.cost = this.last - begun;
    clearTimeout(this.pulse);
    if (segments !== state.segments && state.live) this.pulse = setTimeout(() => this.wake(), 250);
  }

  /** Put the lanes below each other; returns where the last one ends. */
  stacked() {
    let y = TOP;
    this.tops = new Map();
    for (const id of this.state.order) { this.tops.set(id, y); y += (this.state.lanes.get(id)?.rows ?? 1) * ROW + 11; }
    return y;
  }

  /** The lanes from top to bottom, each with where it begins. */
  lanes() {
    return this.state.order.flatMap((id) => {
      const lane = this.state.lanes.get(id);
      return lane ? [/** @type {const} */ ([lane, this.tops.get(id) ?? TOP])] : [];
    });
  }

  bars() {
    const alone = this.shapes.filter((rect) => !isThin(rect)).map((rect) => {
      const made = drawBar(rect, this.tops.get(rect.lane) ?? TOP, () => this.pickBar(rect));
      made.toggleAttribute("data-selected", this.chosen === `bar ${rect.id}`);
      return made;
    });
    const together = [...thin(this.shapes.filter(isThin), this.tops)].map(([look, d]) => svg("path", { class: `bar thin body kind-${look}`, d }));
    return [...together, ...alone];
  }

  /** @param {Axis} scale */
  marks(scale) {
    return this.lanes().flatMap(([lane, y]) => lane.notes.map(([at, topic, grave], n) => {
      const said = topic.replaceAll("_", " "), name = `note ${lane.id} ${n}`;
      const made = drawMark(said, grave, { x: scale.x(at), y: y + 1 }, () => this.pick(name, { type: "mark", lane: lane.id, n }, said));
      made.toggleAttribute("data-selected", this.chosen === name);
      return made;
    }));
  }

  /** Say what the colours mean that are used. */
  explain() {
    const kinds = [...new Set(this.shapes.map((rect) => rect.kind))].map((kind) => html("span", `ak-key kind-${kind}`, kind));
    const graves = new Set(this.lanes().flatMap(([lane]) => lane.notes.map(([, , grave]) => grave)));
    if (graves.has(false)) kinds.push(html("span", "ak-key kind-note", "note (click)"));
    if (graves.has(true)) kinds.push(html("span", "ak-key kind-trouble", "note of trouble (click)"));
    this.legend.replaceChildren(...kinds);
  }
}

/**
 * Draw the timeline into an element and keep it up to date; returns the clean-up.
 * @param {import("./types").Shown} shown
 */
function render({ model, el }) {
  const view = new TimelineView(model, el);
  return () => view.stop();
}

export default { render };
