// @ts-check
/** The speaker strip: a line for each member, a dot for each turn, and why it was theirs. Python folds, this draws. */

const LINE = 28, TOP = 16, COLOURS = 8;

/** Where a turn's dot stands, by its number from 0 and its speaker's from 0. */
export const place = (turn, member, pace) => [pace * (turn + 0.5), TOP + member * LINE];

/** The distance between turns: they fill the strip, but stay readable. */
export const pace = (turns) => Math.min(44, Math.max(22, 640 / Math.max(1, turns)));

/** A turn in a sentence, for those who do not see it. */
export const label = (turn) => `Turn ${turn.n}: ${turn.speaker}, ${turn.reason}${turn.text ? `. Said: ${turn.text}` : ""}`;

/** Draw the strips into an element and keep them up to date; returns the clean-up. */
export function draw(model, el) {
  const root = region(el, "ak-speakers", "Speakers");
  /** Chosen turn by conversation; without one the last is shown. */
  const chosen = new Map(), scrolls = new Map();

  function names(talk) {
    const most = Math.max(...talk.members.map((member) => member.turns), 1);
    return html("div", "ak-names", "", ...talk.members.map((member, i) => {
      const bar = html("span", `ak-bar tone-${i % COLOURS}`);
      bar.style.width = `${(44 * member.turns / most).toFixed(1)}px`;
      return html("div", member.turns ? "ak-member" : "ak-member quiet", "", html("span", "ak-name", member.name), html("span", "ak-track", "", bar), html("span", "ak-count", String(member.turns)));
    }));
  }
  function strip(talk, shown) {
    const order = new Map(talk.members.map((member, i) => [member.name, i]));
    const step = pace(talk.turns.length), width = step * Math.max(1, talk.turns.length), height = talk.members.length * LINE + 4;
    const at = talk.turns.map((turn, i) => place(i, order.get(turn.speaker), step));
    const made = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}` },
      ...talk.members.map((_, i) => svg("path", { class: "lane", d: `M0 ${TOP + i * LINE}H${width}` })),
      svg("path", { class: "way", d: at.map(([x, y], i) => `${i ? "L" : "M"}${x} ${y}`).join("") }));
    talk.turns.forEach((turn, i) => {
      const [x, y] = at[i], last = i === talk.turns.length - 1;
      const dot = svg("g", { class: `turn tone-${order.get(turn.speaker) % COLOURS}${turn === shown ? " chosen" : ""}${last && talk.open && !turn.text ? " speaking" : ""}`, "aria-label": label(turn), "data-id": `${talk.id}/${turn.n}` },
        svg("circle", { cx: x, cy: y, r: 9 }), svg("text", { x, y: y + 3.2 }, String(turn.n)));
      clickable(dot, () => { chosen.set(talk.id, turn.n); wake(); });
      made.append(dot);
    });
    const scroll = html("div", "ak-scroll", "", made);
    scrolls.set(talk.id, { scroll, turns: talk.turns.length });
    return scroll;
  }
  function section(talk) {
    const shown = talk.turns.find((turn) => turn.n === chosen.get(talk.id)) ?? talk.turns.at(-1);
    const made = html("section", "", "", html("div", "ak-head", "", html("b", "", talk.path || "conversation"), html("span", "ak-said", talk.said)),
      html("div", "ak-strip", "", names(talk), strip(talk, shown)));
    if (shown) {
      const why = html("div", "ak-why", "", html("b", "", `${shown.n}. ${shown.speaker}`), html("span", "", shown.reason));
      made.append(why, ...shown.odd.map((text) => html("p", "ak-odd", `Before: ${text}`)));
      if (shown.text) made.append(html("p", "ak-text", shown.text));
    }
    return made;
  }
  function paint(data) {
    const before = new Map(scrolls);
    const lefts = new Map([...before].map(([id, one]) => [id, one.scroll.scrollLeft]));
    const shown = data.talks.map(section);
    root.replaceChildren(...(shown.length ? shown : [html("p", "ak-none", "Nobody has spoken yet.")]));
    for (const [id, { scroll, turns }] of scrolls) scroll.scrollLeft = turns === before.get(id)?.turns ? lefts.get(id) : scroll.scrollWidth;
  }
  const { wake, stop } = whole(model, root, paint);
  return stop;
}

export default { render: ({ model, el }) => draw(model, el) };
