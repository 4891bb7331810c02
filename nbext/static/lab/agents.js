/** The plugin of the panel: what its buttons do in the notebooks. */
import { Links } from "./kernel.js";
import { FolderLog } from "./log.js";
import { AgentsPanel } from "./panel.js";
import { called, short } from "./runs.js";
import { shared } from "./shared.js";
import { RunView } from "./viewer.js";

const { ILabShell, ILayoutRestorer } = await shared("@jupyterlab/application");
const { ICommandPalette } = await shared("@jupyterlab/apputils");
const { IDefaultFileBrowser } = await shared("@jupyterlab/filebrowser");
const { INotebookTracker, NotebookActions } = await shared("@jupyterlab/notebook");

/** @typedef {import("./types").Run} Run */
/** @typedef {import("./kernel.js").Link} Link */

/**
 * Add a cell at the end of a notebook and, if it is to, run it: what is done there stays to be read.
 * @param {any} panel
 * @param {string} text
 * @param {boolean} run
 */
async function addCell(panel, text, run) {
  const notebook = panel.content;
  notebook.activeCellIndex = notebook.widgets.length - 1;
  NotebookActions.insertBelow(notebook);
  notebook.activeCell.model.sharedModel.setSource(text);
  await notebook.scrollToItem?.(notebook.activeCellIndex);
  if (run) await NotebookActions.run(notebook, panel.sessionContext);
}

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

/** @type {Record<string, [text: string, run: boolean]>} Cells that a button writes. */
const WRITES = { resume: ["%resume ", true], rerun: ["%rerun ", true], fork: ["%fork ", false] };

const agents = {
  id: "jupyter-agentkit:agents",
  description: "Lists the runs of the open notebooks while they happen.",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ILabShell, ILayoutRestorer, ICommandPalette, IDefaultFileBrowser],
  /** @type {(app: any, tracker: any, lab: any, restorer: any, palette: any, browser: any) => void} */
  activate: (app, tracker, lab, restorer, palette, browser) => {
    const links = new Links(tracker);
    const log = new FolderLog();
    const folder = () => {
      const path = browser?.model.path ?? links.current?.path.split("/").slice(0, -1).join("/") ?? "";
      return String(path).split(":").pop() ?? "";
    };
    const show = (/** @type {string} */ name, /** @type {Run} */ run, /** @type {Link | null} */ link) => {
      const id = `jupyter-agentkit-run-${run.id}`;
      /** @type {any} */
      let view = [...app.shell.widgets("main"), ...app.shell.widgets("right")].find((one) => one.id === id);
      if (!view) {
        view = link ? new RunView(link, run, called(link.path)) : new RunView(log.source(log.folder), run, `${run.place ?? "a script or console"}, not open`);
        // Notebook 7 has room for one document alone.
        if (lab) app.shell.add(view, "main", link ? { mode: "split-right", ref: link.panel.id } : {});
        else app.shell.add(view, "right");
      }
      view.show(name);
      app.shell.activateById(view.id);
      if (!lab) app.shell.expandRight?.(view.id);
    };
    const panel = new AgentsPanel(links, log, folder, async (what, run, link) => {
      if (!link) return show(what, run, null);
      const written = WRITES[what];
      if (written) { app.shell.activateById(link.panel.id); return addCell(link.panel, written[0] + short(run.id), written[1]); }
      if (what === "cell") { app.shell.activateById(link.panel.id); return goToCell(link, run); }
      if (what !== "stop") return show(what, run, link);
      const { stopped } = await link.order({ do: "stop", run: run.id });
      // A block of code awaits in its cell, and ends with it.
      if (!stopped) await link.panel.sessionContext.session?.kernel?.interrupt();
    });
    app.shell.add(panel, "left", { rank: 350 });
    restorer?.add(panel, panel.id);
    app.commands.addCommand("jupyter-agentkit:show", {
      label: "Show Agents",
      caption: "Runs of the open notebooks, questions and actors",
      execute: () => { if (!lab) app.shell.expandLeft?.(panel.id); app.shell.activateById(panel.id); },
    });
    palette?.addItem({ command: "jupyter-agentkit:show", category: "Agents" });
  },
};

export default [agents];
