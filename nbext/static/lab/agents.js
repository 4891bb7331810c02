/** What the buttons of the panels do in the notebooks; loaded with the first notebook, or the first panel that is opened. */
import { ALL, Links } from "./kernel.js";
import { BillItem } from "./bill.js";
import { addCell, addCommands } from "./commands.js";
import { FolderLog } from "./log.js";
import { called, short } from "./runs.js";
import { style } from "./sheets.js";

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

/** @type {Run} */
const NOTHING = { id: "", name: "", actor: "", state: "", started: 0, ended: null, calls: 0, tokens: 0, cost_usd: 0, place: null, budget_usd: null, doing: "", mine: false };

/**
 * All runs of a notebook, as one.
 * @param {Link} link
 * @returns {Run}
 */
const everyRun = (link) => ({ ...NOTHING, id: ALL, name: `All runs of ${called(link.path)}` });

/**
 * Follow the notebooks, add commands and the bill, and make panels when they are asked for.
 * @param {any} app
 * @param {any} tracker of notebooks
 * @param {any[]} others what JupyterLab has besides; Notebook 7 lacks some of it
 */
export function start(app, tracker, [lab, palette, browser, , bar, rendermime]) {
  style("lab.css");
  const links = new Links(tracker);
  const log = new FolderLog();
  const folder = () => {
    const path = browser?.model.path ?? links.current?.path.split("/").slice(0, -1).join("/") ?? "";
    return String(path).split(":").pop() ?? "";
  };
  const view = async (/** @type {string} */ name, /** @type {Run} */ run, /** @type {Link | null} */ link) =>
    (await import("./show.js")).show(app, lab, name, run, link ?? log.source(log.folder), link);
  const side = (/** @type {Run} */ run, /** @type {Link | null} */ link) => ({ run, source: link ?? log.source(log.folder), now: () => (link ?? log).runs.get(run.id) ?? run });
  const compare = async (/** @type {import("./compare.js").Side[]} */ sides) => (await import("./show.js")).compare(app, lab, sides);
  /** @type {(what: string, run: Run, link: Link | null, panel: import("./panel.js").AgentsPanel) => Promise<unknown>} */
  const act = async (what, run, link, panel) => {
    if (what === "compare" && panel.first) {
      const { first } = panel;
      panel.first = null;
      panel.draw();
      return compare([side(first.run, first.link), side(run, link)]);
    }
    if (what === "origin") {
      const { run: before, link: its } = known(links, log, String(run.origin));
      return compare([side(before, its), side(run, link)]);
    }
    if (!link) return view(what, run, null);
    const written = WRITES[what];
    if (written) { app.shell.activateById(link.panel.id); return addCell(link.panel, link.panel.content.widgets.length - 1, written[0] + short(run.id), written[1]); }
    if (what === "cell") { app.shell.activateById(link.panel.id); return goToCell(link, run); }
    if (what !== "stop") return view(what, run, link);
    const { stopped } = await link.order({ do: "stop", run: run.id });
    // A block of code awaits in its cell, and ends with it.
    if (!stopped) await link.panel.sessionContext.session?.kernel?.interrupt();
  };
  addCommands(app, links, palette);
  const item = new BillItem(links, (link) => void view("bill", everyRun(link), link).catch(console.warn));
  bar?.registerStatusItem("jupyter-agentkit:bill", { item, align: "right", rank: 900 });
  return {
    agents: async () => {
      const { AgentsPanel } = await import("./panel.js");
      /** @type {import("./panel.js").AgentsPanel} */
      const panel = new AgentsPanel(links, log, folder, (what, run, link) => act(what, run, link, panel));
      return panel;
    },
    chat: async () => (await import("./talking.js")).chat(app, links, rendermime, view),
  };
}
