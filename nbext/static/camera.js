/** Pan by dragging and zoom with Ctrl and the wheel, by buttons or by keys. */
import { button } from "./dom.js";

/** @typedef {{ x: number, y: number, width: number, height: number }} Box */

/**
 * The part of the picture to show after zooming by a factor around a point.
 * @param {Box} box
 * @param {number} factor
 * @param {number} x
 * @param {number} y
 * @param {Box} whole
 */
export function zoomed(box, factor, x, y, whole) {
  const width = Math.min(whole.width * 1.5, Math.max(whole.width / 8, box.width * factor));
  const ratio = width / box.width;
  return { x: x - (x - box.x) * ratio, y: y - (y - box.y) * ratio, width, height: box.height * ratio };
}

/**
 * Where an event is in the picture's own coordinates.
 * @param {SVGSVGElement} picture
 * @param {MouseEvent} event
 */
export function pointAt(picture, event) {
  return new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM()?.inverse());
}

/**
 * Follow the pointer from where it goes down to where it comes up.
 * @param {SVGSVGElement} picture
 * @param {(dx: number, dy: number) => void} pan
 */
function draggable(picture, pan) {
  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target !== picture) return;
    const from = pointAt(picture, event);
    /** @param {PointerEvent} moved */
    const move = (moved) => {
      const to = pointAt(picture, moved);
      pan(from.x - to.x, from.y - to.y);
    };
    const stop = () => { picture.removeEventListener("pointermove", move); picture.removeEventListener("pointercancel", stop); };
    picture.setPointerCapture(event.pointerId);
    picture.addEventListener("pointermove", move);
    picture.addEventListener("pointerup", stop, { once: true });
    picture.addEventListener("pointercancel", stop, { once: true });
  });
}

/**
 * Let a picture be panned and zoomed; returns what says how large it is.
 * @param {SVGSVGElement} picture
 * @param {HTMLElement} bar
 * @param {{ box?: Box | null }} ui
 */
export function camera(picture, bar, ui) {
  let whole = { x: 0, y: 0, width: 100, height: 60 };
  /** @param {Box | null} box */
  const show = (box) => {
    ui.box = box;
    const b = box ?? whole;
    picture.setAttribute("viewBox", `${b.x} ${b.y} ${b.width} ${b.height}`);
  };
  /** @param {number} factor @param {{ x: number, y: number }} [at] */
  const zoom = (factor, at) => {
    const b = ui.box ?? whole;
    show(zoomed(b, factor, at?.x ?? b.x + b.width / 2, at?.y ?? b.y + b.height / 2, whole));
  };
  bar.append(button("+", "Zoom in", () => zoom(0.8)), button("−", "Zoom out", () => zoom(1.25)), button("⤢", "Show all", () => show(null)));
  picture.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 200))), pointAt(picture, event));
  }, { passive: false });
  picture.addEventListener("dblclick", (event) => { if (event.target === picture) show(null); });
  draggable(picture, (dx, dy) => {
    const b = ui.box ?? whole;
    show({ ...b, x: b.x + dx, y: b.y + dy });
  });
  return (/** @type {number} */ width, /** @type {number} */ height) => {
    whole = { x: 0, y: 0, width, height };
    picture.style.maxWidth = `${width}px`;
    picture.style.aspectRatio = `${width} / ${height}`;
    show(ui.box ?? null);
  };
}
