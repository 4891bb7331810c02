/** Lines of two transcripts put next to each other. */

/** @typedef {import("./types").ListLine} ListLine */
/** @typedef {{ left: ListLine | null; right: ListLine | null; same: boolean }} Pair */

/** @param {ListLine} line */
const whole = (line) => JSON.stringify([line.kind, line.title, line.text]);

/** @param {ListLine} line */
const place = (line) => JSON.stringify([line.kind, line.title]);

/**
 * The longest sequence of lines that both have, as pairs of their numbers.
 * @param {string[]} a
 * @param {string[]} b
 * @returns {[number, number][]}
 */
export function common(a, b) {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  /** @type {[number, number][]} */
  const found = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) found.push([i++, j++]);
    else if (lengths[i + 1][j] >= lengths[i][j + 1]) i++;
    else j++;
  }
  return found;
}

/**
 * Two transcripts, line by line: what is equal, what was said between the same two in other words, and the rest.
 * @param {ListLine[]} a
 * @param {ListLine[]} b
 * @returns {Pair[]}
 */
export function aligned(a, b) {
  /** @type {Pair[]} */
  const rows = [];
  let i = 0, j = 0;
  for (const [toA, toB] of [...common(a.map(whole), b.map(whole)), [a.length, b.length]]) {
    rows.push(...between(a.slice(i, toA), b.slice(j, toB)));
    if (toA < a.length) rows.push({ left: a[toA], right: b[toB], same: true });
    [i, j] = [toA + 1, toB + 1];
  }
  return rows;
}

/**
 * Lines between two equal ones: those of the same kind between the same two stand next to each other.
 * @param {ListLine[]} a
 * @param {ListLine[]} b
 * @returns {Pair[]}
 */
function between(a, b) {
  /** @type {Pair[]} */
  const rows = [];
  let i = 0, j = 0;
  for (const [toA, toB] of [...common(a.map(place), b.map(place)), [a.length, b.length]]) {
    for (; i < toA; i++) rows.push({ left: a[i], right: null, same: false });
    for (; j < toB; j++) rows.push({ left: null, right: b[j], same: false });
    if (toA < a.length) rows.push({ left: a[toA], right: b[toB], same: false });
    [i, j] = [toA + 1, toB + 1];
  }
  return rows;
}

/**
 * Where two runs part, as a sentence.
 * @param {Pair[]} rows
 */
export function parting(rows) {
  const at = rows.findIndex((row) => !row.same);
  if (at < 0) return rows.length ? "Both say the same." : "Neither has said anything.";
  const line = rows[at].left ?? rows[at].right;
  const alike = at === 1 ? "1 line is equal" : `${at} lines are equal`;
  return `${at ? `The first ${alike}; they` : "They"} part at: ${line?.title}. In all ${rows.filter((row) => !row.same).length} of ${rows.length} lines differ.`;
}
