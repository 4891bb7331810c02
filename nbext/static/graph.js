/** The live message graph. Python folds and lays out; this draws what it is told. */
import { camera } from "./camera.js";
import { html, region, svg } from "./dom.js";
import { follow, painted } from "./follow.js";
import { Panel } from "./graphpanel.js";
import { drawEdge, drawNode, flights, makeEdge, makeNode } from "./graphparts.js";
import { BADGES, KINDS, SHADES, SMALL, called, carded, edgeText, empty, isNotes, merge, shades, statusText } from "./graphstate.js";
import { tell } from "./tell.js";
import { visible } from "./words.js";

/** @typedef {import("./graphparts.js").NodePart} NodePart */
/** @typedef {import("./graphparts.js").EdgePart} EdgePart */

const WRITING_MS = 700;

class GraphView {
  state = empty();
  /** @type {Map<string, NodePart>} */
  cards = new Map();
  /** @type {Map<string, EdgePart>} */
  curves = new Map();
  /** @type {Map<string, number>} Until when an actor counts as writing. */
  streaming = new Map();
  /** @type {Set<string>} */
  dirty = new Set();
  moved = false;
  frame = 0;
  sent = 0;
  picture = svg("svg", { role: "group", "aria-label": "Message graph" });
  edges = svg("g");
  dots = svg("g", { "aria-hidden": "true" });
  nodes = svg("g");
  status = html("div", "ak-status");
  legend = html("div", "ak-legend");

  /**
   * @param {import("./types").Model} model
   * @param {HTMLElement} el
   * @param {import("./graphpanel.js").Chosen} ui
   */
  constructor(model, el, ui) {
    this.model = model;
    this.ui = ui;
    this.root = region(el, "ak-graph", "Message graph");
    const tools = html("div", "ak-tools");
    this.status.setAttribute("role", "status");
    this.picture.append(this.edges, this.dots, this.nodes);
    this.root.append(html("div", "ak-main", "", html("div", "ak-bar", "", this.status, tools), this.picture, this.legend));
    this.fit = camera(this.picture, tools, ui);
    this.fly = flights(this.dots, this.curves);
    this.panel = new Panel(this.root, model, ui, (id) => this.titled(id));
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && ui.selected) { event.stopPropagation(); this.panel.hide(); }
    });
    this.root.addEventListener("agentkit:closed", (event) => this.closed(/** @type {CustomEvent} */ (event).detail ?? ""));
    this.leave = follow(model, (message) => this.receive(message));
    if (ui.selected) this.panel.show(ui.selected);
  }

  stop() {
    this.leave();
    this.panel.stop();
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }

  wake() { this.frame ||= requestAnimationFrame((now) => this.tick(now)); }

  /** @param {any} message */
  receive(message) {
    if (message.type !== "patch") return this.panel.answer(message);
    const before = this.state.rev, news = merge(this.state, message);
    if (!news) return tell(this.model, { type: "hello", rev: this.state.rev });
    for (const id of news.changed) this.dirty.add(id);
    if (before > 0) for (const flight of news.flown) this.fly.launch(flight);
    for (const id in message.streams ?? {}) { this.streaming.set(id, performance.now() + WRITING_MS); this.dirty.add(id); }
    this.moved ||= news.moved;
    this.sent ||= message.t;
    this.wake();
  }

  /** @param {number} now */
  tick(now) {
    this.frame = 0;
    if (this.dirty.size || this.moved) this.paint();
    for (const [id, until] of this.streaming) {
      if (until < now) { this.streaming.delete(id); this.dirty.add(id); }
    }
    if (this.fly.step(now) || this.dirty.size || this.streaming.size) this.wake();
  }

  paint() {
    const { state, moved, dirty } = this, { layout } = state;
    if (!layout) return;
    if (moved) this.fitted(layout);
    for (const [id, edge] of state.edges) {
      if ((moved || dirty.has(id)) && layout.edges[id]) drawEdge(this.curve(id), edge, layout.edges[id]);
    }
    for (const [id, node] of state.nodes) {
      if ((moved || dirty.has(id)) && layout.nodes[id]) drawNode(this.card(id), node, layout.nodes[id], this.streaming.has(id));
    }
    this.root.classList.toggle("crowded", [...state.nodes.values()].filter((node) => !SMALL.has(node.what)).length > 9);
    this.tell();
    this.mark();
    this.panel.touched(dirty);
    this.dirty = new Set();
    this.moved = false;
    painted(this.root, state.rev, this.sent);
    this.sent = 0;
  }

  /**
   * Take away what is no more, and show all that is.
   * @param {import("./types").Layout} layout
   */
  fitted(layout) {
    for (const [id, { group }] of this.cards) if (!this.state.nodes.has(id)) { group.remove(); this.cards.delete(id); }
    for (const [id, { group }] of this.curves) if (!this.state.edges.has(id)) { group.remove(); this.curves.delete(id); }
    this.fit(Math.max(layout.width, 240), layout.height);
  }

  /** @param {string} id */
  card(id) {
    const known = this.cards.get(id);
    if (known) return known;
    const made = makeNode(id, (chosen) => this.pick(chosen));
    this.cards.set(id, made);
    this.nodes.append(made.group);
    made.group.addEventListener("pointerenter", () => this.near(id));
    made.group.addEventListener("pointerleave", () => this.near(null));
    return made;
  }

  /** @param {string} id */
  curve(id) {
    const known = this.curves.get(id);
    if (known) return known;
    const made = makeEdge(id, (chosen) => this.pick(chosen));
    this.curves.set(id, made);
    this.edges.append(made.group);
    /** Put an edge into words when somebody looks; there may be many, and they change often. */
    const say = () => {
      const edge = this.state.edges.get(id), text = edge ? visible(edgeText(edge, this.state.nodes)) : "";
      made.group.setAttribute("aria-label", text);
      made.title.textContent = text;
    };
    for (const event of ["pointerenter", "focus"]) made.group.addEventListener(event, say);
    say();
    return made;
  }

  /** @param {string} id */
  pick(id) {
    this.panel.show(id);
    this.panel.focus();
    this.mark();
  }

  mark() {
    const card = carded(this.ui.selected ?? "");
    for (const [id, { group }] of [...this.cards, ...this.curves]) group.toggleAttribute("data-selected", id === card);
  }

  /**
   * Bring out the edges of the node that the pointer is on.
   * @param {string | null} id
   */
  near(id) {
    this.root.classList.toggle("focused", Boolean(id));
    for (const [name, edge] of this.state.edges) this.curves.get(name)?.group.toggleAttribute("data-near", edge.source === id || edge.target === id);
  }

  /**
   * The list was closed: what it was about has the focus again.
   * @param {string} id
   */
  closed(id) {
    this.mark();
    (this.cards.get(carded(id)) ?? this.curves.get(id))?.group.focus({ preventScroll: true });
  }

  /** @param {string} id */
  titled(id) {
    const names = carded(id).split("→").map((name) => called(name, this.state.nodes));
    return (isNotes(id) ? "Notes about " : "") + names.join(" → ");
  }

  /** Say how it stands, and what the colours mean that are used. */
  tell() {
    const { state, legend } = this, edges = [...state.edges.values()];
    const messages = edges.reduce((sum, edge) => sum + edge.count, 0), used = new Set(edges.flatMap((edge) => Object.keys(edge.kinds)));
    this.root.dataset.messages = String(messages);
    this.root.classList.toggle("live", state.runs.some((run) => run.status === "running"));
    this.status.textContent = visible(statusText(state, messages));
    const noted = [...state.nodes.values()].filter((node) => node.what !== "you" && Object.keys(node.notes).length);
    const badges = Object.keys(BADGES).filter((look) => noted.some((node) => Boolean(node.grave) === look.includes("grave")));
    const known = new Set([...edges, ...state.nodes.values()].flatMap(shades)), tones = SHADES.filter((shade) => known.has(shade));
    const kinds = KINDS.filter((kind) => used.has(kind)), key = [...kinds, ...badges, ...tones].join();
    if (legend.dataset.key === key) return;
    legend.dataset.key = key;
    legend.replaceChildren(...kinds.map((kind) => html("span", `ak-key kind-${kind}`, kind)), ...badges.map((look) => html("span", `ak-key ${look}`, BADGES[look])), ...tones.map((shade) => html("span", `ak-key shade shade-${shade}`, shade)));
  }
}

export default () => {
  /** @type {import("./graphpanel.js").Chosen} */
  const ui = {};
  return {
    /** @param {import("./types").Shown} shown */
    render({ model, el }) {
      const view = new GraphView(model, el, ui);
      return () => view.stop();
    },
  };
};
