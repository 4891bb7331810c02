/** The style sheets of the extension, each of which a page has once. */

/** @type {Set<string>} */
const known = new Set();

/** @param {string[]} sheets */
export function style(...sheets) {
  for (const sheet of sheets) {
    if (known.has(sheet)) continue;
    known.add(sheet);
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(sheet, import.meta.url).href;
    document.head.append(link);
  }
}
