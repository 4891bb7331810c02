/** Cells that are prose for agents read as prose, while they are typed; the notebook stays as it is. */
import { grammars } from "./grammar.js";
import { looks, remembering } from "./looks.js";
import { firstOf } from "./prose.js";
import { shared } from "./shared.js";
import { style } from "./sheets.js";

style("lab.css");
const { highlightingFor } = await shared("@codemirror/language");
const { Compartment, EditorState, Prec, RangeSet, StateEffect } = await shared("@codemirror/state");
const { Decoration, EditorView, ViewPlugin } = await shared("@codemirror/view");
const { highlightTree, tags } = await shared("@lezer/highlight");

const TAGS = {
  magic: tags.keyword, name: tags.definition(tags.variableName), option: tags.propertyName, value: tags.string,
  operator: tags.operator, type: tags.typeName, comment: tags.comment,
};
const FIRST = Decoration.line({ class: "ak-first" });
const SLOT = Decoration.mark({ class: "ak-slot" });
/** @type {unknown[]} */
const PLAIN = [];
const loaded = StateEffect.define();
const mark = remembering((/** @type {string} */ look) => Decoration.mark({ class: look }));
/** @type {Map<string, Look[]>} */
const expressions = new Map();
/** So many expressions have their colours kept. */
const KEPT = 1000;

/** @typedef {{ kind?: import("./types").Kind; look?: string; from: number; to: number }} Look */

/**
 * The colours of an expression, from its start; the same text has the same ones.
 * @param {any} state
 * @param {any} python its parser
 * @param {string} code with its braces
 * @returns {Look[]}
 */
function expression(state, python, code) {
  const known = expressions.get(code);
  if (known) return known;
  /** @type {Look[]} */
  const found = [{ kind: "operator", from: 0, to: 2 }, { kind: "operator", from: code.length - 2, to: code.length }];
  const style = (/** @type {unknown[]} */ told) => highlightingFor(state, told);
  const emit = (/** @type {number} */ from, /** @type {number} */ to, /** @type {string} */ look) => found.push({ look, from: from + 2, to: to + 2 });
  highlightTree(python.parse(code.slice(2, -2)), { style }, emit);
  if (expressions.size >= KEPT) expressions.clear();
  expressions.set(code, found);
  return found;
}

/**
 * How the part of a cell that is seen is drawn: its first line, a team's lines, and expressions as Python.
 * @param {any} view
 * @param {any} python its parser
 */
function drawn({ state, viewport }, python) {
  const seen = python ? looks(state.doc, viewport.from, viewport.to) : null;
  if (!seen) return Decoration.none;
  /** @type {any[]} */
  const found = [FIRST.range(seen.first)];
  const add = (/** @type {Look[]} */ pieces, /** @type {number} */ at) => {
    for (const { kind, look, from, to } of pieces) {
      const name = kind ? highlightingFor(state, [TAGS[kind]]) : look;
      if (name && from < to) found.push(mark(name).range(at + from, at + to));
    }
  };
  add(seen.parts, 0);
  for (const { from, to, code } of seen.slots) {
    found.push(SLOT.range(from, to));
    add(expression(state, python, code), from);
  }
  return RangeSet.of(found, true);
}

/**
 * What lets an editor of code choose the language that its first line asks for; the first that asks loads them.
 * @param {any} registry
 * @returns {() => unknown} an extension for one editor
 */
export function highlight(registry) {
  /** @type {{ python: any; languages: Record<string, any> } | undefined} */
  let ready;
  /** @type {Promise<void> | undefined} */
  let loading;
  const load = () => (loading ??= grammars(registry).then((found) => { ready = found; }).catch((reason) => console.warn("agentkit: cells keep the colours of Python.", reason)));

  const languages = new Map();
  /** The extension for a text; the same one for the same kind of body. Arrows are Python, as the cell is anyway. */
  const chosen = (/** @type {any} */ doc) => {
    const body = ready && firstOf(doc)?.body;
    if (!ready || !body || body === "arrows") return PLAIN;
    if (!languages.has(body)) languages.set(body, [ready.languages[body], EditorView.lineWrapping]);
    return languages.get(body);
  };

  const drawing = ViewPlugin.fromClass(
    class {
      /** @param {any} view */
      constructor(view) {
        this.decorations = drawn(view, ready?.python);
        this.gone = this.waits = false;
        this.wait(view);
      }
      /** @param {any} view of a cell that is told once, if it is prose, that there are languages */
      wait(view) {
        if (this.waits || !firstOf(view.state.doc)) return;
        this.waits = true;
        void load().then(() => { if (ready && !this.gone) view.dispatch({ effects: loaded.of(null) }); });
      }
      /** @param {any} update */
      update(update) {
        if (update.docChanged && !ready) this.wait(update.view);
        const told = update.transactions.some((/** @type {any} */ one) => one.effects.some((/** @type {any} */ effect) => effect.is(loaded)));
        if (update.docChanged || update.viewportChanged || told) this.decorations = drawn(update.view, ready?.python);
      }
      destroy() { this.gone = true; }
    },
    { decorations: (/** @type {any} */ plugin) => plugin.decorations },
  );

  return () => {
    const place = new Compartment();
    const follow = EditorState.transactionExtender.of((/** @type {any} */ change) => {
      const before = place.get(change.startState), after = chosen(change.newDoc);
      return before === after ? null : { effects: place.reconfigure(after) };
    });
    // Of several languages the first in the order of precedence counts; the cell's MIME type stays.
    // Of several colours that of the highest precedence is the innermost, which is seen.
    return [Prec.high(place.of(PLAIN)), follow, Prec.highest(drawing)];
  };
}
