/** One run in the main area: its graph, timeline, bill, transcript and events, while it goes on. */
import bill from "../bill.js";
import { html } from "../dom.js";
import graph from "../graph.js";
import timeline from "../timeline.js";
import { Feed } from "./feed.js";
import { icon } from "./places.js";
import { short } from "./runs.js";
import { shared } from "./shared.js";
import { style } from "./sheets.js";
import { visible } from "../words.js";

style("../dom.css", "../graph.css", "../timeline.css", "../bill.css");
const { Widget } = await shared("@lumino/widgets");

/** @typedef {import("./types").Run} Run */

/** @type {[string, string, any][]} */
const TABS = [["graph", "Graph", graph], ["timeline", "Timeline", timeline], ["bill", "Bill", bill], ["transcript", "Transcript", null], ["events", "Events", null]];

/**
 * Draw a list of lines with every answer; whoever reads the end goes on reading the end.
 * @param {{ model: Feed; el: HTMLElement }} shown
 */
function lines({ model, el }) {
  const receive = (/** @type {import("./types").Lines} */ message) => {
    if (message.type !== "lines") return;
    const end = el.scrollHeight - el.scrollTop - el.clientHeight < 20 && el.scrollTop > 0, top = el.scrollTop;
    const rows = message.lines.map((line) => {
      const row = html("li", `ak-line-of ak-kind-${line.kind.replace(/\W/g, "-")}`, "", html("div", "ak-line-title", line.title), html("div", "ak-line-text", line.text));
      row.style.setProperty("--ak-depth", String(Math.min(line.depth, 12)));
      return row;
    });
    const above = message.left ? [html("p", "ak-none", `${message.left} earlier lines are left out; %transcript and %events --all show them.`)] : [];
    el.replaceChildren(...above, html("ol", "ak-lines", "", ...rows));
    el.scrollTop = end ? el.scrollHeight : top;
  };
  model.on("msg:custom", receive);
  model.send({ type: "hello", rev: 0 });
  return () => model.off("msg:custom", receive);
}

/** The views of a run, one at a time. */
export class RunView extends Widget {
  /**
   * @param {import("./types").Source} source
   * @param {Run} run
   * @param {string} where it is from, in words
   */
  constructor(source, run, where) {
    super();
    this.source = source;
    this.run = run;
    this.addClass("ak-viewer");
    this.id = `jupyter-agentkit-run-${run.id}`;
    Object.assign(this.title, { label: visible(run.started ? `${run.actor || "run"} ${short(run.id)}` : run.name), caption: visible(`${run.name}\n${where}`), closable: true, icon });
    this.name = "";
    this.stops = () => {};
    this.tabs = html("div", "ak-tabs");
    this.tabs.setAttribute("role", "tablist");
    this.trouble = html("p", "ak-trouble");
    this.trouble.setAttribute("role", "alert");
    this.body = html("div", "ak-viewer-body");
    this.body.setAttribute("role", "tabpanel");
    this.body.tabIndex = 0;
    this.node.append(html("div", "ak-viewer-head", "", html("b", "ak-run-name", run.name), html("span", "ak-small", where)), this.tabs, this.trouble, this.body);
    for (const [name, text] of TABS) {
      const tab = html("button", "ak-tab", text);
      tab.setAttribute("role", "tab");
      tab.dataset.name = name;
      tab.addEventListener("click", () => this.choose(name));
      this.tabs.append(tab);
    }
    this.tabs.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = TABS.findIndex(([name]) => name === this.name);
    const [next] = TABS[(at + step + TABS.length) % TABS.length];
    this.choose(next);
    /** @type {HTMLElement | null} */ (this.tabs.querySelector(`[data-name=${next}]`))?.focus();
  }

  /**
   * Show one of the views. `show` is Lumino's, by which a tab comes to the front.
   * @param {string} name
   */
  choose(name) {
    const found = TABS.find(([known]) => known === name);
    if (!found || this.name === name) return;
    this.stops();
    this.name = name;
    for (const tab of /** @type {NodeListOf<HTMLElement>} */ (this.tabs.querySelectorAll(".ak-tab"))) {
      tab.setAttribute("aria-selected", String(tab.dataset.name === name));
      tab.tabIndex = tab.dataset.name === name ? 0 : -1;
    }
    this.body.setAttribute("aria-label", found[1]);
    this.body.replaceChildren();
    const feed = new Feed(this.source, this.run.id, name, (text) => { this.trouble.textContent = text; });
    const made = typeof found[2] === "function" ? found[2]() : found[2];
    const leave = made ? made.render({ model: feed, el: this.body }) : lines({ model: feed, el: this.body });
    this.stops = () => { leave?.(); feed.stop(); };
  }

  dispose() {
    if (!this.isDisposed) this.stops();
    super.dispose();
  }
}
