/* Compiles what a lesson's first cells import, by the Pyodide that will run them: node compile.mjs PYODIDE PACKAGES STANDARD

   Not more: what is compiled is there twice, and each visitor loads it. Unchecked, as nobody changes sources behind a
   page's Python, and a look at each would cost a part of what is saved. */
import fs from "node:fs";
import path from "node:path";

const [pyodide, packages, standard] = process.argv.slice(2).map((one) => path.resolve(one));
const { loadPyodide } = await import(`${pyodide}/pyodide.mjs`);
const python = await loadPyodide({ indexURL: pyodide });
for (const [name, folder] of [["/packages", packages], ["/standard", standard]]) {
  python.FS.mkdirTree(name);
  python.mountNodeFS(name, folder);
}
python.runPython("import sys; sys.dont_write_bytecode = True; sys.path.insert(0, '/packages')");
await python.runPythonAsync(fs.readFileSync(path.join(import.meta.dirname, "first.py"), "utf8"));
const done = python.runPython(`
import importlib.util, pathlib, py_compile, site

KINDS = (("/packages/", site.getsitepackages()[0] + "/", importlib.util.cache_from_source),
         ("/lib/python314.zip/", "/lib/python314.zip/", lambda name: name + "c"))
FOLDERS = ("/packages/", "/standard/")

def compiled():
    """Compile each module that is there; how many these are."""
    seen = {getattr(one, "__file__", None) or "" for one in list(sys.modules.values())}
    count = 0
    for name in sorted(one for one in seen if one.endswith(".py")):
        for (here, there, cached), folder in zip(KINDS, FOLDERS):
            if name.startswith(here):
                inner = name.removeprefix(here)
                py_compile.compile(folder + inner, cached(folder + inner), there + inner, doraise=True,
                                   invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
                count += 1
    return count

compiled()
`);
if (done < 400) throw new Error(`only ${done} modules were imported`);
console.log(`${done} modules are compiled`);
process.exit(0); // the kernel has tasks that wait for messages
