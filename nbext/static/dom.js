/** Elements of pages and pictures. What models wrote is only ever text in them, all of which is seen. */
import { visible } from "./words.js";

/** @type {(one: Node | string) => Node | string} */
const seen = (one) => (typeof one === "string" ? visible(one) : one);

/**
 * An element of a page; its text is only ever text.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function html(tag, className = "", text = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = visible(text);
  made.append(...children.map(seen));
  return made;
}

/**
 * An element of a picture; text in it is a child like the others.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) made.setAttribute(name, String(attributes[name]));
  made.append(...children.map(seen));
  return made;
}

/**
 * Make something act as a button for mouse and keyboard.
 * @template {HTMLElement | SVGElement} E
 * @param {E} made
 * @param {(event: Event) => void} act
 * @returns {E}
 */
export function clickable(made, act) {
  made.setAttribute("tabindex", "0");
  made.setAttribute("role", "button");
  made.addEventListener("click", act);
  made.addEventListener("keydown", (event) => {
    const { key } = /** @type {KeyboardEvent} */ (event);
    if (key !== "Enter" && key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    act(event);
  });
  return made;
}

/**
 * A button with a sign, and what it does for those who do not see it.
 * @param {string} sign
 * @param {string} label
 * @param {() => void} act
 */
export function button(sign, label, act) {
  const made = html("button", "ak-button", sign);
  made.title = visible(label);
  made.setAttribute("aria-label", visible(label));
  made.addEventListener("click", act);
  return made;
}

/**
 * The outermost element of a widget, with what it is called.
 * @param {HTMLElement} el
 * @param {string} className
 * @param {string} label
 */
export function region(el, className, label) {
  const root = html("div", `ak-view ${className}`);
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", visible(label));
  el.append(root);
  return root;
}

/**
 * What a picture is of, and how it stands, in a line.
 * @param {string} name
 * @param {string} said
 */
export const heading = (name, said) => html("div", "ak-head", "", html("b", "", name), html("span", "ak-said", said));

/**
 * Names and texts beside each other.
 * @param {string[][]} rows
 */
export const details = (rows) => html("dl", "ak-detail", "", ...rows.flatMap(([name, text]) => [html("dt", "", name), html("dd", "", text)]));

/** @param {string} text */
export const nothing = (text) => html("p", "ak-none", text);

/** A pointer that moved no further than this has stayed, in pixels. */
const STAYED_PX = 6;

/**
 * Whether somebody who pressed a button lets go of it, and has not drawn the pointer away to say no.
 * @param {HTMLElement} button
 * @param {PointerEvent} down
 * @param {MouseEvent} up
 */
function meant(button, down, up) {
  const { left, right, top, bottom } = button.getBoundingClientRect();
  const over = up.clientX >= left && up.clientX <= right && up.clientY >= top && up.clientY <= bottom;
  return over || Math.hypot(up.clientX - down.clientX, up.clientY - down.clientY) <= STAYED_PX;
}

/**
 * Act when a button is pressed, also where the page moves beneath it meanwhile: a graph above may grow between
 * the two halves of a click, which a browser then gives neither to what it began on nor to what it ended on.
 * @param {HTMLElement} button
 * @param {() => void} act
 */
export function whenPressed(button, act) {
  /** @type {PointerEvent | null} */
  let down = null;
  button.addEventListener("pointerdown", (event) => { down = event; button.setPointerCapture(event.pointerId); });
  button.addEventListener("click", (event) => {
    const began = down; // a key has none
    down = null;
    if (!began || meant(button, began, event)) act();
  });
}
