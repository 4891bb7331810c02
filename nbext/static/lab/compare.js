/** Two runs side by side: where they part, what each paid, their messages aligned. */
import { html } from "../dom.js";
import { aligned, parting } from "./aligning.js";
import { icon } from "./places.js";
import { cost, facts, short } from "./runs.js";
import { shared } from "./shared.js";
import { visible } from "../words.js";

const { Widget } = await shared("@lumino/widgets");

/** @typedef {import("./types").Run} Run */
/** @typedef {import("./types").ListLine} ListLine */
/** @typedef {{ run: Run; source: import("./types").Source; now: () => Run }} Side */

/** @param {ListLine | null} line */
const cell = (line) => (line ? html("td", `ak-line-of ak-kind-${line.kind.replace(/\W/g, "-")}`, "", html("div", "ak-line-title", line.title), html("div", "ak-line-text", line.text)) : html("td", "ak-line-of ak-absent", "", html("span", "ak-unseen", "nothing")));

/** A view of two runs that follows both. */
export class CompareView extends Widget {
  trouble = html("p", "ak-trouble");
  body = html("div", "ak-viewer-body");
  busy = false;
  again = false;

  /**
   * @param {Side} left
   * @param {Side} right
   */
  constructor(left, right) {
    super();
    this.sides = [left, right];
    this.addClass("ak-viewer");
    this.id = `jupyter-agentkit-compare-${left.run.id}-${right.run.id}`;
    Object.assign(this.title, { label: `${short(left.run.id)} and ${short(right.run.id)}`, caption: visible(`${left.run.name}\n${right.run.name}`), closable: true, icon });
    this.trouble.setAttribute("role", "alert");
    this.body.tabIndex = 0;
    this.body.setAttribute("aria-label", "Two runs side by side");
    this.node.append(this.trouble, this.body);
    this.leaves = this.sides.map(({ run, source }) => source.watch(run.id, () => void this.refresh()));
    void this.refresh();
  }

  /** Read both anew; while that goes on, only once more after it. */
  async refresh() {
    if (this.busy) { this.again = true; return; }
    this.busy = true;
    this.again = false;
    try {
      const [a, b] = await Promise.all(this.sides.map(({ run, source }) => source.order({ do: "view", run: run.id, name: "transcript", since: 0 })));
      this.trouble.textContent = a.left || b.left ? "Only the last lines of a long run are compared." : "";
      if (!this.isDisposed) this.draw(a.lines, b.lines);
    } catch (reason) {
      this.trouble.textContent = /** @type {Error} */ (reason).message;
    }
    this.busy = false;
    if (this.again && !this.isDisposed) void this.refresh();
  }

  /** @param {ListLine[]} a @param {ListLine[]} b */
  draw(a, b) {
    const rows = aligned(a, b), now = Date.now() / 1000, top = this.body.scrollTop;
    const heads = this.sides.map((side) => {
      const run = side.now(), head = html("th", "ak-side", "", html("b", "ak-run-name", run.name), html("div", "ak-small", `${short(run.id)} · ${facts(run, now)} · ${cost(run)}`));
      head.scope = "col";
      return head;
    });
    const body = rows.map(({ left, right, same }) => {
      const cells = [left, right].map(cell);
      for (const one of cells) one.classList.toggle("ak-same", same);
      if (!same) cells[0].prepend(html("span", "ak-unseen", "Differs: "));
      return html("tr", "", "", ...cells);
    });
    const table = html("table", "ak-compare", "", html("thead", "", "", html("tr", "", "", ...heads)), html("tbody", "", "", ...body));
    const said = html("p", "ak-parting", parting(rows));
    said.setAttribute("role", "status");
    this.body.replaceChildren(said, table);
    this.body.scrollTop = top;
  }

  dispose() {
    if (!this.isDisposed) for (const leave of this.leaves) leave();
    super.dispose();
  }
}
