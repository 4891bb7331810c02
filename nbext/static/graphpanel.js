/** The list of messages beside a message graph: a page of them, asked of the kernel. */
import { branching } from "./branching.js";
import { button, html } from "./dom.js";
import { carded, isNotes } from "./graphstate.js";
import { money, visible } from "./words.js";
import { tell } from "./tell.js";

/** @typedef {import("./types").Letter} Letter */
/**
 * What a reader chose; it outlives a view that is shown again.
 * @typedef {{ selected?: string | null, start?: number, box?: import("./camera.js").Box | null }} Chosen
 */

const PAGE = 50, PATIENCE_MS = 3000;
const SILENT = "The kernel does not answer: it is busy, or gone. The messages show as soon as it does.";

/**
 * What is known of a message besides its text.
 * @param {Letter} letter
 */
function meta(letter) {
  const facts = [letter.target ? `${letter.source} → ${letter.target}` : letter.source, `${letter.after_s.toFixed(1)} s`];
  if (letter.tokens != null) facts.push(`${letter.tokens} tokens`);
  if (letter.cost_usd != null) facts.push(money(letter.cost_usd));
  const number = html("span", "ak-number", `#${letter.seq}`);
  number.title = "The event's number: %events lists them, %fork and %state take it";
  return html("div", "ak-meta", "", html("span", "ak-chip", letter.kind), html("span", "", facts.join(" · ")), number);
}

/** The list; `stop` ends what it waits for. */
export class Panel {
  request = 0;
  timer = 0;
  patience = 0;
  total = 0;
  mine = Math.random().toString(36).slice(2);
  name = html("strong");
  list = html("ol", "ak-list");
  foot = html("div", "ak-panel-foot");
  panel = html("section", "ak-panel");
  /** @type {Map<string, { text: HTMLElement, all: HTMLElement }>} Messages whose whole text was asked for. */
  waiting = new Map();

  /**
   * @param {HTMLElement} root
   * @param {import("./types").Model} model
   * @param {Chosen} ui
   * @param {(id: string) => string} title
   */
  constructor(root, model, ui, title) {
    this.root = root;
    this.model = model;
    this.ui = ui;
    this.title = title;
    const close = button("×", "Close the list", () => this.hide());
    close.title = "Close (Esc)";
    this.panel.setAttribute("aria-label", "Messages");
    this.panel.setAttribute("tabindex", "-1");
    this.panel.append(html("div", "ak-panel-head", "", this.name, close), this.list, this.foot);
    this.panel.hidden = true;
    root.append(this.panel);
  }

  focus() { this.panel.focus({ preventScroll: true }); }

  stop() { clearTimeout(this.timer); clearTimeout(this.patience); }

  ask() {
    if (!this.ui.selected) return;
    this.request += 1;
    tell(this.model, { type: "page", name: this.ui.selected, start: this.ui.start ?? 0, req: `${this.mine}:${this.request}` });
  }

  /** @param {string} id */
  show(id) {
    if (this.ui.selected !== id) this.ui.start = 0;
    this.ui.selected = id;
    this.panel.hidden = false;
    this.name.textContent = visible(this.title(id));
    const wait = html("li", "ak-wait", "asking the kernel …");
    this.list.replaceChildren(wait);
    this.foot.textContent = "";
    clearTimeout(this.patience);
    this.patience = Number(setTimeout(() => { wait.textContent = SILENT; }, PATIENCE_MS));
    this.ask();
  }

  hide() {
    const detail = this.ui.selected;
    this.ui.selected = null;
    this.panel.hidden = true;
    this.root.dispatchEvent(new CustomEvent("agentkit:closed", { detail }));
  }

  /**
   * The selection got more messages: read them, at most twice a second.
   * @param {Set<string>} ids
   */
  touched(ids) {
    const card = carded(this.ui.selected ?? "");
    if (!this.ui.selected || this.timer || ![...ids].some((id) => id === card || id.split("→").includes(card))) return;
    this.timer = Number(setTimeout(() => { this.timer = 0; this.ask(); }, 500));
  }

  /** @param {import("./types").Answer} message */
  answer(message) {
    if (message.type === "page" && message.req === `${this.mine}:${this.request}` && message.name === this.ui.selected) {
      clearTimeout(this.patience);
      const down = this.list.scrollTop;
      this.total = message.total;
      this.list.replaceChildren(...message.items.map((letter) => this.item(letter)));
      this.list.scrollTop = down;
      this.pages();
    } else if (message.type === "text") {
      const asked = this.waiting.get(`${message.run}:${message.seq}:${message.kind}`);
      if (!asked || message.req !== `${this.mine}:text`) return;
      asked.text.textContent = visible(message.text);
      asked.all.remove();
      this.focus();
    }
  }

  /** @param {Letter} letter */
  item(letter) {
    const { run, seq, kind } = letter, text = html("div", "ak-text", letter.text || "(empty)");
    const line = html("li", `ak-item kind-${kind}`, "", meta(letter), text);
    if (letter.more) {
      const all = html("button", "ak-link", "show all");
      all.addEventListener("click", () => {
        this.waiting.set(`${run}:${seq}:${kind}`, { text, all });
        tell(this.model, { type: "text", run, seq, kind, req: `${this.mine}:text` });
      });
      line.append(all);
    }
    if (letter.branches?.length) line.append(branching(letter.branches));
    return line;
  }

  /** Say how many there are, and turn to others. */
  pages() {
    const { total } = this, what = isNotes(this.ui.selected ?? "") ? "note" : "message";
    if (total <= PAGE) return this.foot.replaceChildren(html("span", "", total === 1 ? `1 ${what}` : `${total} ${what}s`));
    const start = this.ui.start ?? 0, end = Math.min(total, start + PAGE);
    /** @param {string} label @param {number} to @param {boolean} off */
    const turn = (label, to, off) => {
      const made = html("button", "ak-button", label);
      made.disabled = off;
      made.addEventListener("click", () => { this.ui.start = to; this.list.scrollTop = 0; this.ask(); });
      return made;
    };
    this.foot.replaceChildren(turn("‹ earlier", Math.max(0, start - PAGE), start === 0),
      html("span", "", `${start + 1}–${end} of ${total}`), turn("later ›", start + PAGE, end >= total));
  }
}
