// @ts-check
/** The live message graph. Python folds and lays out; this draws what it is told. */

const KINDS = ["task", "answer", "call", "result", "say", "error"];
const SMALL = new Set(["tool", "memory", "remote"]);
const DOTS = 40, FLIGHT_MS = 750, PAGE = 50, PATIENCE_MS = 3000;

/** An empty picture. */
export const empty = () => ({ rev: 0, nodes: new Map(), edges: new Map(), layout: null, runs: [] });

/**
 * Merge a patch into the state.
 * @returns null when a patch in between is missing, else the ids that changed, and what flew along edges.
 */
export function merge(state, message) {
  if (message.from > state.rev) return null;
  const changed = new Set(), flown = [];
  if (message.rev < state.rev) return { changed, flown, moved: false };
  const { nodes, edges, layout, runs } = message.data;
  for (const node of nodes) { state.nodes.set(node.id, node); changed.add(node.id); }
  for (const edge of edges) {
    const known = state.edges.get(edge.id)?.kinds ?? {};
    for (const kind in edge.kinds) {
      const more = edge.kinds[kind] - (known[kind] ?? 0);
      if (more > 0) flown.push({ id: edge.id, kind, more });
    }
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

/** How many dots to send for so many new messages: some, not all. */
export const dotsFor = (more, inFlight) => Math.max(0, Math.min(Math.ceil(Math.log2(more + 1)), 3, DOTS - inFlight));

const NOTES = "notes:";

/** Whether a selection is the notes of a card, not its messages; and which card it is of. */
export const isNotes = (id) => id.startsWith(NOTES);
export const carded = (id) => (isNotes(id) ? id.slice(NOTES.length) : id);

const DOING = { model: "thinking", retry: "waits to retry", person: "asks a person", children: "awaits answers" };

/** What a badge says, for the legend. */
export const BADGES = { badge: "notes: what was decided (click)", "badge grave": "notes, some of trouble (click)" };

/** The second line of a card. */
export function subtitle(node, streaming) {
  if (node.sub) return node.sub;
  if (streaming) return "writing";
  if (node.state === "waiting" && DOING[node.doing]) return DOING[node.doing];
  if (node.state === "running" && node.doing) return node.doing;
  if (node.state === "failed" || node.state === "cancelled") return node.state;
  return (node.model ?? node.what) + (node.activations > 1 ? ` ×${node.activations}` : "");
}

/** A node in one line, for tooltips and screen readers. */
export function nodeText(node) {
  const parts = [`${node.label}: ${node.what}, ${node.state}${node.doing ? ` (${node.doing})` : ""}`];
  if (node.asked) parts.push(`asked ${node.asked}×`);
  if (node.calls) parts.push(`${node.calls} model calls, ${node.tokens} tokens`);
  for (const topic in node.notes) parts.push(`${topic.replaceAll("_", " ")} ${node.notes[topic]}×`);
  return parts.join(" · ");
}

/** What a node is called: tools and the like carry their kind in their id. */
export const called = (id, nodes) => nodes?.get(id)?.label ?? id;

/** An edge in one line. */
export const edgeText = (edge, nodes) =>
  `${called(edge.source, nodes)} → ${called(edge.target, nodes)}: ${KINDS.filter((k) => edge.kinds[k]).map((k) => `${edge.kinds[k]} ${k}`).join(", ") || edge.label || "not yet"}`;

/** A cost that stays honest when it is unknown. */
export const money = (usd) => usd == null ? "" : `$${usd >= 1 ? usd.toFixed(2) : usd.toPrecision(2)}`;

/** The part of the picture to show after zooming by a factor around a point. */
export function zoomed(box, factor, x, y, whole) {
  const width = Math.min(whole.width * 1.5, Math.max(whole.width / 8, box.width * factor));
  const ratio = width / box.width;
  return { x: x - (x - box.x) * ratio, y: y - (y - box.y) * ratio, width, height: box.height * ratio };
}

function makeNode(id, act) {
  const title = svg("title"), halo = svg("rect", { class: "halo" }), card = svg("rect", { class: "card" });
  const dot = svg("circle", { class: "dot" }), name = svg("text", { class: "name" }), sub = svg("text", { class: "sub" });
  const typing = svg("g", { class: "typing" }, ...[0, 1, 2].map((i) => svg("circle", { cx: i * 6, cy: 0, r: 2 })));
  const badge = svg("g", { class: "badge" }, svg("title"), svg("circle", { r: 7.5 }), svg("text"));
  const group = clickable(svg("g", { "data-id": id }, title, halo, card, dot, name, sub, typing, badge), () => act(id));
  clickable(badge, (event) => { event.stopPropagation(); act(NOTES + id); });
  return { group, title, halo, card, dot, name, sub, typing, badge };
}

function drawNode(part, node, at, streaming) {
  const [x, y, width, height] = at;
  const small = SMALL.has(node.what), you = node.what === "you", left = -width / 2;
  part.group.setAttribute("class", `node what-${node.what} is-${node.state}${small ? " small" : ""}${streaming ? " streaming" : ""}`);
  part.group.setAttribute("transform", `translate(${x} ${y})`);
  part.group.setAttribute("aria-label", nodeText(node));
  part.title.textContent = nodeText(node);
  for (const [rect, pad] of [[part.halo, 4], [part.card, 0]]) {
    const box = { x: left - pad, y: -height / 2 - pad, width: width + 2 * pad, height: height + 2 * pad };
    box.rx = small || you ? box.height / 2 : 9 + pad;
    for (const key in box) rect.setAttribute(key, box[key]);
  }
  const room = width - 40, topics = Object.keys(node.notes);
  part.dot.setAttribute("cx", left + 17);
  part.dot.setAttribute("r", you ? 0 : small ? 4 : 5);
  part.name.setAttribute("x", you ? 0 : left + (small ? 29 : 30));
  part.name.setAttribute("y", you ? 4.5 : small ? 4 : -3);
  part.name.textContent = cut(node.label, room + (you ? 30 : 0), small ? 11.5 : 13, small ? 0.62 : 0.58);
  part.sub.setAttribute("x", left + 30);
  part.sub.setAttribute("y", 13);
  part.sub.textContent = small || you ? "" : cut(subtitle(node, streaming), room, 10.5);
  part.typing.setAttribute("transform", `translate(${left + 70} 10)`);
  const notes = you ? 0 : topics.reduce((sum, topic) => sum + node.notes[topic], 0);
  part.badge.setAttribute("transform", `translate(${width / 2 - 4} ${-height / 2 + 1})`);
  part.badge.setAttribute("visibility", notes ? "visible" : "hidden");
  part.badge.setAttribute("class", node.grave ? "badge grave" : "badge");
  part.badge.setAttribute("tabindex", notes ? "0" : "-1");
  const told = topics.map((topic) => `${topic.replaceAll("_", " ")} ${node.notes[topic]}×`).join(", ");
  part.badge.firstChild.textContent = `Notes about ${node.label}: ${told}. Click to read them.`;
  part.badge.setAttribute("aria-label", part.badge.firstChild.textContent);
  part.badge.lastChild.textContent = notes > 99 ? "99" : String(notes);
}

function makeEdge(id, act) {
  const title = svg("title"), hit = svg("path", { class: "hit" }), line = svg("path", { class: "line" });
  const head = svg("path", { class: "head" }), count = svg("text", { class: "count" });
  return { group: clickable(svg("g", { "data-id": id }, title, hit, line, head, count), () => act(id)), title, hit, line, head, count, samples: null };
}

function drawEdge(part, edge, route) {
  if (part.kind !== edge.kind) part.group.setAttribute("class", `edge kind-${(part.kind = edge.kind)}`);
  if (part.d !== route.d) {
    part.d = route.d;
    part.samples = null;
    part.hit.setAttribute("d", route.d);
    part.line.setAttribute("d", route.d);
    part.head.setAttribute("d", route.head);
    part.count.setAttribute("x", route.label[0]);
    part.count.setAttribute("y", route.label[1] + 3.5);
  }
  const width = (1.3 + Math.min(2.2, Math.log2(edge.count + 1) * 0.3)).toFixed(1);
  if (part.width !== width) part.line.setAttribute("stroke-width", (part.width = width));
  const beside = edge.count > 1 ? String(edge.count) : cut(edge.label ?? "", 84, 10.5);
  if (part.shown !== beside) part.count.textContent = part.shown = beside;
}

/** Points along a path, measured once. */
function samples(part) {
  if (!part.samples) {
    const length = part.line.getTotalLength();
    part.samples = Array.from({ length: 25 }, (_, i) => part.line.getPointAtLength((length * i) / 24));
  }
  return part.samples;
}

/** Dots that travel along edges; none when the reader prefers less motion. */
function flights(layer, parts) {
  const calm = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");
  const flying = [], resting = [];
  return {
    launch({ id, kind, more }) {
      if (calm?.matches || document.hidden) return;
      for (let i = dotsFor(more, flying.length); i > 0; i--) {
        const dot = resting.pop() ?? layer.appendChild(svg("circle", { r: 3.6 }));
        dot.setAttribute("class", `flying kind-${kind}`);
        dot.setAttribute("visibility", "hidden");
        flying.push({ dot, id, start: performance.now() + (i - 1) * 110 });
      }
    },
    step(now) {
      for (let i = flying.length - 1; i >= 0; i--) {
        const { dot, id, start } = flying[i], share = (now - start) / FLIGHT_MS, part = parts.get(id);
        if (share >= 1 || !part) {
          dot.setAttribute("visibility", "hidden");
          resting.push(dot);
          flying.splice(i, 1);
        } else if (share >= 0) {
          const points = samples(part), at = share * 24, n = Math.min(23, Math.floor(at)), rest = at - n;
          dot.setAttribute("cx", points[n].x + (points[n + 1].x - points[n].x) * rest);
          dot.setAttribute("cy", points[n].y + (points[n + 1].y - points[n].y) * rest);
          dot.setAttribute("visibility", "visible");
        }
      }
      return flying.length > 0;
    },
  };
}

/** The list of messages beside the picture. */
function sidePanel(root, model, ui, title) {
  const panel = html("section", "ak-panel"), head = html("div", "ak-panel-head"), list = html("ol", "ak-list");
  const name = html("strong"), close = html("button", "ak-button", "×"), foot = html("div", "ak-panel-foot");
  close.setAttribute("aria-label", "Close the list");
  close.title = "Close (Esc)";
  panel.setAttribute("aria-label", "Messages");
  panel.setAttribute("tabindex", "-1");
  head.append(name, close);
  panel.append(head, list, foot);
  panel.hidden = true;
  root.append(panel);
  let request = 0, timer = 0, patience = 0, total = 0;
  const mine = Math.random().toString(36).slice(2);

  function ask() {
    if (!ui.selected) return;
    request += 1;
    model.send({ type: "page", name: ui.selected, start: ui.start ?? 0, req: `${mine}:${request}` });
  }
  function item(entry) {
    const line = html("li", `ak-item kind-${entry.kind}`), meta = html("div", "ak-meta"), text = html("div", "ak-text", entry.text || "(empty)");
    const facts = [entry.target ? `${entry.source} → ${entry.target}` : entry.source, `${entry.after_s.toFixed(1)} s`];
    if (entry.tokens != null) facts.push(`${entry.tokens} tokens`);
    if (entry.cost_usd != null) facts.push(money(entry.cost_usd));
    const number = html("span", "ak-number", `#${entry.seq}`);
    number.title = "The event's number: %events lists them, %fork and %state take it";
    meta.append(html("span", "ak-chip", entry.kind), html("span", "", facts.join(" · ")), number);
    line.append(meta, text);
    if (entry.more) {
      const all = html("button", "ak-link", "show all");
      all.addEventListener("click", () => {
        waiting.set(`${entry.run}:${entry.seq}:${entry.kind}`, { text, all });
        model.send({ type: "text", run: entry.run, seq: entry.seq, kind: entry.kind, req: `${mine}:text` });
      });
      line.append(all);
    }
    if (entry.branches?.length) line.append(branching(entry.branches));
    return line;
  }
  const waiting = new Map();
  function pages() {
    foot.textContent = "";
    const what = isNotes(ui.selected ?? "") ? "note" : "message";
    if (total <= PAGE) return foot.append(html("span", "", total === 1 ? `1 ${what}` : `${total} ${what}s`));
    const start = ui.start ?? 0, end = Math.min(total, start + PAGE);
    const turn = (label, to, off) => {
      const button = html("button", "ak-button", label);
      button.disabled = off;
      button.addEventListener("click", () => { ui.start = to; list.scrollTop = 0; ask(); });
      return button;
    };
    foot.append(turn("‹ earlier", Math.max(0, start - PAGE), start === 0),
      html("span", "", `${start + 1}–${end} of ${total}`), turn("later ›", start + PAGE, end >= total));
  }
  function show(id) {
    if (ui.selected !== id) ui.start = 0;
    ui.selected = id;
    panel.hidden = false;
    name.textContent = title(id);
    list.textContent = "";
    const wait = html("li", "ak-wait", "asking the kernel …");
    list.append(wait);
    foot.textContent = "";
    clearTimeout(patience);
    patience = setTimeout(() => { wait.textContent = "The kernel does not answer: it is busy, or gone. The messages show as soon as it does."; }, PATIENCE_MS);
    ask();
  }
  function hide() {
    const left = ui.selected;
    ui.selected = null;
    panel.hidden = true;
    root.dispatchEvent(new CustomEvent("agentkit:closed", { detail: left }));
  }
  close.addEventListener("click", hide);
  return {
    show, hide,
    focus: () => panel.focus({ preventScroll: true }),
    /** The selection got more messages: read them, at most twice a second. */
    touched(ids) {
      const card = carded(ui.selected ?? "");
      if (!ui.selected || timer || ![...ids].some((id) => id === card || id.split("→").includes(card))) return;
      timer = setTimeout(() => { timer = 0; ask(); }, 500);
    },
    answer(message) {
      if (message.type === "page" && message.req === `${mine}:${request}` && message.name === ui.selected) {
        clearTimeout(patience);
        const down = list.scrollTop;
        total = message.total;
        list.replaceChildren(...message.items.map(item));
        list.scrollTop = down;
        pages();
      } else if (message.type === "text") {
        const asked = waiting.get(`${message.run}:${message.seq}:${message.kind}`);
        if (!asked || message.req !== `${mine}:text`) return;
        asked.text.textContent = message.text;
        asked.all.remove();
        panel.focus({ preventScroll: true });
      }
    },
    stop: () => { clearTimeout(timer); clearTimeout(patience); },
  };
}

/** Pan by dragging and zoom with Ctrl and the wheel, by buttons or by keys. */
function camera(picture, bar, ui) {
  let whole = { x: 0, y: 0, width: 100, height: 60 };
  const show = () => { const b = ui.box ?? whole; picture.setAttribute("viewBox", `${b.x} ${b.y} ${b.width} ${b.height}`); };
  const zoom = (factor, x, y) => {
    const b = ui.box ?? whole;
    ui.box = zoomed(b, factor, x ?? b.x + b.width / 2, y ?? b.y + b.height / 2, whole);
    show();
  };
  const reset = () => { ui.box = null; show(); };
  for (const [label, hint, act] of [["+", "Zoom in", () => zoom(0.8)], ["−", "Zoom out", () => zoom(1.25)], ["⤢", "Show all", reset]]) {
    const button = html("button", "ak-button", label);
    button.title = hint;
    button.setAttribute("aria-label", hint);
    button.addEventListener("click", act);
    bar.append(button);
  }
  const point = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
  picture.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const at = point(event);
    zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 200))), at.x, at.y);
  }, { passive: false });
  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target !== picture) return;
    const from = point(event);
    const move = (e) => {
      const to = point(e), b = ui.box ?? whole;
      ui.box = { ...b, x: b.x + from.x - to.x, y: b.y + from.y - to.y };
      show();
    };
    picture.setPointerCapture(event.pointerId);
    picture.addEventListener("pointermove", move);
    const stop = () => { picture.removeEventListener("pointermove", move); picture.removeEventListener("pointercancel", stop); };
    picture.addEventListener("pointerup", stop, { once: true });
    picture.addEventListener("pointercancel", stop, { once: true });
  });
  picture.addEventListener("dblclick", (event) => { if (event.target === picture) reset(); });
  return (width, height) => {
    whole = { x: 0, y: 0, width, height };
    picture.style.maxWidth = `${width}px`;
    picture.style.aspectRatio = `${width} / ${height}`;
    show();
  };
}

/** Draw the graph into an element and keep it up to date; returns the clean-up. */
export function draw(model, el, ui = {}) {
  const state = empty(), parts = new Map(), streaming = new Map();
  const root = region(el, "ak-graph", "Message graph"), main = html("div", "ak-main"), bar = html("div", "ak-bar");
  const status = html("div", "ak-status"), tools = html("div", "ak-tools"), legend = html("div", "ak-legend");
  const picture = svg("svg", { role: "group", "aria-label": "Message graph" });
  const edges = svg("g"), dots = svg("g", { "aria-hidden": "true" }), nodes = svg("g");
  status.setAttribute("role", "status");
  picture.append(edges, dots, nodes);
  bar.append(status, tools);
  main.append(bar, picture, legend);
  root.append(main);
  const fit = camera(picture, tools, ui), fly = flights(dots, parts);
  const panel = sidePanel(root, model, ui, (id) => (isNotes(id) ? "Notes about " : "") + carded(id).split("→").map((name) => called(name, state.nodes)).join(" → "));
  let dirty = new Set(), moved = false, frame = 0, sent = 0;

  function pick(id) {
    panel.show(id);
    panel.focus();
    mark();
  }
  function mark() {
    for (const [id, part] of parts) part.group.toggleAttribute("data-selected", id === carded(ui.selected ?? ""));
  }
  function focus(id) {
    root.classList.toggle("focused", Boolean(id));
    for (const [name, edge] of state.edges) parts.get(name)?.group.toggleAttribute("data-near", edge.source === id || edge.target === id);
  }
  /** Put an edge into words when somebody looks; there may be many, and they change often. */
  function tell(id) {
    const text = edgeText(state.edges.get(id), state.nodes), { group, title } = parts.get(id);
    group.setAttribute("aria-label", text);
    title.textContent = text;
  }
  function part(id, make, layer) {
    let found = parts.get(id);
    if (!found) {
      parts.set(id, (found = make(id, pick)));
      layer.append(found.group);
      if (layer === nodes) {
        found.group.addEventListener("pointerenter", () => focus(id));
        found.group.addEventListener("pointerleave", () => focus(null));
      } else {
        for (const kind of ["pointerenter", "focus"]) found.group.addEventListener(kind, () => tell(id));
        tell(id);
      }
    }
    return found;
  }
  function paint() {
    const { layout } = state;
    if (!layout) return;
    const all = moved;
    if (moved) {
      for (const [id, old] of parts) {
        if (!state.nodes.has(id) && !state.edges.has(id)) { old.group.remove(); parts.delete(id); }
      }
      fit(Math.max(layout.width, 240), layout.height);
    }
    for (const [id, edge] of state.edges) {
      if ((all || dirty.has(id)) && layout.edges[id]) drawEdge(part(id, makeEdge, edges), edge, layout.edges[id]);
    }
    for (const [id, node] of state.nodes) {
      if ((all || dirty.has(id)) && layout.nodes[id]) drawNode(part(id, makeNode, nodes), node, layout.nodes[id], streaming.has(id));
    }
    const actors = [...state.nodes.values()].filter((n) => !SMALL.has(n.what)).length;
    root.classList.toggle("crowded", actors > 9);
    words();
    mark();
    panel.touched(dirty);
    dirty = new Set();
    moved = false;
    painted(root, state.rev, sent);
    sent = 0;
  }
  function words() {
    let messages = 0;
    const used = new Set();
    for (const edge of state.edges.values()) {
      messages += edge.count;
      for (const kind in edge.kinds) used.add(kind);
    }
    const live = state.runs.some((run) => run.status === "running"), last = state.runs.at(-1);
    root.dataset.messages = String(messages);
    root.classList.toggle("live", live);
    const facts = [`${messages} ${messages === 1 ? "message" : "messages"}`, live ? "running" : last?.status ?? "empty"];
    status.textContent = [last?.name, ...facts].filter(Boolean).join(" · ");
    const noted = [...state.nodes.values()].filter((node) => node.what !== "you" && Object.keys(node.notes).length);
    const badges = [["badge", noted.some((node) => !node.grave)], ["badge grave", noted.some((node) => node.grave)]];
    const key = [...KINDS.filter((kind) => used.has(kind)), ...badges.map(([, any]) => any)].join();
    if (legend.dataset.key === key) return;
    legend.dataset.key = key;
    legend.replaceChildren(
      ...KINDS.filter((kind) => used.has(kind)).map((kind) => html("span", `ak-key kind-${kind}`, kind)),
      ...badges.filter(([, any]) => any).map(([look]) => html("span", `ak-key ${look}`, BADGES[look])),
    );
  }
  function tick(now) {
    frame = 0;
    if (dirty.size || moved) paint();
    for (const [id, until] of streaming) {
      if (until < now) { streaming.delete(id); dirty.add(id); }
    }
    if (fly.step(now) || dirty.size || streaming.size) frame = requestAnimationFrame(tick);
  }
  const wake = () => { frame ||= requestAnimationFrame(tick); };
  function receive(message) {
    if (message.type !== "patch") return panel.answer(message);
    const before = state.rev, news = merge(state, message);
    if (!news) return model.send({ type: "hello", rev: state.rev });
    for (const id of news.changed) dirty.add(id);
    if (before > 0) for (const flight of news.flown) fly.launch(flight);
    for (const id in message.streams ?? {}) { streaming.set(id, performance.now() + 700); dirty.add(id); }
    moved ||= news.moved;
    sent ||= message.t;
    wake();
  }
  const escape = (event) => { if (event.key === "Escape" && ui.selected) { event.stopPropagation(); panel.hide(); } };
  root.addEventListener("keydown", escape);
  root.addEventListener("agentkit:closed", (event) => {
    mark();
    parts.get(carded(event.detail ?? ""))?.group.focus({ preventScroll: true });
  });
  const leave = follow(model, receive);
  if (ui.selected) panel.show(ui.selected);
  return () => {
    leave();
    panel.stop();
    cancelAnimationFrame(frame);
    root.remove();
  };
}

export default () => {
  const ui = {};
  return { render: ({ model, el }) => draw(model, el, ui) };
};
