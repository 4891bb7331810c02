/** The letters of a queue or stream: who sent each, who took it, and what became of it. Python folds, this draws. */

/** What happened to a letter in a sentence, for those who do not see it. */
export const story = (letter) => `${letter.body}: ${letter.state}. ${letter.moments.map((one) => `${one.what} ${one.who}`.trim()).join(", ")}`;

/** The last part of an actor's path. */
export const last = (path) => path.split("/").at(-1);

/** Draw the letters into an element and keep them up to date; returns the clean-up. */
export function draw(model, el) {
  const root = region(el, "ak-letters", "Letters");
  let opened = "";

  function moment(one) {
    const made = html("span", `ak-moment ${one.what.replace(" ", "-")}`, `${one.what} ${last(one.who)}`.trim());
    made.setAttribute("title", [one.who, one.told].filter(Boolean).join(": "));
    return made;
  }
  function line(letter) {
    const made = html("li", `ak-letter ${letter.state}`, "", html("span", "ak-body", letter.body), html("span", "ak-moments", "", ...letter.moments.map(moment)));
    made.dataset.id = letter.id;
    made.setAttribute("aria-label", story(letter));
    clickable(made, () => { opened = opened === letter.id ? "" : letter.id; wake(); });
    if (opened !== letter.id) return [made];
    const rows = letter.moments.flatMap((one) => [html("dt", "", one.what), html("dd", "", [one.who, one.told].filter(Boolean).join(": "))]);
    return [made, html("li", "ak-open", "", html("dl", "ak-detail", "", html("dt", "", "letter"), html("dd", "", letter.body), html("dt", "", "id"), html("dd", "", letter.id), ...rows))];
  }
  function paint(data) {
    root.replaceChildren(html("div", "ak-head", "", html("b", "", data.name), html("span", "ak-said", data.headline)), html("ol", "", "", ...data.letters.flatMap(line)));
    root.classList.toggle("live", Boolean(data.live));
  }
  const { wake, stop } = whole(model, root, paint);
  return stop;
}

export default { render: ({ model, el }) => draw(model, el) };
