/** Numbers and texts as people read them; agentkit/amounts.py has them for still pictures. */

/**
 * A duration in a unit that suits it.
 * @param {number | null} value
 */
export function seconds(value) {
  if (value == null) return "–";
  if (value < 0.9995) return `${(value * 1000).toFixed(0)} ms`;
  return value < 120 ? `${value.toFixed(value < 10 ? 1 : 0)} s` : `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
}

/**
 * A count with thin spaces between thousands.
 * @param {number} value
 */
export const count = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/**
 * An amount in USD; what is unknown stays unknown.
 * @param {number | null} usd
 */
export function money(usd, unpriced = 0) {
  if (usd == null) return unpriced ? "unknown" : "–";
  const digits = usd >= 1 || usd === 0 ? 2 : usd >= 0.01 ? 4 : 6;
  return `$${usd.toFixed(digits)}${unpriced ? ` + ${unpriced} unknown` : ""}`;
}

const UNSHOWN = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ufffe\uffff\p{Cs}\u{e0000}-\u{e007f}]/gu;

/**
 * The words for an element: what a page would not show, and what turns or hides the text after it, as JSON writes it.
 * agentkit/words/pages.py does the same for still pictures.
 * @param {string} text
 */
export const visible = (text) => text.replace(/\r\n?/g, "\n").replace(UNSHOWN, (one) => one.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""));

/**
 * The text, cut to about that many pixels.
 * @param {string} text
 * @param {number} width
 * @param {number} size
 */
export function cut(text, width, size, wide = 0.56) {
  const room = Math.max(1, Math.floor(width / (size * wide)));
  text = visible(text);
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
