/** The paging view: how full the window is, what is in it, and what was paged out. Python folds, this draws. */

const WIDE = 720, HIGH = 84, MOST = 60;
const PARTS = ["system", "working context", "summary", "tools"];

/** The colour of a part of the window: its own, or the queue's. */
export const tone = (part) => PARTS.indexOf(part) + 1;

/** Tokens by part of the window; all of them as messages where the parts are not told. */
export function byPart(entries, used) {
  const found = new Map([...PARTS, "messages"].map((name) => [name, 0]));
  for (const one of entries) {
    const name = PARTS.includes(one.part) ? one.part : "messages";
    found.set(name, found.get(name) + one.tokens);
  }
  const shown = [...found].filter(([, tokens]) => tokens > 0);
  return shown.length ? shown : [["messages", used]];
}

/** The gauge over time as a line of steps. */
export function course(moments, window) {
  const pace = WIDE / moments.length, high = (one) => HIGH - 6 - (HIGH - 16) * Math.min(1.08, one.used / window);
  const places = moments.map((one, i) => [pace * (i + 0.5), high(one)]);
  const line = moments.map((one, i) => `${i ? "L" : "M"}${(pace * i).toFixed(1)} ${high(one).toFixed(1)}H${(pace * (i + 1)).toFixed(1)}`).join("");
  return { places, line, at: (share) => high({ used: share * window }) };
}

/** How full it is, in a line. */
export function headline(data, moment) {
  if (!moment) return "nothing has happened in the window yet";
  const facts = [`${moment.used} of ${moment.window} tokens`];
  if (data.outside.length) facts.push(`${data.outside.length} paged out`);
  if (data.said) facts.push(data.said);
  return facts.join(" · ");
}

/** Draw the view into an element and keep it up to date; returns the clean-up. */
export function draw(model, el) {
  const root = region(el, "ak-paging", "Paging");
  let shown = null, opened = "";

  function gauge(data, moment) {
    const bar = html("div", "ak-gauge");
    bar.setAttribute("role", "meter");
    for (const [name, value] of [["aria-valuemin", 0], ["aria-valuemax", moment.window], ["aria-valuenow", moment.used]]) bar.setAttribute(name, String(value));
    bar.setAttribute("aria-label", "Tokens in the window");
    const parts = byPart(moment.entries, moment.used);
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
    const legend = html("div", "ak-legend", "", ...parts.map(([name, tokens]) => html("span", `ak-key tone-${tone(name)}`, `${name} ${tokens}`)), html("span", "", `free ${Math.max(0, moment.window - moment.used)}`));
    return html("div", "", "", bar, legend);
  }
  function history(data, moment) {
    const moments = data.moments.slice(-MOST), window = Math.max(1, ...moments.map((one) => one.window));
    const { places, line, at } = course(moments, window);
    const made = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "group", "aria-label": "The window over time" },
      svg("path", { class: "rule full", d: `M0 ${at(1).toFixed(1)}H${WIDE}` }));
    if (data.pressure != null) made.append(svg("path", { class: "rule warm", d: `M0 ${at(data.pressure).toFixed(1)}H${WIDE}` }));
    made.append(svg("path", { class: "course", d: line }));
    moments.forEach((one, i) => {
      const [x, y] = places[i];
      const dot = svg("g", { class: `moment ${one.topic}${one === moment ? " chosen" : ""}`, "aria-label": `${one.n}. ${one.told}: ${one.used} of ${one.window} tokens`, "data-id": `moment ${one.n}` },
        svg("title", {}, `${one.n}. ${one.told}`), svg("circle", { class: "reach", cx: x, cy: y, r: 9 }), svg("circle", { class: "dot", cx: x, cy: y, r: 4 }));
      made.append(clickable(dot, () => { shown = one === data.moments.at(-1) ? null : one.n; wake(); }));
    });
    return html("div", "ak-course", "", made);
  }
  function list(className, entries, gone) {
    return html("ol", className, "", ...entries.map((one, i) => {
      const key = `${className} ${one.id || i}`;
      const row = html("li", opened === key ? "ak-entry open" : "ak-entry", "", html("span", `ak-part tone-${tone(one.part)}`, gone ? "" : one.part), html("span", "ak-text", one.text), html("span", "ak-tokens", one.tokens ? String(one.tokens) : ""));
      row.dataset.id = key;
      return clickable(row, () => { opened = opened === key ? "" : key; wake(); });
    }));
  }
  function paint(data) {
    const moment = data.moments.find((one) => one.n === shown) ?? data.moments.at(-1);
    const parts = [html("div", "ak-head", "", html("b", "", data.name), html("span", "ak-said", headline(data, moment)))];
    if (moment) {
      parts.push(gauge(data, moment));
      if (data.moments.length > 1) parts.push(history(data, moment));
      parts.push(html("div", `ak-told ${moment.topic}`, `${moment.n}. ${moment.told}${moment.who ? ` (${moment.who})` : ""}`));
      const summary = data.moments.filter((one) => one.n <= moment.n && one.summary).at(-1)?.summary;
      const away = html("div", "ak-column", "", html("h4", "", `paged out: ${data.outside.length}`), ...(summary ? [html("p", "ak-summary", summary)] : []), list("ak-out", data.outside.slice(-40), true));
      parts.push(html("div", "ak-both", "", html("div", "ak-column wide", "", html("h4", "", `in the window: ${moment.entries.length}`), list("ak-in", moment.entries, false)), away));
    }
    root.replaceChildren(...parts);
    root.classList.toggle("live", Boolean(data.live));
  }
  const { wake, stop } = whole(model, root, paint);
  return stop;
}

export default { render: ({ model, el }) => draw(model, el) };
