/** The plugins that JupyterLab and Notebook 7 find here. */
import { highlight } from "./highlight.js";
import { shared } from "./shared.js";

const style = document.createElement("link");
style.rel = "stylesheet";
style.href = new URL("lab.css", import.meta.url).href;
document.head.append(style);

const { IEditorExtensionRegistry, IEditorLanguageRegistry } = await shared("@jupyterlab/codemirror");

const cells = {
  id: "jupyter-agentkit:cells",
  description: "Cells that are prose for agents read as prose.",
  autoStart: true,
  requires: [IEditorExtensionRegistry, IEditorLanguageRegistry],
  /** @type {(app: unknown, extensions: any, languages: any) => void} */
  activate: (_app, extensions, languages) => highlight(extensions, languages),
};

export default [cells];
