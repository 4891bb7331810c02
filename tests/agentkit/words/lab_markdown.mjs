// Markdown as JupyterLab turns it into HTML, by JupyterLab's own code: what it takes out as
// mathematics, its parser, and what it puts back. Reads a JSON list of texts, writes one of pages.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
const files = readdirSync(folder).filter((name) => name.endsWith(".js"));
const sources = files.map((name) => readFileSync(join(folder, name), "utf8"));

globalThis.self = globalThis;
globalThis.navigator ??= { appName: "node" };
const chunks = (globalThis.rspackChunk_jupyterlab_application_top = []);

/** The exports of a module of the bundle that needs no other one. */
function load(module) {
  const exported = {};
  const need = () => exported;
  need.r = () => {};
  need.d = (_target, getters) => {
    for (const [name, get] of Object.entries(getters)) {
      Object.defineProperty(exported, name, { get, enumerable: true });
    }
  };
  module({ exports: exported }, exported, need);
  return exported;
}

const parsers = [];
for (const source of sources.filter((text) => text.includes("markedjs/marked"))) {
  (0, eval)(source);
  for (const module of Object.values(chunks.pop()[1])) {
    const found = load(module);
    if (found.Marked) parsers.push(new found.Marked({ gfm: true }));
  }
}
const core = sources.find((text) => text.includes("@@\\d+@@") && text.includes("removeMath"));
const [, key, body] = core.match(/[,{](\d+)\(((?:(?!\}\s*,\s*\d+\().)*?@@\\d\+@@.*?)\},\d+\(\w/s);
const maths = load((0, eval)(`(function(${body}})`));
if (!parsers.length || !maths.r || !key) throw new Error("JupyterLab's bundle has another form");

const pages = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  const parts = maths.r(text);
  const pages = parsers.map((one) => maths.H(one.parse(parts.text), parts.math));
  return { pages, maths: parts.math };
});
process.stdout.write(JSON.stringify(pages));
