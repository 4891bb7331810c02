/* Loads Pyodide for a notebook of the site: packages from one archive (`unpack.mjs`), and a log that outlives the page
   (`keep.mjs`). It begins when it is imported, which the kernel's worker does first of all. */
import { watched } from "./drive.mjs";
import { Keep } from "./keep.mjs";
import { loadPyodide as load } from "./pyodide.mjs";
import { checked, opened, placed } from "./unpack.mjs";

const PACKAGES = "DIGEST"; // of the archive, put in when the site is built
const HOME = "/home/pyodide";
const MODULES = "importlib, piplite.piplite, pyodide_kernel, nbext.early, nbext.loading"; // what each lesson imports

/** What lessons read, packed; null where the site has none. */
async function lessons() {
  const reply = await fetch(new URL("lessons.zip", import.meta.url)).catch(() => null);
  return reply?.ok ? reply.arrayBuffer() : null;
}

/** Who hears what Python says; nobody before the kernel is there. */
let heard = {};

/** Python with all packages, and with what each lesson imports. */
async function begin() {
  const packages = checked(new URL("packages.bin", import.meta.url), PACKAGES).then(opened), fetched = lessons();
  packages.catch(() => {}); // told where it is awaited
  const python = await load({
    indexURL: new URL(".", import.meta.url).href,
    stdout: (text) => heard.stdout?.(text),
    stderr: (text) => heard.stderr?.(text),
  });
  const place = python.runPython("import site; site.getsitepackages()[0]");
  placed(python.FS, place, await packages);
  const files = await fetched;
  if (files) python.unpackArchive(files, "zip", { extractDir: HOME });
  // Of a site without packages to load none is looked for, which would take a part of each cell.
  if (!Object.keys(python.lockfile.packages).length) python.loadPackagesFromImports = async () => [];
  python.runPython(`import importlib; importlib.invalidate_caches(); import ${MODULES}`);
  python.runPython("nbext.early.prepare(pyodide_kernel.ipython_shell)");
  watched(python.FS);
  return python;
}

const begun = begin();
begun.catch((error) => postMessage({ agentkitFailed: `Python could not start: ${error.message}` })); // see `early.js`

/** As Pyodide's own, with a log that outlives the page. The packages that the options name are in the archive.
 * @param {object} options */
export async function loadPyodide(options) {
  const claimed = new Keep().claim();
  heard = options;
  const python = await begun, keep = await claimed;
  keep.place(python);
  globalThis.agentkitKeep = keep;
  return python;
}
