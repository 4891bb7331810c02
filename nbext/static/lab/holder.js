/** A place in a side bar that is there before the panel that it is for has been loaded. */
import { shared } from "./shared.js";

const { PanelLayout, Widget } = await shared("@lumino/widgets");

/** The palette gives the focus back to the notebook, which passes it on to a cell within this. */
const SETTLED_MS = 100;

export class Holder extends Widget {
  /**
   * @param {string} id
   * @param {any} icon
   * @param {string} caption
   */
  constructor(id, icon, caption) {
    super();
    this.id = id;
    Object.assign(this.title, { icon, caption });
    this.addClass("ak-holder");
    this.layout = new PanelLayout();
  }

  /** @param {any} panel */
  fill(panel) { this.layout.addWidget(panel); }

  onActivateRequest() {
    const take = () => { for (const panel of this.layout.widgets) if (!panel.node.contains(document.activeElement)) panel.activate(); };
    take();
    setTimeout(take, SETTLED_MS);
  }
}
