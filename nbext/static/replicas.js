/** The board view: what each replica holds of each key, who wrote it, and what went wrong. Python folds, this draws. */

const COLOURS = 8;

/** How a replica stands. */
export const lag = (replica) => [replica.behind ? `${replica.behind} behind` : "", replica.state].filter(Boolean).join(", ");

/** A version in a sentence, for those who do not see it. */
export function spoken(key, replica, one, siblings) {
  const facts = [one.version, one.who && `written by ${one.who}`, one.based_on && `based on ${one.based_on}`, siblings > 1 && `one of ${siblings} siblings`];
  return `${key} on ${replica}: ${one.value} (${facts.filter(Boolean).join(", ")})`;
}

/** Draw the board into an element and keep it up to date; returns the clean-up. */
export function draw(model, el) {
  const root = region(el, "ak-replicas", "Board");
  let chosen = "";

  function chip(key, replica, one, siblings) {
    const id = `${key} ${replica} ${one.version}`;
    const look = ["ak-version", `tone-${one.tone % COLOURS}`, siblings > 1 ? "sibling" : "", id === chosen ? "chosen" : ""];
    const made = html("div", look.filter(Boolean).join(" "), "", html("div", "ak-value", one.value), html("div", "ak-under", [one.version, one.who].filter(Boolean).join(" · ")));
    made.dataset.id = id;
    made.setAttribute("aria-label", spoken(key, replica, one, siblings));
    return clickable(made, () => { chosen = chosen === id ? "" : id; wake(); });
  }
  function header(replica) {
    const made = html("th", "", "", html("span", "ak-replica", replica.name), html("span", lag(replica) ? "ak-lag late" : "ak-lag", lag(replica) || "up to date"));
    made.setAttribute("scope", "col");
    return made;
  }
  function row(data, line) {
    const name = html("th", "ak-key", line.key);
    name.setAttribute("scope", "row");
    return html("tr", "", "", name, ...line.cells.map((versions, i) => html("td", "", versions.length ? "" : "–", ...versions.map((one) => chip(line.key, data.replicas[i].name, one, versions.length)))));
  }
  function detail(data) {
    for (const line of data.keys) {
      for (const [i, versions] of line.cells.entries()) {
        const one = versions.find((version) => `${line.key} ${data.replicas[i].name} ${version.version}` === chosen);
        if (!one) continue;
        const facts = [["key", line.key], ["replica", data.replicas[i].name], ["value", one.value], ["version", one.version], ["written by", one.who], ["based on", one.based_on], ["at", one.at == null ? "" : new Date(one.at * 1000).toLocaleTimeString()]];
        return [html("dl", "ak-detail", "", ...facts.filter(([, text]) => text).flatMap(([what, text]) => [html("dt", "", what), html("dd", "", text)]))];
      }
    }
    return [];
  }
  function paint(data) {
    const table = html("table", "", "", html("thead", "", "", html("tr", "", "", html("td"), ...data.replicas.map(header))), html("tbody", "", "", ...data.keys.map((line) => row(data, line))));
    const troubles = data.troubles.map((one) => html("li", `ak-trouble ${one.topic}`, "", html("span", "", one.told), html("span", "ak-who", one.who)));
    root.replaceChildren(html("div", "ak-head", "", html("b", "", data.name), html("span", "ak-said", data.headline)),
      ...(data.keys.length ? [html("div", "ak-scroll", "", table)] : [html("p", "ak-none", "Nothing is written yet.")]),
      ...detail(data), ...(troubles.length ? [html("ol", "ak-troubles", "", ...troubles.reverse())] : []));
    root.classList.toggle("live", Boolean(data.live));
  }
  const { wake, stop } = whole(model, root, paint);
  return stop;
}

export default { render: ({ model, el }) => draw(model, el) };
