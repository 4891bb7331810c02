/** The memory map: items as dots, each search with what it found and why. Python folds and places, this draws. */

const SIDE = 360, PAD = 22, COLOURS = 8;
/** Least distance of two numbered dots, so that both numbers can be read. */
const CLEAR = 19;
/** Items whose reasons are pointed at all at once; of more, only the one that is read. */
const POINTERS = 12;
/** Relevance is to the query and has its colour; none is a kind's. */
const PARTS = { relevance: "#d64550", recency: "#2f9a69", importance: "#8a6fd1" };

/** Where a point of the unit square stands; what lies outside is put on the rim. */
export function spot([x, y]) {
  const inside = (value) => Math.min(1.04, Math.max(-0.04, value)), room = SIDE - 2 * PAD;
  return [PAD + inside(x) * room, PAD + (1 - inside(y)) * room];
}

/** Points moved as little as lets each be read; those that stand in one place go sideways. */
export function apart(points) {
  const found = points.map((point) => [...point]), inside = (value) => Math.min(SIDE - 10, Math.max(10, value));
  for (let round = 0; round < 30; round++) for (let i = 0; i < found.length; i++) for (let j = 0; j < i; j++) {
    const a = found[j], b = found[i], dx = b[0] - a[0], dy = b[1] - a[1], far = Math.hypot(dx, dy);
    if (far >= CLEAR) continue;
    const [ux, uy] = far > 0.01 ? [dx / far, dy / far] : [1, 0], push = (CLEAR - far) / 2 + 0.01;
    found[j] = [inside(a[0] - ux * push), inside(a[1] - uy * push)];
    found[i] = [inside(b[0] + ux * push), inside(b[1] + uy * push)];
  }
  return found;
}

/** The kinds of items, when there are several. */
export function kinds(items) {
  const found = [...new Set(items.map((item) => String(item.about.kind ?? "")))];
  return found.length > 1 ? found : [];
}

/** The colour of a part of a score. */
export const shade = (name) => PARTS[name] ?? "#1f93a3";

/** A score with two places. */
export const number = (value) => (typeof value === "number" ? value.toFixed(2) : "–");

/** What is stored, in a line. */
export function headline(data) {
  const facts = [`${data.count} ${data.count === 1 ? "item" : "items"}`];
  if (data.items.length < data.count) facts.push(`${data.items.length} of them shown`);
  if (data.said) facts.push(data.said);
  return facts.join(" · ");
}

/** A hit in a sentence, for those who do not see it. */
export function spoken(hit, rank) {
  const parts = Object.entries(hit.parts).map(([name, value]) => `${name} ${number(value)}`);
  return `${rank}. score ${number(hit.score)}${parts.length ? ` (${parts.join(", ")})` : ""}: ${hit.text}`;
}

/** What is known of an item besides its text, as people read it. */
export function facts(about) {
  const shown = Object.entries(about).filter(([name, value]) => name !== "because" && value !== "" && value !== false);
  return shown.map(([name, value]) => `${name}: ${typeof value === "number" ? Number(value.toFixed(3)) : value}`).join(" · ");
}

/** The items that one was drawn from: a reflection points to them. */
export function reasons(item, items) {
  const ids = new Set(String(item?.about.because ?? "").split(" "));
  return items.filter((one) => ids.has(one.id));
}

/** Draw the map into an element and keep it up to date; returns the clean-up. */
export function draw(model, el) {
  const root = region(el, "ak-map", "Memory map");
  let shown = null, chosen = "";
  /** Whole texts by id, asked for when a long item is read. */
  const texts = new Map();

  function choose(item) {
    chosen = item?.id ?? "";
    if (item?.more && !texts.has(item.id)) model.send({ type: "text", id: item.id });
    wake();
  }
  const pick = (id, items) => choose(chosen === id ? null : items.find((one) => one.id === id));

  function dot(item, [x, y], rank, order, reachable, items) {
    const at = order.indexOf(String(item.about.kind ?? ""));
    const look = `item tone-${Math.max(0, at) % COLOURS}${rank ? " hit" : ""}${item.id === chosen ? " chosen" : ""}`;
    const made = svg("g", { class: look, "aria-label": `${rank ? `found ${rank}: ` : ""}${item.text.slice(0, 200)}`, "data-id": item.id },
      svg("title", {}, item.text.slice(0, 300)), svg("circle", { cx: x, cy: y, r: rank ? 9 : 4.5 }));
    if (rank) made.append(svg("text", { x, y: y + 3.4 }, String(rank)));
    clickable(made, () => pick(item.id, items));
    if (!reachable) made.setAttribute("tabindex", "-1");
    return made;
  }
  /** Arrow keys go from item to item, because hundreds of stops for the tabulator would be none. */
  function walk(event, items) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step || !items.length) return;
    event.preventDefault();
    const at = items.findIndex((item) => item.id === chosen);
    const next = items[(at + step + items.length) % items.length];
    [...(event.currentTarget.querySelectorAll?.("[data-id]") ?? [])].find((one) => one.dataset.id === next.id)?.focus();
    choose(next);
  }
  function sheet(data, recall) {
    const ranks = new Map((recall?.hits ?? []).map((hit, i) => [hit.id, i + 1])), order = kinds(data.items);
    // The best hit is drawn last, so that nothing covers it.
    const items = data.items.filter((item) => !ranks.has(item.id)), hits = data.items.filter((item) => ranks.has(item.id)).sort((a, b) => ranks.get(b.id) - ranks.get(a.id));
    const from = recall?.at && spot(recall.at);
    const places = new Map(data.items.map((item) => [item.id, spot(item.at)]));
    apart(hits.map((item) => places.get(item.id))).forEach((place, i) => places.set(hits[i].id, place));
    const made = svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "group", "aria-label": "Stored items; arrow keys go from one to the next" });
    if (from) for (const item of hits) made.append(svg("path", { class: "ray", d: `M${from.join(" ")}L${places.get(item.id).join(" ")}` }));
    const point = (item, look) => { for (const one of reasons(item, data.items)) made.append(svg("path", { class: look, d: `M${places.get(item.id).join(" ")}L${places.get(one.id).join(" ")}` })); };
    const read = data.items.find((item) => item.id === chosen);
    const pointed = data.items.filter((item) => item.about.because);
    for (const item of pointed.length <= POINTERS ? pointed : []) if (item !== read) point(item, "because");
    point(read, "because read");
    const first = chosen || data.items[0]?.id;
    made.append(...items.map((item) => dot(item, places.get(item.id), 0, order, item.id === first, data.items)), ...hits.map((item) => dot(item, places.get(item.id), ranks.get(item.id), order, true, data.items)));
    if (from) made.append(svg("path", { class: "query", d: `M${from[0]} ${from[1] - 8.5}l8.5 8.5l-8.5 8.5l-8.5 -8.5z` }, svg("title", {}, recall.query)));
    made.addEventListener("keydown", (event) => walk(event, data.items));
    const below = html("div", "ak-below", data.items.length ? `The map shows ${Math.round(100 * data.share)} % of how the items differ.` : "Nothing is stored yet.");
    const legend = html("div", "ak-legend", "", ...order.map((kind, i) => html("span", `ak-key tone-${i % COLOURS}`, kind || "other")));
    return html("div", "ak-sheet", "", made, legend, below);
  }
  function bars(hit, most) {
    return html("div", "ak-bars", "", ...Object.entries(hit.parts).map(([name, value]) => {
      const bar = html("span", "ak-part");
      bar.style.width = `${(Math.max(0, value) / most * 60).toFixed(1)}%`;
      bar.style.background = shade(name);
      bar.setAttribute("title", `${name} ${number(value)}`);
      return bar;
    }), html("span", "ak-score", number(hit.score)));
  }
  function found(recall, items) {
    const most = Math.max(1, ...recall.hits.map((hit) => Object.values(hit.parts).reduce((sum, part) => sum + Math.max(0, part), 0)));
    const names = [...new Set(recall.hits.flatMap((hit) => Object.keys(hit.parts)))];
    const rows = recall.hits.map((hit, i) => {
      const row = html("div", hit.id === chosen ? "ak-hit chosen" : "ak-hit", "", html("span", "ak-rank", String(i + 1)), html("div", "ak-what", "", html("div", "ak-text", hit.text), bars(hit, most)));
      row.setAttribute("aria-label", spoken(hit, i + 1));
      row.dataset.id = `hit ${hit.id}`;
      return clickable(row, () => pick(hit.id, items));
    });
    const keys = names.map((name) => { const key = html("span", "ak-key ak-bar", name); key.style.setProperty("--ak-tone", shade(name)); return key; });
    return [...(rows.length ? rows : [html("p", "ak-none", "Nothing was found.")]), html("div", "ak-legend", "", ...(names.length > 1 ? keys : []))];
  }
  function turner(data, recall) {
    const at = data.recalls.indexOf(recall);
    const button = (text, label, to) => {
      const made = html("button", "ak-button", text);
      made.setAttribute("aria-label", label);
      made.dataset.id = label;
      made.disabled = !data.recalls[to];
      made.addEventListener("click", () => { shown = data.recalls[to].n; wake(); });
      return made;
    };
    const back = button("‹", "Earlier search", at - 1), on = button("›", "Later search", at + 1);
    return html("div", "ak-turner", "", back, html("span", "", `search ${at + 1} of ${data.recalls.length}`), on);
  }
  function side(data, recall) {
    const parts = [];
    if (recall) {
      parts.push(html("div", "ak-search", "", html("span", "ak-diamond"), html("div", "", "", html("div", "ak-asked", recall.query), html("div", "ak-who", `${recall.who} searched`))), ...found(recall, data.items));
      if (data.recalls.length > 1) parts.push(turner(data, recall));
    } else parts.push(html("p", "ak-none", "Nobody has searched yet."));
    const item = data.items.find((one) => one.id === chosen);
    if (item) {
      const about = facts(item.about);
      parts.push(html("div", "ak-read", "", html("div", "ak-id", item.id), html("div", "ak-full", texts.get(item.id) ?? item.text), ...(about ? [html("div", "ak-about", about)] : []),
        ...reasons(item, data.items).map((one) => html("div", "ak-about", `because: ${one.text}`))));
    }
    return html("div", "ak-side", "", ...parts);
  }
  function paint(data) {
    const recall = data.recalls.find((one) => one.n === shown) ?? data.recalls.at(-1);
    root.replaceChildren(html("div", "ak-head", "", html("b", "", data.name), html("span", "ak-said", headline(data))), html("div", "ak-both", "", sheet(data, recall), side(data, recall)));
    root.dataset.items = String(data.items.length);
    root.classList.toggle("live", Boolean(data.live));
  }
  const answer = (message) => { if (message.type === "text") { texts.set(message.id, message.text); wake(); } };
  model.on("msg:custom", answer);
  const { wake, stop } = whole(model, root, paint);
  return () => { model.off("msg:custom", answer); stop(); };
}

export default { render: ({ model, el }) => draw(model, el) };
