/** What of the panels is there from the start: their signs, and a place for each in a side bar. */
import { shared } from "./shared.js";

const [{ PanelLayout, Widget }, { LabIcon }] = await Promise.all(["@lumino/widgets", "@jupyterlab/ui-components"].map(shared));

const AGENTS = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161"><circle cx="12" cy="5" r="3.2"/><circle cx="5" cy="18" r="3.2"/><circle cx="19" cy="18" r="3.2"/><path d="M10.6 7.4 6.4 15.2M13.4 7.4l4.2 7.8M8.2 18h7.6" stroke="#616161" stroke-width="1.8" class="jp-icon3"/></g></svg>`;
const CHAT = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" d="M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-8.4L7 21.2V17H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm0 2v10h5v2l2.2-2H20V5zm3 2.5h10v1.6H7zm0 3.4h7v1.6H7z"/></svg>`;

export const icon = new LabIcon({ name: "jupyter-agentkit:agents", svgstr: AGENTS });
export const chatIcon = new LabIcon({ name: "jupyter-agentkit:chat", svgstr: CHAT });

/** The palette gives the focus back to the notebook, which passes it on to a cell within this. */
const SETTLED_MS = 100;

/** A place whose panel is loaded when somebody looks at it. */
export class Place extends Widget {
  /** @type {Promise<void> | null} */
  filled = null;

  /**
   * @param {string} id
   * @param {any} icon
   * @param {string} caption
   * @param {() => Promise<any>} make its panel
   */
  constructor(id, icon, caption, make) {
    super();
    this.id = id;
    this.make = make;
    Object.assign(this.title, { icon, caption });
    this.addClass("ak-holder");
    this.layout = new PanelLayout();
  }

  onAfterShow() { this.fill(); }

  onAfterAttach() { if (this.isVisible) this.fill(); }

  /** Put the panel into its place; one that could not be loaded is tried again when it is next looked at. */
  fill() {
    this.filled ??= this.make().then(
      (panel) => { this.layout.addWidget(panel); if (this.isVisible) panel.onAfterShow(); },
      (/** @type {unknown} */ reason) => { this.filled = null; console.warn(`agentkit: no panel "${this.title.caption}" here.`, reason); },
    );
    return this.filled;
  }

  onActivateRequest() {
    const take = () => { for (const panel of this.layout.widgets) if (!panel.node.contains(document.activeElement)) panel.activate(); };
    void this.fill().then(take);
    setTimeout(take, SETTLED_MS);
  }
}
