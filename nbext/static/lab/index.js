/** The plugins that JupyterLab and Notebook 7 find here. */
import { highlight } from "./highlight.js";
import { shared } from "./shared.js";

const SHEETS = ["../dom.css", "../graph.css", "../timeline.css", "../bill.css", "lab.css"];
for (const sheet of SHEETS) {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = new URL(sheet, import.meta.url).href;
  document.head.append(style);
}

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
  plugins.push(...(await import("./agents.js")).default);
} catch (reason) {
  console.warn("agentkit: the panel cannot be shown here.", reason);
}

export default plugins;
