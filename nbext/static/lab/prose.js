/** What a cell that is prose for agents is made of; nothing here knows an editor. */

/** Magics whose body is prose, or a team. */
export const MAGICS = ["agent", "ask", "document", "memory", "team"];

/** Options without a value, whichever of these magics has them. */
export const SWITCHES = new Set(["--bg", "--erase", "--graph", "--help", "--only", "--quiet", "--time", "--undo"]);

/** An expression is no longer than this, so that braces that nobody closes cost nothing. */
export const LONGEST = 4000;

const FIRST = new RegExp(`^\\s*%%(${MAGICS.join("|")})(?![\\w?])`);
const WORD = /"[^"]*"?|'[^']*'?|\S+/g;
const OPTION = /^--[A-Za-z][\w-]*/;
const LABEL = /^\s*[\p{L}_][\p{L}\p{N}_-]*\s*(?=:)/u;
const OPERATOR = /^(->|[:+,])$/;
const WORDS = /[:+,]|[^\s:+,]+/g;
const PIECE = /->|[:+,]|[^\s:+,](?:(?!->)[^:+,])*/g;

/**
 * Where the first line of the cell is that says something, if it makes the cell prose.
 * @param {import("./types").Heads} doc
 * @returns {import("./types").First | null}
 */
export function firstOf(doc) {
  for (let n = 1; n <= Math.min(doc.lines, 50); n++) {
    const { from, to, text } = doc.line(n);
    if (!text.trim()) continue; // IPython passes over empty lines, too
    const found = FIRST.exec(text);
    return found && { magic: found[1], from, to, body: bodyOf(found[1], text) };
  }
  return null;
}

/**
 * How a body reads: a team's is Python arrows, or the members of a pattern; all others are Markdown.
 * @param {string} magic
 * @param {string} line
 * @returns {import("./types").Body}
 */
export function bodyOf(magic, line) {
  if (magic !== "team") return "prose";
  return /\s--pattern[\s=]/.test(line) ? "members" : "arrows";
}

/**
 * The pieces of the first line: magic, name, options and their values, and the name that it binds.
 * @param {string} line
 * @returns {import("./types").Part[]}
 */
export function firstParts(line) {
  /** @type {import("./types").Part[]} */
  const parts = [];
  let next = /** @type {import("./types").Kind} */ ("magic");
  for (const { 0: word, index } of line.matchAll(WORD)) {
    const option = OPTION.exec(word)?.[0] ?? "";
    if (option) {
      parts.push({ kind: "option", from: index, to: index + option.length });
      const rest = word.length - option.length;
      if (rest > 1) parts.push({ kind: "value", from: index + option.length + 1, to: index + word.length });
      next = rest || SWITCHES.has(option) ? "name" : "value";
    } else if (word.startsWith("->")) {
      parts.push({ kind: "operator", from: index, to: index + 2 });
      parts.push(...bound(line.slice(index + 2), index + 2));
      next = "name";
      const type = line.slice(index).search(/\s--/);
      const rest = type < 0 ? "" : line.slice(index + type);
      return [...parts, ...firstParts(rest).map((one) => moved(one, line.length - rest.length))];
    } else {
      parts.push({ kind: next, from: index, to: index + word.length });
      next = "name";
    }
  }
  return parts;
}

/** @type {(part: import("./types").Part, by: number) => import("./types").Part} */
const moved = ({ kind, from, to }, by) => ({ kind: kind === "magic" ? "name" : kind, from: from + by, to: to + by });

/**
 * The pieces of `name: Type`.
 * @param {string} text
 * @param {number} at
 * @returns {import("./types").Part[]}
 */
function bound(text, at) {
  const found = /^(\s*)([^\s:]+)(\s*)(:?)(\s*)/.exec(text);
  if (!found) return [];
  const name = at + found[1].length, colon = name + found[2].length + found[3].length;
  /** @type {import("./types").Part[]} */
  const parts = [{ kind: "name", from: name, to: name + found[2].length }];
  if (!found[4]) return parts;
  const type = text.slice(found[0].length).split(/\s--/)[0].trimEnd();
  parts.push({ kind: "operator", from: colon, to: colon + 1 });
  if (type) parts.push({ kind: "type", from: at + found[0].length, to: at + found[0].length + type.length });
  return parts;
}

/**
 * The pieces of a line that names members of a team: `workers: ada, bo`, `ada: look it up -> the port`.
 * A piece of several words is prose, but where there is no label.
 * @param {string} line
 * @returns {import("./types").Part[]}
 */
export function memberParts(line) {
  const code = line.split("#")[0];
  /** @type {import("./types").Part[]} */
  const parts = code.length < line.length ? [{ kind: "comment", from: code.length, to: line.length }] : [];
  const label = LABEL.exec(code)?.[0] ?? "";
  if (label) parts.push({ kind: "option", from: label.length - label.trimStart().length, to: label.trimEnd().length });
  for (const { 0: piece, index } of code.slice(label.length).matchAll(label ? PIECE : WORDS)) {
    const from = label.length + index, kind = OPERATOR.test(piece) ? "operator" : "name";
    if (kind === "operator" || !piece.trim().includes(" ")) parts.push({ kind, from, to: from + piece.trimEnd().length });
  }
  return parts.sort((one, other) => one.from - other.from);
}

/**
 * Where `{{ expression }}` stands in a text; braces in it may be those of a dict. `\{{` is text.
 * @param {string} text
 * @returns {{ from: number; to: number }[]}
 */
export function slots(text) {
  const found = [];
  for (let at = text.indexOf("{{"); at >= 0; at = text.indexOf("{{", at)) {
    const length = text[at - 1] === "\\" ? -1 : closing(text.slice(at, at + LONGEST));
    if (length > 0) found.push({ from: at, to: at + length });
    at += Math.max(length, 2);
  }
  return found;
}

/**
 * Where the braces that a text begins with close, or -1; what is in quotes is passed over.
 * @param {string} text
 */
export function closing(text) {
  let depth = 0;
  for (let at = 2; at < text.length; at++) {
    const char = text[at];
    if (char === "{") depth++;
    else if (char === "}" && depth > 0) depth--;
    else if (char === "}" && text[at + 1] === "}") return at + 2;
    else if (char === '"' || char === "'") at = Math.max(at, text.indexOf(char, at + 1));
  }
  return -1;
}
