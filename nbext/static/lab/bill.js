/** The status bar: what the notebook in front and today's runs cost, and what is left of a budget. */
import { html } from "../dom.js";
import { left, spent, total } from "./runs.js";
import { shared } from "./shared.js";

const { Widget } = await shared("@lumino/widgets");

export class BillItem extends Widget {
  text = html("button", "ak-bill-item");

  /**
   * @param {import("./kernel.js").Links} links
   * @param {(link: import("./kernel.js").Link) => void} open
   */
  constructor(links, open) {
    super();
    this.links = links;
    this.addClass("ak-bill-status");
    this.node.append(this.text);
    this.text.addEventListener("click", () => { if (links.current) open(links.current); });
    links.changed.connect(() => this.draw());
    this.draw();
  }

  draw() {
    const link = this.links.current, today = link?.today;
    const runs = [...link?.runs.values() ?? []];
    const shown = link?.state === "here" && today ? [spent(total(runs)), left(runs), `today ${spent(today)}`].filter(Boolean) : [];
    const text = shown.join(" · ");
    if (text === this.text.textContent) return;
    this.text.textContent = text;
    this.text.title = text ? `This notebook's runs: ${text}. Click for the bill.` : "";
    this.text.hidden = !text;
  }
}
