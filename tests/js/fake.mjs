/** A widget model and just enough of a page to draw into, without any package. */
const STATIC = new URL("../../nbext/static/", import.meta.url);

/** A widget's module, and what the modules that it imports export besides. */
export async function widget(...names) {
  const found = await Promise.all(names.map((name) => import(new URL(name, STATIC))));
  return Object.assign({}, ...found.reverse());
}

/** What a front end gives to render: traits, messages both ways. */
export class FakeModel {
  constructor(traits = {}) { this.traits = traits; this.sent = []; this.listeners = new Set(); }
  get(name) { return this.traits[name]; }
  send(content) { this.sent.push(content); }
  on(_event, callback) { this.listeners.add(callback); }
  off(_event, callback) { this.listeners.delete(callback); }
  say(message) { for (const listener of this.listeners) listener(message); }
}

class FakeElement extends EventTarget {
  constructor(tag) {
    super();
    Object.assign(this, { tag, children: [], attributes: {}, dataset: {}, style: { setProperty() {} }, parent: null, own: "" });
  }
  get textContent() { return this.own + this.children.map((c) => c.textContent ?? String(c)).join(""); }
  set textContent(text) { this.own = String(text); this.children = []; }
  set innerHTML(_text) { throw new Error("innerHTML is never used: texts come from models"); }
  get className() { return this.attributes.class ?? ""; }
  set className(name) { this.attributes.class = name; }
  get classList() {
    const names = () => this.className.split(" ").filter(Boolean);
    return { contains: (name) => names().includes(name), toggle: (name, on) => { this.className = [...names().filter((n) => n !== name), ...(on ? [name] : [])].join(" "); } };
  }
  get firstChild() { return this.children[0]; }
  get lastChild() { return this.children.at(-1); }
  setAttribute(name, value) { this.attributes[name] = String(value); }
  getAttribute(name) { return this.attributes[name] ?? null; }
  toggleAttribute(name, on) { if (on) this.attributes[name] = ""; else delete this.attributes[name]; }
  append(...children) { for (const child of children) { if (child instanceof FakeElement) child.parent = this; this.children.push(child instanceof FakeElement ? child : { textContent: String(child) }); } }
  appendChild(child) { this.append(child); return child; }
  replaceChildren(...children) { this.own = ""; this.children = []; this.append(...children); }
  remove() { if (this.parent) this.parent.children = this.parent.children.filter((c) => c !== this); }
  focus() {}
  querySelectorAll(tags) { return this.all((e) => tags.split(", ").includes(e.tag)); }
  getTotalLength() { return 100; }
  getPointAtLength(at) { return { x: at, y: at / 2 }; }
  all(test) { return [...(test(this) ? [this] : []), ...this.children.flatMap((c) => c.all?.(test) ?? [])]; }
  byClass(name) { return this.all((e) => e.className.split(" ").includes(name)); }
}

/** Put the fakes in place; `frame` plays what waits for the next frame. */
export function page() {
  let now = 0, waiting = new Map(), next = 1;
  globalThis.document = { hidden: false, head: new FakeElement("head"), createElement: (tag) => new FakeElement(tag), createElementNS: (_ns, tag) => new FakeElement(tag) };
  globalThis.requestAnimationFrame = (callback) => { waiting.set(next, callback); return next++; };
  globalThis.cancelAnimationFrame = (id) => waiting.delete(id);
  const frame = (ms = 16) => {
    now += ms;
    const due = [...waiting.values()];
    waiting = new Map();
    for (const callback of due) callback(performance.now() + now);
  };
  return { el: new FakeElement("div"), frame, waiting: () => waiting.size };
}
