/** Where a run is shown: beside its notebook, or in the side bar where there is room for one document. */
import { CompareView } from "./compare.js";
import { ALL } from "./kernel.js";
import { called } from "./runs.js";
import { RunView } from "./viewer.js";

/** @typedef {import("./types").Run} Run */
/** @typedef {import("./kernel.js").Link} Link */

/**
 * Show a view of a run, in the place where that run is shown already.
 * @param {any} app
 * @param {any} lab JupyterLab's shell, or null in Notebook 7
 * @param {string} name of the view
 * @param {Run} run
 * @param {import("./types").Source} source
 * @param {Link | null} link of its notebook, if that is open
 */
export function show(app, lab, name, run, source, link) {
  const id = `jupyter-agentkit-run-${run.id === ALL ? link?.panel.id : run.id}`;
  /** @type {any} */
  let view = ["main", "right"].flatMap((area) => [...app.shell.widgets(area)]).find((one) => one.id === id);
  if (!view) {
    view = new RunView(source, run, link ? called(link.path) : `${run.place ?? "a script or console"}, from the log`);
    view.id = id;
    link?.panel.disposed.connect(() => view.dispose());
  }
  view.choose(name);
  reveal(app, lab, view, link);
}

/**
 * Show two runs side by side.
 * @param {any} app
 * @param {any} lab
 * @param {import("./compare.js").Side[]} sides
 */
export function compare(app, lab, [left, right]) {
  reveal(app, lab, new CompareView(left, right), null);
}

/**
 * @param {any} app
 * @param {any} lab
 * @param {any} view
 * @param {Link | null} link
 */
function reveal(app, lab, view, link) {
  if (!view.isAttached) {
    if (lab) app.shell.add(view, "main", link ? { mode: "split-right", ref: link.panel.id } : {});
    else app.shell.add(view, "right");
  }
  app.shell.activateById(view.id);
  if (!lab) app.shell.expandRight?.(view.id);
}
