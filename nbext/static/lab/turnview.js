/** A turn of a conversation as elements: what was said, and the answer as cells show it. */
import { html } from "../dom.js";
import graph from "../graph.js";
import { Feed } from "./feed.js";
import { press } from "./rows.js";
import { style } from "./sheets.js";
import { visible } from "../words.js";

style("../dom.css", "../graph.css");

/** @typedef {import("./types").Turn} Turn */

const MARKDOWN = "text/markdown";

/** What is drawn of one turn; it is kept while the turn changes. */
export class TurnView {
  /** @type {Turn | null} */
  turn = null;
  shown = "";
  busy = false;
  /** Whether the graph is unfolded, once somebody has said so. */
  wanted = /** @type {boolean | null} */ (null);
  stops = () => {};
  said = html("div", "ak-said-text");
  answer = html("div", "ak-chat-answer");
  actor = html("div", "ak-chat-actor");
  foot = html("div", "ak-chat-foot");
  picture = html("div", "ak-chat-graph");
  node = html("article", "ak-turn", "", html("div", "ak-chat-said", "", this.said), this.actor, this.answer, this.foot, this.picture);

  /**
   * @param {any} rendermime JupyterLab's, by which outputs of cells are drawn too
   * @param {import("./types").Source} source
   * @param {(what: string, run: string) => void} act
   */
  constructor(rendermime, source, act) {
    this.rendermime = rendermime;
    this.source = source;
    this.act = act;
    this.renderer = rendermime.createRenderer(MARKDOWN);
    this.answer.append(this.renderer.node);
  }

  /**
   * @param {Turn} turn
   * @param {boolean} last
   */
  draw(turn, last) {
    const ended = turn.state !== "asking", before = this.turn;
    this.turn = turn;
    this.node.className = `ak-turn ak-turn-is-${turn.state.replace(/\W/g, "")}`;
    this.node.setAttribute("aria-busy", String(!ended));
    const said = visible(turn.said), actor = visible(turn.actor);
    if (this.said.textContent !== said) this.said.textContent = said;
    if (this.actor.textContent !== actor) this.actor.replaceChildren(html("span", "ak-dot"), actor);
    void this.render();
    const open = ended && (this.wanted ?? (last && turn.graph && turn.state === "done"));
    this.unfold(open, turn.run);
    if (before?.state !== turn.state || this.drawn !== `${last} ${open}`) this.buttons(turn, last, open);
    this.drawn = `${last} ${open}`;
  }

  drawn = "";

  /** @param {Turn} turn @param {boolean} last @param {boolean} open */
  buttons(turn, last, open) {
    /** @type {HTMLElement[]} */
    const made = [];
    const add = (/** @type {string} */ text, /** @type {string} */ what, /** @type {() => void} */ act) => { const one = press(text, `${what} ${turn.run}`, act); one.classList.add("ak-quiet"); made.push(one); return one; };
    if (turn.state !== "asking") {
      if (last && turn.state !== "done") add("Go on", "again", () => this.act("again", turn.run)).title = "Nothing that was paid is paid again";
      const toggle = add("Graph", "graph", () => { this.wanted = !open; this.draw(turn, last); });
      toggle.setAttribute("aria-expanded", String(open));
      add("Transcript", "transcript", () => this.act("transcript", turn.run));
      add("Cost", "bill", () => this.act("bill", turn.run));
    }
    this.foot.replaceChildren(...made);
  }

  /** Draw the answer as far as it has come; what comes meanwhile is drawn after it. */
  async render() {
    if (this.busy || !this.turn || this.turn.shown === this.shown) return;
    this.busy = true;
    this.shown = this.turn.shown;
    try {
      // Not trusted: what the kernel made harmless is sanitized once more.
      await this.renderer.renderModel(this.rendermime.createModel({ data: { [MARKDOWN]: this.shown }, trusted: false }));
      if (this.turn.state !== "asking") this.rendermime.latexTypesetter?.typeset(this.renderer.node);
    } finally { this.busy = false; }
    this.drawnBody?.();
    void this.render();
  }

  /** @type {(() => void) | undefined} Called when the answer has been drawn. */
  drawnBody;

  /** @param {boolean} open @param {string} run */
  unfold(open, run) {
    if (open === Boolean(this.picture.childElementCount)) return;
    this.stops();
    this.stops = () => {};
    this.picture.replaceChildren();
    if (!open) return;
    const trouble = html("p", "ak-trouble"), feed = new Feed(this.source, run, "graph", (text) => { trouble.textContent = text; });
    const place = html("div");
    this.picture.append(trouble, place);
    const leave = graph().render({ model: feed, el: place });
    this.stops = () => { leave?.(); feed.stop(); };
  }

  dispose() {
    this.stops();
    this.renderer.dispose();
    this.node.remove();
  }
}
