/** The languages of cells that are prose, made of the parsers that JupyterLab has: Markdown and Python. */
import { closing, firstOf } from "./prose.js";
import { shared } from "./shared.js";

const { Language, defineLanguageFacet } = await shared("@codemirror/language");
const { parseMixed } = await shared("@lezer/common");

/** So much of what stands above a line tells whether it is the first: more would be read again for every block. */
const ABOVE = 1000;

/**
 * The first line is no Markdown: a rule below it would make it a heading.
 * @param {import("./types").BlockContext} cx
 * @param {import("./types").Line} line
 */
function firstLine(cx, line) {
  if (cx.lineStart > 0 && /\S/.test(cx.input?.read(0, Math.min(cx.lineStart, ABOVE)) ?? "x")) return false;
  const { text } = line, whole = { from: 0, to: text.length, text };
  if (!firstOf({ lines: 1, line: () => whole })) return false;
  cx.addElement(cx.elt("AgentLine", cx.lineStart, cx.lineStart + text.length));
  cx.nextLine();
  return true;
}

/**
 * An expression is Python.
 * @param {import("./types").InlineContext} cx
 * @param {number} next
 * @param {number} pos
 */
function slot(cx, next, pos) {
  const text = next === 123 ? cx.slice(pos, cx.end) : "";
  const length = text.startsWith("{{") ? closing(text) : -1;
  if (length < 0) return -1;
  const code = cx.elt("AgentCode", pos + 2, pos + length - 2);
  return cx.addElement(cx.elt("AgentSlot", pos, pos + length, [code]));
}

/**
 * All below the first line.
 * @param {import("./types").BlockContext} cx
 * @param {import("./types").Line} line
 */
function body(cx, line) {
  const from = cx.lineStart;
  let to = from + line.text.length;
  while (cx.nextLine()) to = cx.lineStart + line.text.length;
  cx.addElement(cx.elt("AgentBody", from, to));
  return true;
}

const first = { name: "AgentLine", before: "LinkReference", parse: firstLine };
const LINE = { defineNodes: [{ name: "AgentLine", block: true }], parseBlock: [first] };
const SLOT = { defineNodes: ["AgentSlot", "AgentCode"], parseInline: [{ name: "AgentSlot", before: "Emphasis", parse: slot }] };
const BODY = { defineNodes: [{ name: "AgentBody", block: true }], parseBlock: [{ name: "AgentBody", before: "IndentedCode", parse: body }] };

/**
 * A language for each kind of body, and the parser of Python.
 * @param {any} registry JupyterLab's languages
 * @returns {Promise<{ python: any; languages: Record<"prose" | "members", any> }>}
 */
export async function grammars(registry) {
  const [markdown, ipython] = await Promise.all(["Markdown", "ipython"].map((name) => registry.getLanguage(name)));
  const base = markdown.support.language.parser, python = ipython.support.language.parser;
  /** @type {(node: { name: string }) => unknown} */
  const nested = (node) => (node.name === "AgentCode" ? { parser: python } : null);
  const facet = defineLanguageFacet();
  /** @type {(name: string, extensions: unknown[]) => unknown} */
  const language = (name, extensions) => new Language(facet, base.configure(extensions), [], name);
  // A team's arrows are Python, which the cell's own language reads.
  const languages = {
    prose: language("agentkit-prose", [LINE, SLOT, { wrap: parseMixed(nested) }]),
    members: language("agentkit-members", [LINE, BODY]),
  };
  return { python, languages };
}
