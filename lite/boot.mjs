/* Loads Pyodide for a notebook of the site: packages from one archive (`unpack.mjs`), and a log that outlives the page
   (`keep.mjs`). */
import { Keep } from "./keep.mjs";
import { loadPyodide as load } from "./pyodide.mjs";
import { opened, placed } from "./unpack.mjs";

const HOME = "/home/pyodide";

/** What lessons read, packed; null where the site has none. */
async function lessons() {
  const reply = await fetch(new URL("lessons.zip", import.meta.url)).catch(() => null);
  return reply?.ok ? reply.arrayBuffer() : null;
}

/** As Pyodide's own, with a log that outlives the page. The packages that the options name are in the archive.
 * @param {object} options */
export async function loadPyodide(options) {
  const claimed = new Keep().claim(), fetched = lessons();
  const packages = fetch(new URL("packages.bin", import.meta.url)).then(opened);
  const python = await load({ ...options, packages: [] });
  const place = python.runPython("import site; site.getsitepackages()[0]");
  placed(python.FS, place, await packages);
  python.runPython("import importlib; importlib.invalidate_caches()");
  const keep = await claimed;
  keep.place(python);
  const files = await fetched;
  if (files) python.unpackArchive(files, "zip", { extractDir: HOME });
  globalThis.agentkitKeep = keep;
  return python;
}
