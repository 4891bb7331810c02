/** Commands: a new notebook with an agent, questions about a cell, and what can be done with an answer. */
import { short } from "./runs.js";
import { shared } from "./shared.js";
import { about, asks, failure, python, starter } from "./texts.js";

const { Clipboard, Notification, showErrorMessage } = await shared("@jupyterlab/apputils");
const { NotebookActions } = await shared("@jupyterlab/notebook");

/** @typedef {import("./kernel.js").Links} Links */
/** @typedef {import("./kernel.js").Link} Link */

const OUTPUT = ".jp-Notebook .jp-CodeCell .jp-OutputArea-output";
const CELL = ".jp-Notebook .jp-Cell";
const ABOUT = "ask-about-cell";
/** Of our entries in the menu: above those of JupyterLab that are about cells. */
const RANK = -1;

/**
 * Add a cell below another one of a notebook and, if it is to, run it.
 * @param {any} panel
 * @param {number} at
 * @param {string} text
 * @param {boolean} run
 */
export async function addCell(panel, at, text, run) {
  const notebook = panel.content;
  notebook.activeCellIndex = at;
  NotebookActions.insertBelow(notebook);
  notebook.activeCell.model.sharedModel.setSource(text);
  await notebook.scrollToItem?.(notebook.activeCellIndex);
  if (run) await NotebookActions.run(notebook, panel.sessionContext);
}

/**
 * The cell that was clicked, which need not be the active one; the palette means the active one, whatever was clicked before.
 * @param {any} app
 * @param {Links} links
 * @param {boolean} active
 */
function clicked(app, links, active) {
  const node = active ? null : app.contextMenuHitTest((/** @type {HTMLElement} */ one) => one.classList.contains("jp-Cell"));
  for (const link of node ? links.all : []) {
    const at = link.panel.content.widgets.findIndex((/** @type {any} */ one) => one.node === node);
    if (at >= 0) return { link, at };
  }
  const link = links.current;
  return link && link.panel.content.activeCell ? { link, at: link.panel.content.activeCellIndex } : null;
}

/**
 * Copy a text; a page that is not served securely has only the older way.
 * @param {string} text
 */
async function copy(text) {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else Clipboard.copyToSystem(text);
  Notification?.success("The ask is in the clipboard, as Python.", { autoClose: 3000 });
}

/**
 * What can be done with a cell or its answer.
 * @returns {[id: string, label: string, act: (found: { link: Link; at: number }) => Promise<void>][]}
 */
function orders() {
  const run = async (/** @type {Link} */ link, /** @type {number} */ at) => String((await link.order({ do: "asked", cell: link.panel.content.widgets[at].model.id })).run);
  return [
    [ABOUT, "Ask an Agent About This Cell…", async ({ link, at }) => {
      const agent = link.actors.find((one) => one.what === "agent") ?? link.actors[0];
      const { model } = link.panel.content.widgets[at];
      const failed = (model.outputs?.toJSON() ?? []).map(failure).filter(Boolean).at(-1) ?? "";
      await addCell(link.panel, at, about(model.sharedModel.getSource(), agent?.name ?? "ACTOR", model.type, failed), false);
      link.panel.content.mode = "edit";
    }],
    ["fork-answer", "Fork From Here", async ({ link, at }) => addCell(link.panel, at, `%fork ${short(await run(link, at))}`, false)],
    ["rerun-answer", "Run Again", async ({ link, at }) => addCell(link.panel, at, `%rerun ${short(await run(link, at))}`, true)],
    ["copy-as-python", "Copy as Python", async ({ link, at }) => copy(String((await link.order({ do: "python", run: await run(link, at) })).text))],
  ];
}

/**
 * @param {any} app
 * @param {Links} links
 * @param {any} palette
 */
export function addCommands(app, links, palette) {
  const isEnabled = () => links.current?.state === "here";
  for (const [id, label, act] of orders()) {
    const command = `jupyter-agentkit:${id}`;
    const execute = async (/** @type {any} */ { isPalette }) => {
      const found = clicked(app, links, isPalette);
      if (found) await act(found).catch((reason) => void showErrorMessage("agentkit", reason.message));
    };
    const isVisible = (/** @type {any} */ { isPalette }) => {
      const found = clicked(app, links, isPalette);
      return Boolean(isEnabled() && found && (id === ABOUT || asks(found.link.panel.content.widgets[found.at].model.sharedModel.getSource())));
    };
    app.commands.addCommand(command, { label, isEnabled, isVisible, execute });
    app.contextMenu.addItem({ command, selector: id === ABOUT ? CELL : OUTPUT, rank: RANK });
    palette?.addItem({ command, category: "Agents", args: { isPalette: true } });
  }
  app.contextMenu.addItem({ type: "separator", selector: CELL, rank: RANK });
}

/**
 * A notebook with an agent and a question to it.
 * @param {any} app
 * @param {string | undefined} cwd the folder that it is for
 */
export async function newNotebook(app, cwd) {
  const panel = await app.commands.execute("notebook:create-new", { cwd, kernelName: python(app.serviceManager.kernelspecs.specs) });
  await panel.context.ready;
  await panel.revealed;
  const [first, ...rest] = starter();
  panel.content.activeCell.model.sharedModel.setSource(first);
  for (const [n, text] of rest.entries()) await addCell(panel, n, text, false);
  panel.content.activeCellIndex = 0;
  return panel;
}
