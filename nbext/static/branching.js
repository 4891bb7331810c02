/** Ways to go on from an event in another way: lines for a cell, ready to copy. */
import { html } from "./dom.js";

/**
 * Put a text into the clipboard; false where the page may not.
 * @param {string} text
 */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Buttons for the ways to go on from an event: each shows its line, ready to copy, and copies it.
 * @param {import("./types").Branch[]} branches
 */
export function branching(branches) {
  const row = html("div", "ak-branches");
  for (const { name, line, help } of branches) {
    const made = html("button", "ak-link", name), code = html("code", "ak-line");
    made.title = help;
    made.addEventListener("click", async () => {
      code.textContent = line;
      globalThis.getSelection?.()?.selectAllChildren(code);
      made.textContent = (await copied(line)) ? `${name}: copied` : name;
    });
    row.append(html("span", "", "", made, code));
  }
  return row;
}
