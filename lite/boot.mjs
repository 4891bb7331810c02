/* Loads Pyodide for a notebook of the site, with a log that outlives the page: `keep.mjs`. */
import { Keep } from "./keep.mjs";
import { loadPyodide as load } from "./pyodide.mjs";

const HOME = "/home/pyodide";

/** What lessons read, packed; null where the site has none. */
async function lessons() {
  const reply = await fetch(new URL("lessons.zip", import.meta.url)).catch(() => null);
  return reply?.ok ? reply.arrayBuffer() : null;
}

/** As Pyodide's own, with a log that outlives the page. @param {object} options */
export async function loadPyodide(options) {
  const claimed = new Keep().claim(), fetched = lessons();
  const python = await load(options);
  const keep = await claimed;
  keep.place(python);
  const files = await fetched;
  if (files) python.unpackArchive(files, "zip", { extractDir: HOME });
  globalThis.agentkitKeep = keep;
  return python;
}
