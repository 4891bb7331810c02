// @ts-check
/** What all live widgets share. It stands before each of their modules, because a module cannot import another one there. */

/** An element of a page; its text is only ever text. */
function html(tag, className = "", text = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

/** An element of a picture; text in it is a child like the others. */
function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) made.setAttribute(name, String(attributes[name]));
  made.append(...children);
  return made;
}

/** Make something act as a button for mouse and keyboard. */
function clickable(made, act) {
  made.setAttribute("tabindex", "0");
  made.setAttribute("role", "button");
  made.addEventListener("click", act);
  made.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    act(event);
  });
  return made;
}

/** Put a text into the clipboard; false where the page may not. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Buttons for the ways to go on from an event: each shows its line, ready to copy, and copies it. */
function branching(branches) {
  const row = html("div", "ak-branches");
  for (const { name, line, help } of branches ?? []) {
    const button = html("button", "ak-link", name), code = html("code", "ak-line");
    button.title = help;
    button.addEventListener("click", async () => {
      code.textContent = line;
      globalThis.getSelection?.()?.selectAllChildren(code);
      button.textContent = (await copied(line)) ? `${name}: copied` : name;
    });
    row.append(html("span", "", "", button, code));
  }
  return row;
}

/** A duration in a unit that suits it. */
function seconds(value) {
  if (value == null) return "–";
  if (value < 0.9995) return `${(value * 1000).toFixed(0)} ms`;
  return value < 120 ? `${value.toFixed(value < 10 ? 1 : 0)} s` : `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
}

/** The text, cut to about that many pixels. */
function cut(text, width, size, wide = 0.56) {
  const room = Math.max(1, Math.floor(width / (size * wide)));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}

const shown = new Map();

/** Hide the still picture beside a live one for as long as that is there; returns what shows it again. */
function hideStill(name) {
  if (!name || !document.head) return () => {};
  const known = shown.get(name) ?? { views: 0, style: document.createElement("style") };
  known.style.textContent = `.jp-OutputArea-child:has(.${name}), .${name} { display: none !important; }`;
  if (!known.views) document.head.append(known.style);
  known.views += 1;
  shown.set(name, known);
  return () => {
    known.views -= 1;
    if (!known.views) known.style.remove();
  };
}

/** Begin with what the notebook kept, ask the kernel for more, and pass on all it says; returns what ends it. */
function follow(model, receive) {
  model.on("msg:custom", receive);
  const frozen = model.get("frozen");
  if (frozen?.rev) receive({ type: "patch", from: 0, rev: frozen.rev, data: frozen });
  model.send({ type: "hello", rev: 0 });
  const showAgain = hideStill(model.get("still"));
  return () => { showAgain(); model.off("msg:custom", receive); };
}

/** Tell which revision is painted, and when the oldest event in it happened. */
function painted(root, rev, sent) {
  root.dataset.rev = String(rev);
  if (sent) root.dispatchEvent(new CustomEvent("agentkit:painted", { bubbles: true, detail: { sent, rev, at: Date.now() / 1000 } }));
}

/** Follow a view that is small enough to be drawn whole with every change; who had the focus keeps it. */
function whole(model, root, paint) {
  let rev = 0, data = null, frame = 0, sent = 0;
  function tick() {
    frame = 0;
    const key = root.contains?.(document.activeElement) ? document.activeElement.dataset.id : undefined;
    paint(data);
    if (key !== undefined) [...root.querySelectorAll("[data-id]")].find((one) => one.dataset.id === key)?.focus({ preventScroll: true });
    painted(root, rev, sent);
    sent = 0;
  }
  const wake = () => { if (data) frame ||= requestAnimationFrame(tick); };
  const leave = follow(model, (message) => {
    if (message.type !== "patch" || message.rev < rev) return;
    ({ rev, data } = message);
    sent ||= message.t;
    wake();
  });
  const stop = () => { leave(); cancelAnimationFrame(frame); root.remove(); };
  return { wake, stop };
}

/** The outermost element of a widget, with what it is called. */
function region(el, className, label) {
  const root = html("div", `ak-view ${className}`);
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", label);
  el.append(root);
  return root;
}
