/** How the part of a prose cell that is seen is drawn, as pieces of text; nothing here knows an editor. */
import { LONGEST, firstOf, firstParts, memberParts, slots } from "./prose.js";

/** @typedef {import("./types").Part} Part */

/** So many texts have what was found in them kept. */
const KEPT = 1000;

/**
 * A function of a text that remembers its results.
 * @template T
 * @param {(text: string) => T} find
 * @returns {(text: string) => T}
 */
export function remembering(find) {
  /** @type {Map<string, T>} */
  const known = new Map();
  return (text) => {
    let found = known.get(text);
    if (found === undefined) {
      if (known.size >= KEPT) known.clear();
      known.set(text, found = find(text));
    }
    return found;
  };
}

const firstLook = remembering(firstParts);
const memberLook = remembering(memberParts);

/**
 * The pieces of a cell between two places, and where its first line begins; null where it is no prose.
 * What it costs depends on what is seen, not on the length of the cell.
 * @param {import("./types").Text} doc
 * @param {number} from
 * @param {number} to
 * @returns {{ first: number; parts: Part[]; slots: { from: number; to: number; code: string }[] } | null}
 */
export function looks(doc, from, to) {
  const first = firstOf(doc);
  if (!first) return null;
  const start = Math.max(first.to, from);
  /** @type {Part[]} */
  const parts = [];
  const add = (/** @type {Part[]} */ found, /** @type {number} */ at) => { for (const one of found) parts.push({ kind: one.kind, from: at + one.from, to: at + one.to }); };
  add(firstLook(doc.sliceString(first.from, first.to)), first.from);
  if (first.body === "members" && to > first.to) {
    for (let n = doc.lineAt(start).number; n <= doc.lineAt(to).number; n++) {
      const line = doc.line(n);
      if (line.from > first.to) add(memberLook(line.text), line.from);
    }
  }
  /** @type {{ from: number; to: number; code: string }[]} */
  const found = [];
  if (first.body !== "arrows" && to > first.to) {
    const begin = Math.max(first.to, start - LONGEST), text = doc.sliceString(begin, Math.min(doc.length, to + LONGEST));
    for (const one of slots(text)) {
      if (begin + one.to < start || begin + one.from > to) continue;
      found.push({ from: begin + one.from, to: begin + one.to, code: text.slice(one.from, one.to) });
    }
  }
  return { first: first.from, parts, slots: found };
}
