/** The plugins that JupyterLab and Notebook 7 find here; what need not be there at once is loaded later. */
import { highlight } from "./highlight.js";
import { Holder } from "./holder.js";
import { chatIcon, icon } from "./icons.js";
import { shared } from "./shared.js";

/** @param {string[]} sheets */
function style(sheets) {
  for (const sheet of sheets) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(sheet, import.meta.url).href;
    document.head.append(link);
  }
}
style(["lab.css"]);

const { IEditorExtensionRegistry, IEditorLanguageRegistry } = await shared("@jupyterlab/codemirror");

const cells = {
  id: "jupyter-agentkit:cells",
  description: "Cells that are prose for agents read as prose.",
  autoStart: true,
  requires: [IEditorExtensionRegistry, IEditorLanguageRegistry],
  /** @type {(app: unknown, extensions: any, languages: any) => void} */
  activate: (_app, extensions, languages) => highlight(extensions, languages),
};

/** @type {any[]} */
const plugins = [cells];
try {
  // Highlighting goes on where the rest finds something missing.
  const { ILabShell, ILayoutRestorer } = await shared("@jupyterlab/application");
  const { ICommandPalette } = await shared("@jupyterlab/apputils");
  const { IStatusBar } = await shared("@jupyterlab/statusbar");
  const { IDefaultFileBrowser } = await shared("@jupyterlab/filebrowser");
  const { ILauncher } = await shared("@jupyterlab/launcher");
  const { INotebookTracker } = await shared("@jupyterlab/notebook");
  const { IRenderMimeRegistry } = await shared("@jupyterlab/rendermime");
  plugins.push({
    id: "jupyter-agentkit:agents",
    description: "Lists the runs of the open notebooks while they happen, and talks to their agents.",
    autoStart: true,
    requires: [INotebookTracker],
    optional: [ILayoutRestorer, ILabShell, ICommandPalette, IDefaultFileBrowser, ILauncher, IStatusBar, IRenderMimeRegistry],
    /** @type {(app: any, tracker: any, restorer: any, ...others: any[]) => void} */
    activate: (app, tracker, restorer, ...others) => {
      const places = { agents: new Holder("jupyter-agentkit-agents", icon, "Agents"), chat: new Holder("jupyter-agentkit-chat", chatIcon, "Chat with an agent") };
      // The places have to be there before JupyterLab shows again which panels were open; what is in them need not.
      app.shell.add(places.agents, "left", { rank: 350 });
      app.shell.add(places.chat, "right", { rank: 350 });
      for (const place of [places.agents, places.chat]) restorer?.add(place, place.id);
      const load = async () => {
        style(["../dom.css", "../graph.css", "../timeline.css", "../bill.css"]);
        (await import("./agents.js")).start(app, places, tracker, others);
      };
      void app.restored.then(load).catch((/** @type {unknown} */ reason) => console.warn("agentkit: the panels cannot be shown here.", reason));
    },
  });
} catch (reason) {
  console.warn("agentkit: the panels cannot be shown here.", reason);
}

export default plugins;
