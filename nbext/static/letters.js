/** The letters of a queue or stream: who sent each, who took it, and what became of it. Python folds, this draws. */
import { clickable, details, heading, html, region } from "./dom.js";
import { whole } from "./follow.js";
import { visible } from "./words.js";

/** @typedef {import("./types").Track} Track */
/** @typedef {import("./types").Moment} Moment */

/**
 * What happened to a letter in a sentence, for those who do not see it.
 * @param {Track} letter
 */
export const story = (letter) => `${letter.body}: ${letter.state}. ${letter.moments.map((one) => `${one.what} ${one.who}`.trim()).join(", ")}`;

/**
 * The last part of an actor's path.
 * @param {string} path
 */
export const last = (path) => path.split("/").at(-1);

/** @param {Moment} one */
const about = (one) => [one.who, one.told].filter(Boolean).join(": ");

/** @param {Moment} one */
function moment(one) {
  const made = html("span", `ak-moment ${one.what.replace(" ", "-")}`, `${one.what} ${last(one.who)}`.trim());
  made.setAttribute("title", about(one));
  return made;
}

/** @param {Track} letter */
const open = (letter) => html("li", "ak-open", "",
  details([["letter", letter.body], ["id", letter.id], ...letter.moments.map((one) => [one.what, about(one)])]));

/**
 * Draw the letters into an element and keep them up to date; returns the clean-up.
 * @param {import("./types").Shown} shown
 */
export function render({ model, el }) {
  const root = region(el, "ak-letters", "Letters");
  let opened = "";

  /** @param {Track} letter */
  function line(letter) {
    const made = html("li", `ak-letter ${letter.state}`, "", html("span", "ak-body", letter.body), html("span", "ak-moments", "", ...letter.moments.map(moment)));
    made.dataset.id = letter.id;
    made.setAttribute("aria-label", visible(story(letter)));
    clickable(made, () => { opened = opened === letter.id ? "" : letter.id; wake(); });
    return opened === letter.id ? [made, open(letter)] : [made];
  }
  /** @param {import("./types").LettersData} data */
  const paint = (data) => root.replaceChildren(heading(data.name, data.headline), html("ol", "", "", ...data.letters.flatMap(line)));
  const { wake, stop } = whole(model, root, paint);
  return stop;
}

export default { render };
