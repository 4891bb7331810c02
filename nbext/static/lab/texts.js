/** Cells that commands write. */

/** Cells of a new notebook; they run as they stand, with the simulated model. */
export const starter = () => [
  "%load_ext nbext",
  "%%agent clerk\nYou answer questions about the text that you are given, in one sentence.",
  "%%ask clerk\nThe mole in Amber is {{ 40 * 3 }} m long.\n\nHow long is the mole in Amber?",
];

/** Of an error so many characters are quoted, the last ones: what went wrong stands there. */
const LONGEST = 2000;

/**
 * A text in a fence that nothing in it closes, and in which no expression is evaluated.
 * @param {string} text
 * @param {string} language
 */
function fenced(text, language) {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\{\{/g, "\\{{")}\n${fence}`;
}

/**
 * What an output that is an error says, as text; "" for all others.
 * @param {any} output as a notebook has it
 */
export function failure(output) {
  if (output?.output_type !== "error") return "";
  const traced = Array.isArray(output.traceback) ? output.traceback.join("\n") : "";
  const text = (traced || `${output.ename}: ${output.evalue}`).replace(/\x1b\[[0-9;]*m/g, "").trim();
  return text.length > LONGEST ? `…${text.slice(-LONGEST)}` : text;
}

/**
 * A cell that asks about another one, which it quotes, and what that failed with.
 * @param {string} source
 * @param {string} actor
 * @param {string} kind of cell
 * @param {string} failed
 */
export function about(source, actor, kind = "code", failed = "") {
  const code = kind === "code" && !/^\s*%%/.test(source);
  const what = kind === "code" ? "cell do" : "text say", wrong = failed ? "why does it fail" : "what is wrong with it";
  const quoted = [fenced(source, code ? "python" : kind === "markdown" ? kind : "text"), ...(failed ? ["It fails with:", fenced(failed, "text")] : [])];
  return [`%%ask ${actor}\nWhat does this ${what}, and ${wrong}?`, ...quoted].join("\n\n");
}

const ASKS = /^\s*%%?(ask|resume|rerun|fork)\b|\bawait\b|=\s*%ask\b/;

/**
 * Whether a cell may have asked somebody, so that its output has a run.
 * @param {string} source
 */
export const asks = (source) => ASKS.test(source);

/**
 * A kernel that speaks Python: the server's default one, or else the first; undefined lets the person choose.
 * @param {any} specs of the server's kernels
 * @returns {string | undefined}
 */
export function python(specs) {
  const all = specs?.kernelspecs ?? {};
  return [specs?.default, ...Object.keys(all)].find((name) => all[name]?.language?.toLowerCase() === "python");
}
