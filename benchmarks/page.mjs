/* What a kernel of the site costs on Node, in ms of CPU: node page.mjs SITE/static/pyodide */
import fs from "node:fs";
import path from "node:path";

const site = path.resolve(process.argv[2]);
const { loadPyodide } = await import(`${site}/pyodide.mjs`);
const { opened, placed } = await import(`${site}/unpack.mjs`);
const told = {};
let before = process.cpuUsage();

function lap(name) {
  const { user, system } = process.cpuUsage(before);
  told[name] = Math.round((user + system) / 1000);
  before = process.cpuUsage();
}

const python = await loadPyodide({ indexURL: `${site}/`, env: { HOME: "/home/pyodide", AGENTKIT_LOG: "sqlite:////tmp/log.db" } });
lap("pyodide_ms");
const files = await opened(fs.readFileSync(`${site}/packages.bin`));
placed(python.FS, python.runPython("import site; site.getsitepackages()[0]"), files);
python.runPython("import importlib; importlib.invalidate_caches()");
lap("packages_ms");
await python.runPythonAsync("import piplite.piplite, pyodide_kernel");
lap("kernel_ms");
await python.runPythonAsync("from IPython import get_ipython; get_ipython().run_line_magic('load_ext', 'nbext')");
lap("extension_ms");
await python.runPythonAsync(`
from agentkit import Agent
clerk = Agent("clerk", "Answer in one sentence.", model="sim:careful")
await clerk("What is 6 x 7?")
async def turns(first):
    for n in range(first, first + 10):
        await clerk(f"How much is {n} EUR + 120 EUR?")
`);
lap("first_ask_ms");
const costs = [];
for (let first = 100; first < 1100; first += 100) {
  before = process.cpuUsage();
  await python.runPythonAsync(`await turns(${first})`);
  const { user, system } = process.cpuUsage(before);
  costs.push((user + system) / 1000 / 10);
}
told.turn_ms = Math.min(...costs);
told.turns_ms = costs.map((cost) => Math.round(cost * 10) / 10);
console.log(JSON.stringify(told));
process.exit(0); // the kernel has tasks that wait for messages
