/** The window of a paged memory: how full it is, what is in it, and what was paged out. Python folds, this draws. */
import { clickable, heading, html, region, svg } from "./dom.js";
import { whole } from "./follow.js";

/** @typedef {import("./types").WindowMoment} Moment */
/** @typedef {import("./types").PagingData} PagingData */
/** @typedef {import("./types").Entry} Entry */

const WIDE = 720, HIGH = 84, MOST = 60;
const PARTS = ["system", "working context", "summary", "tools"];

/**
 * The colour of a part of the window: its own, or the queue's.
 * @param {string} part
 */
export const tone = (part) => PARTS.indexOf(part) + 1;

/**
 * Tokens by part of the window; all of them as messages where the parts are not told.
 * @param {Entry[]} entries
 * @param {number} used
 * @returns {[string, number][]}
 */
export function byPart(entries, used) {
  const found = new Map([...PARTS, "messages"].map((name) => [name, 0]));
  for (const one of entries) {
    const name = PARTS.includes(one.part) ? one.part : "messages";
    found.set(name, (found.get(name) ?? 0) + one.tokens);
  }
  const shown = [...found].filter(([, tokens]) => tokens > 0);
  return shown.length ? shown : [["messages", used]];
}

/**
 * The gauge over time as a line of steps.
 * @param {Moment[]} moments
 * @param {number} window
 */
export function course(moments, window) {
  /** @param {number} share */
  const at = (share) => HIGH - 6 - (HIGH - 16) * Math.min(1.08, share);
  const pace = WIDE / moments.length;
  const places = moments.map((one, i) => [pace * (i + 0.5), at(one.used / window)]);
  const line = places.map(([, y], i) => `${i ? "L" : "M"}${(pace * i).toFixed(1)} ${y.toFixed(1)}H${(pace * (i + 1)).toFixed(1)}`).join("");
  return { places, line, at };
}

/**
 * How full it is, in a line.
 * @param {PagingData} data
 * @param {Moment | undefined} moment
 */
export function headline(data, moment) {
  if (!moment) return "nothing has happened in the window yet";
  const facts = [`${moment.used} of ${moment.window} tokens`];
  if (data.outside.length) facts.push(`${data.outside.length} paged out`);
  if (data.said) facts.push(data.said);
  return facts.join(" · ");
}

/**
 * @param {PagingData} data
 * @param {Moment} moment
 */
function gauge(data, moment) {
  const bar = html("div", "ak-gauge"), parts = byPart(moment.entries, moment.used);
  const marks = { role: "meter", "aria-valuemin": 0, "aria-valuemax": moment.window, "aria-valuenow": moment.used, "aria-label": "Tokens in the window" };
  for (const [name, value] of Object.entries(marks)) bar.setAttribute(name, String(value));
  for (const [name, tokens] of parts) {
    const part = html("span", `ak-fill tone-${tone(name)}`);
    part.style.width = `${(100 * tokens / Math.max(1, moment.window)).toFixed(2)}%`;
    part.setAttribute("title", `${name}: ${tokens} tokens`);
    bar.append(part);
  }
  if (data.pressure != null) {
    const mark = html("span", "ak-mark");
    mark.style.left = `${100 * data.pressure}%`;
    mark.setAttribute("title", `pressure begins at ${Math.round(100 * data.pressure)} %`);
    bar.append(mark);
  }
  const keys = parts.map(([name, tokens]) => html("span", `ak-key tone-${tone(name)}`, `${name} ${tokens}`));
  return html("div", "", "", bar, html("div", "ak-legend", "", ...keys, html("span", "", `free ${Math.max(0, moment.window - moment.used)}`)));
}

/**
 * The gauge over time; a click on a moment shows the window as it was.
 * @param {PagingData} data
 * @param {Moment} moment
 * @param {(moment: Moment) => void} choose
 */
function history(data, moment, choose) {
  const moments = data.moments.slice(-MOST), window = Math.max(1, ...moments.map((one) => one.window));
  const { places, line, at } = course(moments, window);
  const made = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "group", "aria-label": "The window over time" },
    svg("path", { class: "rule full", d: `M0 ${at(1).toFixed(1)}H${WIDE}` }));
  if (data.pressure != null) made.append(svg("path", { class: "rule warm", d: `M0 ${at(data.pressure).toFixed(1)}H${WIDE}` }));
  made.append(svg("path", { class: "course", d: line }));
  moments.forEach((one, i) => {
    const [x, y] = places[i], said = `${one.n}. ${one.told}`;
    const dot = svg("g", { class: `moment ${one.topic}${one === moment ? " chosen" : ""}`, "aria-label": `${said}: ${one.used} of ${one.window} tokens`, "data-id": `moment ${one.n}` },
      svg("title", {}, said), svg("circle", { class: "reach", cx: x, cy: y, r: 9 }), svg("circle", { class: "dot", cx: x, cy: y, r: 4 }));
    made.append(clickable(dot, () => choose(one)));
  });
  return html("div", "ak-course", "", made);
}

/**
 * What is in the window, or what is not: a line for each message, all of the one that is opened.
 * @param {string} className
 * @param {Entry[]} entries
 * @param {{ opened: string, open: (key: string) => void }} reading
 */
const list = (className, entries, { opened, open }) => html("ol", className, "", ...entries.map((one, i) => {
  const key = `${className} ${one.id || i}`;
  const row = html("li", opened === key ? "ak-entry open" : "ak-entry", "", html("span", `ak-part tone-${tone(one.part)}`, one.part), html("span", "ak-text", one.text), html("span", "ak-tokens", one.tokens ? String(one.tokens) : ""));
  row.dataset.id = key;
  return clickable(row, () => open(opened === key ? "" : key));
}));

/**
 * Draw the view into an element and keep it up to date; returns the clean-up.
 * @param {import("./types").Shown} shown
 */
export function render({ model, el }) {
  const root = region(el, "ak-paging", "Paging");
  let opened = "";
  /** @type {number | null} */
  let chosen = null;

  /**
   * What is in the window, and beside it what is not.
   * @param {PagingData} data
   * @param {Moment} moment
   */
  function both(data, moment) {
    const summary = data.moments.filter((one) => one.n <= moment.n && one.summary).at(-1)?.summary;
    const reading = { opened, open: (/** @type {string} */ key) => { opened = key; wake(); } };
    const gone = data.outside.slice(-40).map((one) => ({ ...one, part: "", tokens: 0 }));
    const away = html("div", "ak-column", "", html("h4", "", `paged out: ${data.outside.length}`), ...(summary ? [html("p", "ak-summary", summary)] : []), list("ak-out", gone, reading));
    return html("div", "ak-both", "", html("div", "ak-column wide", "", html("h4", "", `in the window: ${moment.entries.length}`), list("ak-in", moment.entries, reading)), away);
  }
  /** @param {PagingData} data */
  function paint(data) {
    const newest = data.moments.at(-1), moment = data.moments.find((one) => one.n === chosen) ?? newest;
    const parts = [heading(data.name, headline(data, moment))];
    if (moment) {
      parts.push(gauge(data, moment));
      if (data.moments.length > 1) parts.push(history(data, moment, (one) => { chosen = one === newest ? null : one.n; wake(); }));
      parts.push(html("div", `ak-told ${moment.topic}`, `${moment.n}. ${moment.told}${moment.who ? ` (${moment.who})` : ""}`), both(data, moment));
    }
    root.replaceChildren(...parts);
  }
  const { wake, stop } = whole(model, root, paint);
  return stop;
}

export default { render };
