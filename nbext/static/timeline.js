// @ts-check
/** The live timeline: one lane per actor, one bar per step. Python folds, this draws. */

const FIELDS = ["id", "lane", "row", "kind", "label", "start", "end", "status", "reused", "detail", "inside"];
const BREAK = 26, ROW = 15, THIN = 1.5, TOP = 26, LABELS = 150, RIGHT = 22, REUSED = 9;

export const empty = () => ({ rev: 0, segments: [], order: [], lanes: new Map(), bars: new Map(), totals: null, live: false });

/** Merge a patch; false when a patch in between is missing. */
export function merge(state, message) {
  if (message.from > state.rev) return false;
  if (message.rev < state.rev) return true;
  const { segments, order, lanes, bars, totals, live } = message.data;
  for (const lane of lanes) state.lanes.set(lane.id, lane);
  for (const values of bars) {
    const bar = Object.fromEntries(FIELDS.map((name, i) => [name, values[i]]));
    bar.place = bar.inside ? "" : `${bar.row}\u0000${bar.lane}`;
    state.bars.set(bar.id, bar);
  }
  Object.assign(state, { segments, order, totals, live, rev: message.rev });
  return true;
}

/** The next of 1, 2, 5, 10, ... times a power of ten. */
export function nice(raw) {
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1e-6)));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= raw * 0.999999);
}

/** From times to pixels: segments in proportion to their lengths, pauses cut out. */
export function axis(segments, left, width) {
  const total = segments.reduce((sum, [a, b]) => sum + b - a, 0) || 1e-6;
  const scale = Math.max(1, width - BREAK * (segments.length - 1)) / total;
  const starts = [];
  let at = left;
  for (const [a, b] of segments) { starts.push(at); at += (b - a) * scale + BREAK; }
  const x = (time) => {
    let i = segments.length - 1;
    while (i > 0 && time < segments[i][0]) i--;
    if (i < 0) return left;
    const [a, b] = segments[i];
    return starts[i] + Math.max(0, Math.min(time, b) - a) * scale;
  };
  const step = nice(total / Math.max(2, width / 110)), ticks = [];
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  let gone = 0;
  segments.forEach(([a, b], i) => {
    for (let n = Math.ceil(gone / step - 1e-9); n * step <= gone + b - a + step * 1e-6; n++) {
      ticks.push([starts[i] + (n * step - gone) * scale, `${(n * step).toFixed(digits)} s`]);
    }
    gone += b - a;
  });
  const breaks = segments.slice(1).map(([a], i) => [starts[i + 1] - BREAK / 2, a - segments[i][1]]);
  return { x, ticks, breaks };
}

/** How long a run may be silent and still count as going on, in seconds. */
const SILENT_S = 120;

/** The segments, the last one drawn out to the present while a run goes on. */
export function current(segments, live, now) {
  const last = segments.at(-1);
  if (!live || !last || now <= last[1] || now - last[1] > SILENT_S) return segments;
  return [...segments.slice(0, -1), [last[0], now]];
}

/** Bars, in order of their starts, as rectangles; neighbours too thin to be seen alone become one with a count. */
export function rectangles(bars, x, now) {
  const found = [], last = new Map();
  for (const bar of bars) {
    const x0 = x(bar.start), x1 = x(bar.end ?? now);
    const before = last.get(bar.place);
    if (before && x1 - x0 < THIN && x0 - before.x1 < 1 && before.x1 - before.x < 4 * THIN
      && before.kind === bar.kind && before.reused === bar.reused
      && (before.status === "failed") === (bar.status === "failed")) {
      if (x1 > before.x1) before.x1 = x1;
      before.n += 1;
      continue;
    }
    const rect = { ...bar, open: bar.end == null, x: x0, x1, n: 1 };
    found.push(rect);
    if (bar.place) last.set(bar.place, rect);
  }
  return found;
}

/** What is too thin for a shape of its own: one path per look. */
export function thin(rects, tops) {
  const paths = new Map();
  for (const rect of rects) {
    const look = `${rect.kind}${rect.status === "failed" ? " failed" : ""}`;
    const y = tops.get(rect.lane) + rect.row * ROW + 1.5, width = Math.max(1, rect.x1 - rect.x);
    const box = `M${rect.x.toFixed(1)} ${y}h${width.toFixed(1)}v${ROW - 3}h-${width.toFixed(1)}z`;
    paths.set(look, (paths.get(look) ?? "") + box);
  }
  return paths;
}

const isThin = (rect) => !rect.inside && !rect.reused && (rect.n > 1 || rect.x1 - rect.x < 2.5);

/** A bar in one line. */
export function tip(rect) {
  if (rect.n > 1) return `${rect.n} ${rect.kind} steps`;
  const lasted = rect.end == null ? "under way" : seconds(rect.end - rect.start);
  return [rect.kind, rect.label, lasted, rect.status, rect.reused ? "reused, 0 paid" : "", rect.detail].filter(Boolean).join(" · ");
}

/** Totals in one line. */
export function headline(totals) {
  const facts = [`${seconds(totals.wall_s)} in all`, `${seconds(totals.busy_s)} busy`];
  if (totals.idle_s >= 0.0005) facts.push(`${seconds(totals.idle_s)} idle`);
  if (totals.waited_s >= 0.0005) facts.push(`${seconds(totals.waited_s)} in retry waits`);
  facts.push(`${totals.steps} steps`);
  if (totals.reused) facts.push(`${totals.reused} reused (0 paid)`);
  return facts.join(" · ");
}

function drawGrid(scale, bottom) {
  const parts = [];
  for (const [x, text] of scale.ticks) {
    parts.push(svg("path", { class: "tick", d: `M${x} ${TOP - 8}V${bottom}` }), svg("text", { class: "time", x, y: bottom + 14 }, text));
  }
  for (const [x, gap] of scale.breaks) {
    parts.push(svg("path", { class: "break", d: `M${x} ${TOP - 6}V${bottom - 8}` }),
      svg("text", { class: "time", x, y: TOP - 11 }, `paused ${seconds(gap)}`));
  }
  return parts;
}

function drawLane(lane, y, scale, now) {
  const x = 14 + lane.depth * 12, parts = [];
  for (const [start, end] of lane.spans) {
    const x0 = scale.x(start);
    parts.push(svg("rect", { class: "span", x: x0, y: y - 1, width: Math.max(1, scale.x(end ?? now) - x0), height: lane.rows * ROW + 4, rx: 3 }));
  }
  const name = svg("text", { class: "lane", x, y: y + ROW - 2 }, cut(lane.label, LABELS - x - 6, 12));
  name.append(svg("title", {}, lane.id));
  return [name, ...parts];
}

/** The shape nearest to a point of a lane, for those too thin to be hit: at most `reach` pixels away. */
export function nearest(shapes, tops, x, y, reach = 8) {
  let best = null, least = reach;
  for (const rect of shapes) {
    const top = tops.get(rect.lane) + rect.row * ROW;
    if (y < top || y > top + ROW) continue;
    const away = Math.max(0, rect.x - x, x - rect.x1);
    if (away < least) { best = rect; least = away; }
  }
  return best;
}

function drawBar(rect, y, act) {
  const width = Math.max(rect.reused ? REUSED : 1, rect.x1 - rect.x), top = y + rect.row * ROW + 1.5;
  const box = { x: rect.x, y: top, width, height: ROW - 3, rx: Math.min(3, width / 2) };
  if (rect.inside) {
    const strip = svg("rect", { class: "body", x: rect.x, y: top + ROW - 7, width, height: 4 });
    return clickable(svg("g", { class: `bar inside kind-${rect.kind}`, "aria-label": tip(rect) }, svg("title", {}, tip(rect)), strip), act);
  }
  const state = rect.status === "failed" ? " failed" : rect.status === "cancelled" ? " cancelled" : rect.open ? " open" : "";
  const group = svg("g", { class: `bar kind-${rect.kind}${state}` }, svg("title", {}, tip(rect)), svg("rect", { class: "body", ...box }));
  if (rect.reused) group.append(svg("rect", { class: "hatch", ...box }));
  if (width > 34) group.append(svg("text", { x: rect.x + 5, y: top + 9 }, cut(rect.reused ? "0 paid" : rect.label, width - 8, 9.5)));
  group.setAttribute("aria-label", tip(rect));
  return clickable(group, act);
}

/** Draw the timeline into an element and keep it up to date; returns the clean-up. */
export function draw(model, el) {
  const state = empty(), root = region(el, "ak-timeline", "Timeline"), head = html("div", "ak-status"), legend = html("div", "ak-legend");
  const hatch = `ak-hatch-${Math.random().toString(36).slice(2)}`;
  const picture = svg("svg", { role: "group" }), layer = svg("g"), panel = html("div", "ak-about");
  panel.setAttribute("role", "status");
  panel.hidden = true;
  picture.append(svg("defs", {}, svg("pattern", { id: hatch, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
    svg("path", { d: "M0 6 6 0", stroke: "#fff", "stroke-width": 1.6, opacity: 0.75 }))), layer);
  root.style.setProperty("--ak-hatch", `url(#${hatch})`);
  root.append(head, picture, legend, panel);
  const mine = Math.random().toString(36).slice(2);
  let shapes = [], tops = new Map(), asked = 0, chosen = null;
  let frame = 0, timer = 0, pulse = 0, sent = 0, last = 0, cost = 0, width = 900;

  /** Ask the kernel for all about a bar or a note, and make room for it. */
  function pick(name, content, said) {
    chosen = chosen === name ? null : name;
    panel.hidden = chosen === null;
    if (chosen === null) return wake();
    asked += 1;
    panel.replaceChildren(html("p", "ak-none", said));
    model.send({ ...content, req: `${mine}:${asked}` });
    wake();
  }
  const pickBar = (rect) => pick(`bar ${rect.id}`, { type: "bar", id: rect.id }, `${tip(rect)} · asking the kernel …`);
  const pickNote = (lane, n, topic) => pick(`note ${lane} ${n}`, { type: "mark", lane, n }, `${topic} · asking the kernel …`);
  function tell(message) {
    if (message.req !== `${mine}:${asked}` || chosen === null) return;
    const rows = message.detail?.rows ?? [["", "The kernel knows nothing of it."]];
    const close = html("button", "ak-button", "×");
    close.title = "Close";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => { chosen = null; panel.hidden = true; wake(); });
    panel.replaceChildren(close,
      html("dl", "ak-detail", "", ...rows.flatMap(([name, text]) => [html("dt", "", name), html("dd", "", text)])),
      branching(message.detail?.branches));
  }
  function paint() {
    frame = 0;
    const begun = performance.now();
    const segments = state.segments.length ? current(state.segments, state.live, Date.now() / 1000) : [[0, 0]], now = segments.at(-1)[1];
    const scale = axis(segments, LABELS, width - LABELS - RIGHT);
    tops = new Map();
    let y = TOP;
    for (const id of state.order) { tops.set(id, y); y += state.lanes.get(id).rows * ROW + 11; }
    shapes = rectangles(state.bars.values(), scale.x, now);
    layer.replaceChildren(
      ...drawGrid(scale, y),
      ...state.order.flatMap((id) => drawLane(state.lanes.get(id), tops.get(id), scale, now)),
      ...[...thin(shapes.filter(isThin), tops)].map(([look, d]) => svg("path", { class: `bar thin body kind-${look}`, d })),
      ...shapes.filter((r) => !isThin(r)).map((r) => {
        const made = drawBar(r, tops.get(r.lane), () => pickBar(r));
        made.toggleAttribute("data-selected", chosen === `bar ${r.id}`);
        return made;
      }),
      ...state.order.flatMap((id) => state.lanes.get(id).notes.map(([at, topic, grave], n) => {
        const said = topic.replaceAll("_", " "), circle = { class: grave ? "note grave" : "note", cx: scale.x(at), cy: tops.get(id) + 1, r: 3, "aria-label": said };
        const made = clickable(svg("circle", circle, svg("title", {}, `${said}: click to read it`)), () => pickNote(id, n, said));
        made.toggleAttribute("data-selected", chosen === `note ${id} ${n}`);
        return made;
      })),
    );
    picture.setAttribute("viewBox", `0 0 ${width} ${y + 22}`);
    picture.setAttribute("height", String(y + 22));
    head.textContent = state.totals ? headline(state.totals) : "";
    picture.setAttribute("aria-label", `Timeline of ${state.order.length} actors: ${head.textContent}`);
    const kinds = [...new Set(shapes.map((r) => r.kind))];
    const marks = state.order.flatMap((id) => state.lanes.get(id).notes);
    legend.replaceChildren(
      ...kinds.map((kind) => html("span", `ak-key kind-${kind}`, kind)),
      ...(marks.some(([, , grave]) => !grave) ? [html("span", "ak-key kind-note", "note (click)")] : []),
      ...(marks.some(([, , grave]) => grave) ? [html("span", "ak-key kind-trouble", "note of trouble (click)")] : []),
    );
    root.classList.toggle("live", state.live);
    Object.assign(root.dataset, { bars: String(state.bars.size), shapes: String(shapes.length) });
    painted(root, state.rev, sent);
    sent = 0;
    last = performance.now();
    cost = last - begun;
    clearTimeout(pulse);
    if (segments !== state.segments && state.live) pulse = setTimeout(wake, 250);
  }
  /** Paint with the next frame, but spend at most a third of the time on it. */
  function wake() {
    if (frame || timer) return;
    const rest = cost < 8 ? 0 : 2 * cost - (performance.now() - last);
    if (rest > 0) timer = setTimeout(() => { timer = 0; wake(); }, rest);
    else frame = requestAnimationFrame(paint);
  }
  function receive(message) {
    if (message.type === "detail") return tell(message);
    if (message.type !== "patch") return;
    if (!merge(state, message)) return model.send({ type: "hello", rev: state.rev });
    sent ||= message.t;
    wake();
  }
  // Bars that are drawn together have no shape of their own to be clicked.
  picture.addEventListener("click", (event) => {
    if (!String(event.target?.getAttribute?.("class")).includes("thin")) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
    const found = nearest(shapes, tops, at.x, at.y);
    if (found) pickBar(found);
  });
  const watch = globalThis.ResizeObserver && new ResizeObserver(([entry]) => {
    const wide = Math.max(420, Math.floor(entry.contentRect.width));
    if (wide !== width) { width = wide; wake(); }
  });
  watch?.observe(root);
  const leave = follow(model, receive);
  return () => {
    leave();
    watch?.disconnect();
    clearTimeout(timer);
    clearTimeout(pulse);
    cancelAnimationFrame(frame);
    root.remove();
  };
}

export default { render: ({ model, el }) => draw(model, el) };
