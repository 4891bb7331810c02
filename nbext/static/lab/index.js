/** The plugins that JupyterLab and Notebook 7 find here; all but their names is loaded when it is first needed. */
import { Place, chatIcon, icon } from "./places.js";
import { shared } from "./shared.js";

/** So long after it is needed, what can wait is loaded even if the page is never idle. */
const SOON_MS = 500;

/** @param {string[]} names of packages @returns {Promise<any[]>} */
const all = (...names) => Promise.all(names.map(shared));

const [{ EditorExtensionRegistry, IEditorExtensionRegistry, IEditorLanguageRegistry }, { Compartment }, { ViewPlugin }] =
  await all("@jupyterlab/codemirror", "@codemirror/state", "@codemirror/view");

/**
 * Draw cells by a module that comes with the first editor of code.
 * @param {any} extensions
 * @param {any} languages
 */
function drawCells(extensions, languages) {
  /** @type {(() => unknown) | undefined} */
  let drawing;
  /** @type {Promise<void> | undefined} */
  let loading;
  const load = async () => {
    const { highlight } = await import("./highlight.js");
    drawing = highlight(languages);
  };
  const waiting = () => {
    const place = new Compartment();
    const wait = ViewPlugin.define((/** @type {any} */ view) => {
      let gone = false;
      loading ??= load().catch((reason) => console.warn("agentkit: cells keep the colours of Python.", reason));
      void loading.then(() => { if (drawing && !gone) view.dispatch({ effects: place.reconfigure(drawing()) }); });
      return { destroy() { gone = true; } };
    });
    return place.of(wait);
  };
  extensions.addExtension({
    name: "jupyter-agentkit:cells",
    factory: (/** @type {any} */ { model }) => (model.type === "code" ? EditorExtensionRegistry.createImmutableExtension(drawing?.() ?? waiting()) : null),
  });
}

/** Whether the page has nothing else to do, or has been waited for long enough. */
const idle = () => new Promise((done) => {
  if (typeof requestIdleCallback === "function") requestIdleCallback(done, { timeout: SOON_MS });
  else setTimeout(done, SOON_MS);
});

/**
 * Add the places of the panels and what begins without a notebook; the first notebook brings the rest.
 * @param {any} app
 * @param {any} tracker of notebooks
 * @param {any} restorer
 * @param {any[]} others what JupyterLab has besides; Notebook 7 lacks some of it
 */
function addPlaces(app, tracker, restorer, others) {
  /** @type {Promise<ReturnType<typeof import("./agents.js").start>> | undefined} */
  let started;
  const start = () => (started ??= import("./agents.js").then((found) => found.start(app, tracker, others)));
  const [lab, palette, , launcher, , rendermime] = others;
  const add = (/** @type {Place} */ place, /** @type {"left" | "right"} */ side, /** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ caption) => {
    // They have to be there before JupyterLab shows again which panels were open.
    app.shell.add(place, side, { rank: 350 });
    restorer?.add(place, place.id);
    const execute = () => {
      if (!lab) app.shell[side === "left" ? "expandLeft" : "expandRight"]?.(place.id);
      app.shell.activateById(place.id);
    };
    app.commands.addCommand(name, { label, caption, execute });
    palette?.addItem({ command: name, category: "Agents" });
  };
  add(new Place("jupyter-agentkit-agents", icon, "Agents", async () => (await start()).agents()), "left", "jupyter-agentkit:show", "Show Agents", "Runs of the open notebooks, questions and actors");
  if (rendermime) add(new Place("jupyter-agentkit-chat", chatIcon, "Chat with an agent", async () => (await start()).chat()), "right", "jupyter-agentkit:chat", "Chat With an Agent", "Talk to an actor of the notebook in front");
  const command = "jupyter-agentkit:new-notebook";
  app.commands.addCommand(command, {
    label: (/** @type {any} */ { isPalette }) => (isPalette ? "New Agent Notebook" : "Agent Notebook"),
    caption: "A notebook with an agent and a question to it",
    icon: (/** @type {any} */ { isPalette }) => (isPalette ? undefined : icon),
    execute: async (/** @type {any} */ { cwd }) => (await import("./commands.js")).newNotebook(app, cwd),
  });
  palette?.addItem({ command, category: "Agents", args: { isPalette: true } });
  launcher?.add({ command, category: "Notebook", rank: 5 });
  const opened = async () => {
    tracker.widgetAdded.disconnect(opened);
    await app.restored;
    await idle();
    await start().catch((reason) => console.warn("agentkit: the panels cannot be shown here.", reason));
  };
  if (tracker.size) void opened();
  else tracker.widgetAdded.connect(opened);
}

/** @type {any[]} */
const plugins = [{
  id: "jupyter-agentkit:cells",
  description: "Cells that are prose for agents read as prose.",
  autoStart: true,
  requires: [IEditorExtensionRegistry, IEditorLanguageRegistry],
  /** @type {(app: unknown, extensions: any, languages: any) => void} */
  activate: (_app, extensions, languages) => drawCells(extensions, languages),
}];
try {
  // Highlighting goes on where the rest finds something missing.
  const names = ["application", "apputils", "statusbar", "filebrowser", "launcher", "notebook", "rendermime"];
  const [{ ILabShell, ILayoutRestorer }, { ICommandPalette }, { IStatusBar }, { IDefaultFileBrowser }, { ILauncher }, { INotebookTracker }, { IRenderMimeRegistry }] =
    await all(...names.map((name) => `@jupyterlab/${name}`));
  plugins.push({
    id: "jupyter-agentkit:agents",
    description: "Lists the runs of the open notebooks while they happen, and talks to their agents.",
    autoStart: true,
    requires: [INotebookTracker],
    optional: [ILayoutRestorer, ILabShell, ICommandPalette, IDefaultFileBrowser, ILauncher, IStatusBar, IRenderMimeRegistry],
    /** @type {(app: any, tracker: any, restorer: any, ...others: any[]) => void} */
    activate: (app, tracker, restorer, ...others) => addPlaces(app, tracker, restorer, others),
  });
} catch (reason) {
  console.warn("agentkit: the panels cannot be shown here.", reason);
}

export default plugins;
