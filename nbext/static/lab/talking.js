/** What the panel "Chat" does in the notebooks. */
import { ChatPanel } from "./chat.js";
import { addCell } from "./commands.js";

/** @typedef {import("./kernel.js").Link} Link */

/**
 * Write the conversation as cells below the active one.
 * @param {any} app
 * @param {Link} link
 */
async function insert(app, link) {
  const { cells } = await link.order({ do: "cells" });
  app.shell.activateById(link.panel.id);
  for (const text of cells) await addCell(link.panel, link.panel.content.activeCellIndex, text, false);
}

/**
 * The panel.
 * @param {any} app
 * @param {import("./kernel.js").Links} links
 * @param {any} rendermime
 * @param {(name: string, run: import("./types").Run, link: Link) => Promise<void>} view
 */
export const chat = (app, links, rendermime, view) => new ChatPanel(links, rendermime, async (what, link, run) => {
  if (what === "cells") return insert(app, link);
  if (what === "anew") return link.order({ do: "anew" });
  if (what === "again") return link.order({ do: "again", run });
  if (what === "stop") return run ? link.order({ do: "stop", run }) : undefined;
  const found = link.runs.get(run);
  if (!found) throw new Error("This run is not among those of the notebook.");
  return view(what, found, link);
});
