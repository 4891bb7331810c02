/** What a message graph knows, and how it says it in words. */

/** @typedef {import("./types").GraphNode} GraphNode */
/** @typedef {import("./types").GraphEdge} GraphEdge */
/** @typedef {import("./types").GraphData} GraphData */
/** @typedef {{ id: string, kind: string, more: number }} Flight */
/**
 * @typedef {object} State
 * @property {number} rev
 * @property {Map<string, GraphNode>} nodes
 * @property {Map<string, GraphEdge>} edges
 * @property {import("./types").Layout | null} layout
 * @property {import("./types").Run[]} runs
 */

export const KINDS = ["task", "answer", "call", "result", "say", "error"];
export const SMALL = new Set(["tool", "memory", "remote", "trial"]);
const DOTS = 40;

/**
 * An empty picture.
 * @returns {State}
 */
export const empty = () => ({ rev: 0, nodes: new Map(), edges: new Map(), layout: null, runs: [] });

/**
 * Which messages came since an edge was told before.
 * @param {GraphEdge} edge
 * @param {GraphEdge | undefined} before
 */
function news(edge, before) {
  /** @type {Flight[]} */
  const found = [];
  for (const kind in edge.kinds) {
    const more = edge.kinds[kind] - (before?.kinds[kind] ?? 0);
    if (more > 0) found.push({ id: edge.id, kind, more });
  }
  return found;
}

/**
 * Merge a patch into the state.
 * @param {State} state
 * @param {import("./types").Patch<GraphData>} message
 * @returns null when a patch in between is missing, else the ids that changed, and what flew along edges.
 */
export function merge(state, message) {
  if (message.from > state.rev) return null;
  /** @type {Set<string>} */
  const changed = new Set();
  /** @type {Flight[]} */
  const flown = [];
  if (message.rev < state.rev) return { changed, flown, moved: false };
  const { nodes, edges, layout, runs } = message.data;
  for (const node of nodes) { state.nodes.set(node.id, node); changed.add(node.id); }
  for (const edge of edges) {
    flown.push(...news(edge, state.edges.get(edge.id)));
    state.edges.set(edge.id, edge);
    changed.add(edge.id);
  }
  if (layout) {
    state.layout = layout;
    for (const id of [...state.nodes.keys()]) if (!layout.nodes[id]) state.nodes.delete(id);
    for (const id of [...state.edges.keys()]) if (!layout.edges[id]) state.edges.delete(id);
  }
  state.runs = runs;
  state.rev = message.rev;
  return { changed, flown, moved: Boolean(layout) };
}

/**
 * How many dots to send for so many new messages: some, not all.
 * @param {number} more
 * @param {number} inFlight
 */
export const dotsFor = (more, inFlight) => Math.max(0, Math.min(Math.ceil(Math.log2(more + 1)), 3, DOTS - inFlight));

export const NOTES = "notes:";

/**
 * Whether a selection is the notes of a card, not its messages.
 * @param {string} id
 */
export const isNotes = (id) => id.startsWith(NOTES);

/**
 * Which card a selection is of.
 * @param {string} id
 */
export const carded = (id) => (isNotes(id) ? id.slice(NOTES.length) : id);

/** @type {Record<string, string>} */
const DOING = { model: "thinking", retry: "waits to retry", person: "asks a person", children: "awaits answers" };

/**
 * What a badge says, for the legend.
 * @type {Record<string, string>}
 */
export const BADGES = { badge: "notes: what was decided (click)", "badge grave": "notes, some of trouble (click)" };

/**
 * The second line of a card.
 * @param {GraphNode} node
 */
export function subtitle(node, streaming = false) {
  if (node.sub) return node.sub;
  if (streaming) return "writing";
  if (node.state === "waiting" && DOING[node.doing]) return DOING[node.doing];
  if (node.state === "running" && node.doing) return node.doing;
  if (node.state === "failed" || node.state === "cancelled") return node.state;
  return (node.model ?? node.what) + (node.activations > 1 ? ` ×${node.activations}` : "");
}

/**
 * The notes about a node and how many there are of each.
 * @param {GraphNode} node
 */
export const noted = (node) => Object.entries(node.notes).map(([topic, times]) => `${topic.replaceAll("_", " ")} ${times}×`);

/** Labels that have a colour, in the order of the legend. */
export const SHADES = ["untrusted", "private", "secret"];

/**
 * The labels of a node or an edge that have a colour.
 * @param {{ trust?: import("./types").Trust }} what
 */
export const shades = ({ trust }) => (trust ? SHADES.filter((shade) => trust.integrity === shade || trust.confidentiality === shade) : []);

/**
 * A node in one line, for tooltips and screen readers.
 * @param {GraphNode} node
 */
export function nodeText(node) {
  const parts = [`${node.label}: ${node.what}, ${node.state}${node.doing ? ` (${node.doing})` : ""}`];
  if (node.asked) parts.push(`asked ${node.asked}×`);
  if (node.calls) parts.push(`${node.calls} model calls, ${node.tokens} tokens`);
  return [...parts, ...noted(node), ...shades(node).map((shade) => `knows what is ${shade}`)].join(" · ");
}

/**
 * What a node is called: tools and the like carry their kind in their id.
 * @param {string} id
 * @param {Map<string, GraphNode>} [nodes]
 */
export const called = (id, nodes) => nodes?.get(id)?.label ?? id;

/**
 * An edge in one line.
 * @param {GraphEdge} edge
 * @param {Map<string, GraphNode>} [nodes]
 */
export function edgeText(edge, nodes) {
  const kinds = KINDS.filter((kind) => edge.kinds[kind]).map((kind) => `${edge.kinds[kind]} ${kind}`).join(", ");
  const told = [kinds || edge.label || "not yet", ...shades(edge)].join(", ");
  return `${called(edge.source, nodes)} → ${called(edge.target, nodes)}: ${told}`;
}

/**
 * How the runs stand, in a line: by the last that no other one here called.
 * @param {State} state
 * @param {number} messages
 */
export function statusText(state, messages) {
  const live = state.runs.some((run) => run.status === "running"), count = state.runs.length;
  const first = state.runs.filter((run) => !state.runs.some((other) => other.id === run.by));
  const last = first.at(-1) ?? state.runs.at(-1);
  const facts = [...count > 1 ? [`${count} runs`] : [], `${messages} ${messages === 1 ? "message" : "messages"}`, live ? "running" : last?.status ?? "empty"];
  return [last?.name, ...facts].filter(Boolean).join(" · ");
}
