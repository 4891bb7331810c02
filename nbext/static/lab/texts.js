/** Cells that commands write. */

/** Cells of a new notebook; they run as they stand, with the simulated model. */
export const starter = () => [
  "%load_ext nbext",
  "%%agent clerk\nYou answer questions about the text that you are given, in one sentence.",
  "%%ask clerk\nThe mole in Amber is {{ 40 * 3 }} m long.\n\nHow long is the mole in Amber?",
];

/**
 * A cell that asks about another one: its source in a fence that nothing in it closes, and no expression.
 * @param {string} source
 * @param {string} actor
 */
export function about(source, actor) {
  const longest = Math.max(2, ...[...source.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  const text = source.replace(/\{\{/g, "\\{{");
  return `%%ask ${actor}\nWhat does this cell do, and what is wrong with it?\n\n${fence}python\n${text}\n${fence}`;
}

const ASKS = /^\s*%%?(ask|resume|rerun|fork)\b|\bawait\b|=\s*%ask\b/;

/**
 * Whether a cell may have asked somebody, so that its output has a run.
 * @param {string} source
 */
export const asks = (source) => ASKS.test(source);
