/** What the buttons of the panels do in the notebooks; loaded when JupyterLab is there. */
import { Links } from "./kernel.js";
import { BillItem } from "./bill.js";
import { addCell, addCommands } from "./commands.js";
import { FolderLog } from "./log.js";
import { AgentsPanel } from "./panel.js";
import { short } from "./runs.js";
import { compare, everyRun, show } from "./show.js";
import { addChat } from "./talking.js";

/** @typedef {import("./types").Run} Run */
/** @typedef {import("./kernel.js").Link} Link */

/**
 * Show the cell that a run was started from.
 * @param {Link} link
 * @param {Run} run
 */
async function goToCell(link, run) {
  const { cell } = await link.order({ do: "cell", run: run.id });
  const notebook = link.panel.content;
  const at = notebook.widgets.findIndex((/** @type {any} */ one) => one.model.id === cell);
  if (at < 0) throw new Error(cell ? "The cell is no longer in the notebook." : "It is not recorded which cell asked.");
  notebook.activeCellIndex = at;
  await notebook.scrollToItem(at);
}

/**
 * A run that a panel knows of, and the notebook that it is of.
 * @param {Links} links
 * @param {FolderLog} log
 * @param {string} id
 * @returns {{ run: Run; link: Link | null }}
 */
function known(links, log, id) {
  const link = links.all.find((one) => one.runs.has(id)) ?? null, run = (link ?? log).runs.get(id);
  if (!run) throw new Error(`Run ${short(id)} is not among those that are listed here.`);
  return { run, link };
}

/** @type {Record<string, [text: string, run: boolean]>} Cells that a button writes. */
const WRITES = { resume: ["%resume ", true], rerun: ["%rerun ", true], fork: ["%fork ", false] };

/**
 * Fill the places of the panels, and add commands and the bill.
 * @param {any} app
 * @param {{ agents: import("./holder.js").Holder; chat: import("./holder.js").Holder }} places
 * @param {any} tracker of notebooks
 * @param {any[]} others what JupyterLab has besides; Notebook 7 lacks some of it
 */
export function start(app, places, tracker, [lab, palette, browser, launcher, bar, rendermime]) {
  const links = new Links(tracker);
  const log = new FolderLog();
  const folder = () => {
    const path = browser?.model.path ?? links.current?.path.split("/").slice(0, -1).join("/") ?? "";
    return String(path).split(":").pop() ?? "";
  };
  const view = (/** @type {string} */ name, /** @type {Run} */ run, /** @type {Link | null} */ link) => show(app, lab, name, run, link ?? log.source(log.folder), link);
  const side = (/** @type {Run} */ run, /** @type {Link | null} */ link) => ({ run, source: link ?? log.source(log.folder), now: () => (link ?? log).runs.get(run.id) ?? run });
  /** @type {AgentsPanel} */
  const panel = new AgentsPanel(links, log, folder, async (what, run, link) => {
    if (what === "compare" && panel.first) {
      compare(app, lab, [side(panel.first.run, panel.first.link), side(run, link)]);
      panel.first = null;
      return panel.draw();
    }
    if (what === "origin") {
      const { run: before, link: its } = known(links, log, String(run.origin));
      return compare(app, lab, [side(before, its), side(run, link)]);
    }
    if (!link) return view(what, run, null);
    const written = WRITES[what];
    if (written) { app.shell.activateById(link.panel.id); return addCell(link.panel, link.panel.content.widgets.length - 1, written[0] + short(run.id), written[1]); }
    if (what === "cell") { app.shell.activateById(link.panel.id); return goToCell(link, run); }
    if (what !== "stop") return view(what, run, link);
    const { stopped } = await link.order({ do: "stop", run: run.id });
    // A block of code awaits in its cell, and ends with it.
    if (!stopped) await link.panel.sessionContext.session?.kernel?.interrupt();
  });
  places.agents.fill(panel);
  app.commands.addCommand("jupyter-agentkit:show", {
    label: "Show Agents",
    caption: "Runs of the open notebooks, questions and actors",
    execute: () => { if (!lab) app.shell.expandLeft?.(places.agents.id); app.shell.activateById(places.agents.id); },
  });
  palette?.addItem({ command: "jupyter-agentkit:show", category: "Agents" });
  addCommands(app, links, palette, launcher);
  const item = new BillItem(links, (link) => view("bill", everyRun(link), link));
  if (rendermime) {
    addChat(app, lab, places.chat, links, rendermime, view);
    palette?.addItem({ command: "jupyter-agentkit:chat", category: "Agents" });
  }
  bar?.registerStatusItem("jupyter-agentkit:bill", { item, align: "right", rank: 900 });
}
