/** The speakers of conversations: a line for each member, a dot for each turn, and why it was theirs. Python folds, this draws. */
import { clickable, heading, html, nothing, region, svg } from "./dom.js";
import { whole } from "./follow.js";

/** @typedef {import("./types").Talk} Talk */
/** @typedef {import("./types").Turn} Turn */

const LINE = 28, TOP = 16, COLOURS = 8;

/**
 * Where a turn's dot stands, by its number from 0 and its speaker's from 0.
 * @param {number} turn
 * @param {number} member
 * @param {number} step
 */
export const place = (turn, member, step) => [step * (turn + 0.5), TOP + member * LINE];

/**
 * The distance between turns: they fill the strip, but stay readable.
 * @param {number} turns
 */
export const pace = (turns) => Math.min(44, Math.max(22, 640 / Math.max(1, turns)));

/**
 * A turn in a sentence, for those who do not see it.
 * @param {Turn} turn
 */
export const label = (turn) => `Turn ${turn.n}: ${turn.speaker}, ${turn.reason}${turn.text ? `. Said: ${turn.text}` : ""}`;

/** @param {Talk} talk */
function names(talk) {
  const most = Math.max(...talk.members.map((member) => member.turns), 1);
  return html("div", "ak-names", "", ...talk.members.map((member, i) => {
    const bar = html("span", `ak-bar tone-${i % COLOURS}`);
    bar.style.width = `${(44 * member.turns / most).toFixed(1)}px`;
    const name = html("span", "ak-name", member.name);
    name.setAttribute("title", member.name);
    return html("div", member.turns ? "ak-member" : "ak-member quiet", "", name, html("span", "ak-track", "", bar), html("span", "ak-count", String(member.turns)));
  }));
}

/**
 * The turns as dots that a line connects.
 * @param {Talk} talk
 * @param {Turn | undefined} shown
 * @param {(turn: Turn) => void} choose
 */
function strip(talk, shown, choose) {
  const order = new Map(talk.members.map((member, i) => [member.name, i]));
  /** @param {Turn} turn */
  const member = (turn) => order.get(turn.speaker) ?? 0;
  const step = pace(talk.turns.length), width = step * Math.max(1, talk.turns.length), height = talk.members.length * LINE + 4;
  const at = talk.turns.map((turn, i) => place(i, member(turn), step));
  const made = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}` },
    ...talk.members.map((_, i) => svg("path", { class: "lane", d: `M0 ${TOP + i * LINE}H${width}` })),
    svg("path", { class: "way", d: at.map(([x, y], i) => `${i ? "L" : "M"}${x} ${y}`).join("") }));
  talk.turns.forEach((turn, i) => {
    const [x, y] = at[i], speaking = i === talk.turns.length - 1 && talk.open && !turn.text;
    const look = `turn tone-${member(turn) % COLOURS}${turn === shown ? " chosen" : ""}${speaking ? " speaking" : ""}`;
    const dot = svg("g", { class: look, "aria-label": label(turn), "data-id": `${talk.id}/${turn.n}` },
      svg("circle", { cx: x, cy: y, r: 9 }), svg("text", { x, y: y + 3.2 }, String(turn.n)));
    made.append(clickable(dot, () => choose(turn)));
  });
  return html("div", "ak-scroll", "", made);
}

/** @param {Turn | undefined} turn */
function read(turn) {
  if (!turn) return [];
  const why = html("div", "ak-why", "", html("b", "", `${turn.n}. ${turn.speaker}`), html("span", "", turn.reason));
  const odd = turn.odd.map((text) => html("p", "ak-odd", `Before: ${text}`));
  return [why, ...odd, ...(turn.text ? [html("p", "ak-text", turn.text)] : [])];
}

/**
 * Draw the strips into an element and keep them up to date; returns the clean-up.
 * @param {import("./types").Shown} shown
 */
export function render({ model, el }) {
  const root = region(el, "ak-speakers", "Speakers");
  /** @type {Map<string, number>} Chosen turn by conversation; without one the last is shown. */
  const chosen = new Map();
  /** @type {Map<string, { scroll: HTMLElement, turns: number }>} */
  const scrolls = new Map();

  /** @param {Talk} talk */
  function section(talk) {
    const turn = talk.turns.find((one) => one.n === chosen.get(talk.id)) ?? talk.turns.at(-1);
    const scroll = strip(talk, turn, (one) => { chosen.set(talk.id, one.n); wake(); });
    scrolls.set(talk.id, { scroll, turns: talk.turns.length });
    return html("section", "", "", heading(talk.path || "conversation", talk.said),
      html("div", "ak-strip", "", names(talk), scroll), ...read(turn));
  }
  /** @param {import("./types").SpeakersData} data */
  function paint(data) {
    const before = new Map([...scrolls].map(([id, { scroll, turns }]) => [id, { left: scroll.scrollLeft, turns }]));
    root.replaceChildren(...(data.talks.length ? data.talks.map(section) : [nothing("Nobody has spoken yet.")]));
    for (const [id, { scroll, turns }] of scrolls) {
      const known = before.get(id);
      scroll.scrollLeft = known?.turns === turns ? known.left : scroll.scrollWidth;
    }
  }
  const { wake, stop } = whole(model, root, paint);
  return stop;
}

export default { render };
