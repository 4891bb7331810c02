/** How a live picture keeps up with the kernel, and gives way to the still one beside it. */
import { tell } from "./tell.js";

/** @typedef {import("./types").Model} Model */

/** @type {Map<string, { views: number, style: HTMLStyleElement }>} */
const hidden = new Map();

/**
 * Hide the still picture beside a live one for as long as that is there; returns what shows it again.
 * @param {string} name
 */
export function hideStill(name) {
  if (!name || !document.head) return () => {};
  const known = hidden.get(name) ?? { views: 0, style: document.createElement("style") };
  known.style.textContent = `.jp-OutputArea-child:has(.${name}), .${name} { display: none !important; }`;
  if (!known.views) document.head.append(known.style);
  known.views += 1;
  hidden.set(name, known);
  return () => {
    known.views -= 1;
    if (!known.views) known.style.remove();
  };
}

/**
 * Begin with what the notebook kept, ask the kernel for more, and pass on all it says; returns what ends it.
 * @param {Model} model
 * @param {(message: any) => void} receive
 */
export function follow(model, receive) {
  model.on("msg:custom", receive);
  const frozen = model.get("frozen");
  if (frozen?.rev) receive({ type: "patch", from: 0, rev: frozen.rev, data: frozen });
  tell(model, { type: "hello", rev: 0 });
  const showAgain = hideStill(model.get("still"));
  return () => { showAgain(); model.off("msg:custom", receive); };
}

/**
 * Tell which revision is painted, and when the oldest event in it happened.
 * @param {HTMLElement} root
 * @param {number} rev
 * @param {number} sent
 */
export function painted(root, rev, sent) {
  root.dataset.rev = String(rev);
  if (sent) root.dispatchEvent(new CustomEvent("agentkit:painted", { bubbles: true, detail: { sent, rev, at: Date.now() / 1000 } }));
}

/**
 * Paint, and give the focus back to whoever had it.
 * @param {HTMLElement} root
 * @param {() => void} paint
 */
export function keepingFocus(root, paint) {
  const active = root.contains?.(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  const key = active?.dataset.id;
  paint();
  if (key === undefined) return;
  const parts = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-id]")]);
  parts.find((one) => one.dataset.id === key)?.focus({ preventScroll: true });
}

/**
 * Follow a view that is small enough to be drawn whole with every change; who had the focus keeps it.
 * @template {import("./types").Live} D
 * @param {Model} model
 * @param {HTMLElement} root
 * @param {(data: D) => void} paint
 */
export function whole(model, root, paint) {
  let rev = 0, frame = 0, sent = 0;
  /** @type {D | null} */
  let data = null;
  function tick() {
    frame = 0;
    const shown = data;
    if (!shown) return;
    keepingFocus(root, () => paint(shown));
    root.classList.toggle("live", Boolean(shown.live));
    painted(root, rev, sent);
    sent = 0;
  }
  const wake = () => { if (data) frame ||= requestAnimationFrame(tick); };
  const leave = follow(model, (/** @type {import("./types").Patch<D>} */ message) => {
    if (message.type !== "patch" || message.rev < rev) return;
    ({ rev, data } = message);
    sent ||= message.t ?? 0;
    wake();
  });
  const stop = () => { leave(); cancelAnimationFrame(frame); root.remove(); };
  return { wake, stop };
}
