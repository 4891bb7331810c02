/** The panel "Agents": runs of the open notebooks while they happen, questions, and who there is. */
import { html } from "../dom.js";
import { keepingFocus } from "../follow.js";
import { LACKING, SILENT } from "./kernel.js";
import { POLL_MS } from "./log.js";
import { actorRow, press, questionRow, runRow } from "./rows.js";
import { PAGE, called, found, goesOn, ordered, pause, spent, total } from "./runs.js";
import { shared } from "./shared.js";
import { visible } from "../words.js";

const { Widget } = await shared("@lumino/widgets");
/** @typedef {import("./types").Run} Run */
/** @typedef {import("./kernel.js").Link} Link */

const TICK_MS = 1000;
const OLD = "The kernel's agentkit is older than this panel, and tells it nothing. Install the same version for the kernel and for Jupyter; magics and widgets work meanwhile.";

/** A side panel; what it is told to do it passes on. */
export class AgentsPanel extends Widget {
  notebooks = html("select", "ak-select");
  search = html("input", "ak-field");
  trouble = html("p", "ak-trouble");
  /** What is told to those who do not see the panel: new questions. */
  said = html("p", "ak-unseen");
  body = html("div", "ak-agents-body");
  /** What the list of notebooks was drawn of. */
  listed = "";
  /** @type {{ run: Run; link: Link | null } | null} The first of two runs to be compared. */
  first = null;
  /** @type {Set<string>} Notebooks whose actors are unfolded. */
  unfolded = new Set();
  chosen = "";
  words = "";
  only = "";
  shown = PAGE;
  timer = 0;
  ticker = 0;
  poll = 0;
  drawnAt = 0;
  /** How long the last drawing took. */
  took = 0;
  /** Whether a button is being pressed: one that is drawn anew under the finger would not notice. */
  pressed = false;
  /** @type {Map<string, HTMLElement>} Questions as they are drawn: what is typed into them stays. */
  questions = new Map();

  /**
   * @param {import("./kernel.js").Links} links
   * @param {import("./log.js").FolderLog} log
   * @param {() => string} folder the one that is looked at
   * @param {(what: string, run: Run, link: Link | null) => Promise<unknown> | void} act
   */
  constructor(links, log, folder, act) {
    super();
    this.links = links;
    this.log = log;
    this.folder = folder;
    this.act = act;
    this.addClass("ak-agents");
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", "Agents");
    this.frame();
    this.holdStill();
    links.changed.connect(() => this.soon());
    log.changed.connect(() => this.soon());
  }

  /** What stays while the rest is drawn anew. */
  frame() {
    this.notebooks.setAttribute("aria-label", "Notebook");
    this.notebooks.addEventListener("change", () => { this.only = this.notebooks.value; this.shown = PAGE; this.draw(); });
    this.search.type = "search";
    this.search.placeholder = "Filter runs";
    this.search.setAttribute("aria-label", "Filter runs");
    this.search.addEventListener("input", () => { this.words = this.search.value; this.shown = PAGE; this.draw(); });
    this.trouble.setAttribute("role", "alert");
    this.said.setAttribute("role", "status");
    this.node.append(html("div", "ak-agents-head", "", this.notebooks, this.search), this.trouble, this.said, this.body);
  }

  /** Draw nothing anew while a key or a button of the mouse is down. */
  holdStill() {
    const down = () => { this.pressed = true; };
    const up = () => { if (this.pressed) { this.pressed = false; setTimeout(() => this.soon()); } };
    this.body.addEventListener("pointerdown", down);
    this.body.addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") down(); });
    for (const name of ["pointerup", "pointercancel", "keyup", "blur"]) window.addEventListener(name, up);
  }

  /** Draw soon, together with what comes until then; not while nobody looks. */
  soon() {
    if (!this.isVisible || this.timer) return;
    const wait = pause(this.took, performance.now() - this.drawnAt);
    this.timer = window.setTimeout(() => { this.timer = 0; if (!this.pressed) this.draw(); }, wait);
  }

  onAfterShow() {
    this.look();
    this.poll = window.setInterval(() => this.look(), POLL_MS);
    this.draw();
  }

  onActivateRequest() { this.search.focus(); }

  onBeforeHide() {
    for (const timer of [this.ticker, this.poll]) clearInterval(timer);
    this.ticker = 0;
  }

  look() { if (!document.hidden) void this.log.look(this.folder()); }

  /** @param {string} text */
  tell(text) { this.trouble.textContent = visible(text); }

  draw() {
    const begun = performance.now();
    this.redraw();
    this.drawnAt = performance.now();
    this.took = this.drawnAt - begun;
  }

  redraw() {
    const { all } = this.links;
    /** @type {string[][]} */
    const options = [["", "All open notebooks"], ...all.map((link) => [link.path, called(link.path)])];
    if (!options.some(([path]) => path === this.only)) this.only = "";
    const drawn = JSON.stringify([options, this.only]);
    if (drawn !== this.listed) {
      this.listed = drawn;
      this.notebooks.replaceChildren(...options.map(([path, text]) => { const one = html("option", "", text); one.value = path; one.title = path; return one; }));
      this.notebooks.value = this.only;
      this.notebooks.hidden = all.length < 2;
    }
    const asked = new Set(all.flatMap((link) => link.questions.map((one) => one.id)));
    for (const id of this.questions.keys()) if (!asked.has(id)) this.questions.delete(id);
    if (!asked.size) this.said.textContent = "";
    const links = all.filter((link) => !this.only || link.path === this.only);
    const goes = links.some((link) => [...link.runs.values()].some(goesOn));
    if (goes && !this.ticker) this.ticker = window.setInterval(() => this.soon(), TICK_MS);
    if (!goes) { clearInterval(this.ticker); this.ticker = 0; }
    const parts = links.length ? links.map((link) => this.notebook(link)) : [html("p", "ak-none", "Open a notebook to see its agents.")];
    if (!this.only) parts.push(...this.others());
    const top = this.body.scrollTop;
    keepingFocus(this.body, () => this.body.replaceChildren(...parts));
    this.body.scrollTop = top;
  }

  /** @param {Link} link */
  notebook(link) {
    const section = html("section", "ak-notebook"), runs = [...link.runs.values()];
    const head = html("h3", "", called(link.path));
    head.title = link.path;
    section.append(head);
    section.setAttribute("aria-label", link.path);
    if (link.state === "absent") section.append(html("p", "ak-none", link.lacking ? LACKING : link.silent ? SILENT : "agentkit is not loaded here: %load_ext nbext"));
    if (link.state === "old") section.append(html("p", "ak-none", OLD));
    if (link.state === "other") section.append(html("p", "ak-none", `The kernel has agentkit ${link.version}, which this panel does not understand. Install the same version for the kernel and for Jupyter.`));
    if (link.state !== "here") return section;
    if (link.trouble) section.append(html("p", "ak-trouble", link.trouble));
    head.append(html("span", "ak-small", runs.length ? spent(total(runs)) : ""));
    if (link.questions.length) section.append(html("ul", "ak-list", "", ...link.questions.map((one) => this.question(link, one))));
    if (runs.length) this.list(section, runs, link.path, link, () => "");
    else section.append(html("p", "ak-none", "No runs yet. Ask somebody: %%ask ACTOR"));
    if (link.actors.length) {
      section.append(html("details", "ak-actors", "", html("summary", "", `${link.actors.length} ${link.actors.length === 1 ? "actor" : "actors"}`), html("ul", "ak-list", "", ...link.actors.map((one) => actorRow(one, runs)))));
      const details = /** @type {HTMLDetailsElement} */ (section.lastChild);
      details.open = this.unfolded.has(link.path);
      details.addEventListener("toggle", () => { this.unfolded[details.open ? "add" : "delete"](link.path); });
    }
    return section;
  }

  /**
   * @param {HTMLElement} section
   * @param {Run[]} runs
   * @param {string} key
   * @param {Link | null} link
   * @param {(run: Run) => string} from
   */
  list(section, runs, key, link, from) {
    const wanted = found(ordered(runs), this.words), now = Date.now() / 1000;
    const choose = (/** @type {Run} */ run) => { this.chosen = this.chosen === run.id ? "" : run.id; this.draw(); };
    const rows = wanted.slice(0, this.shown).map((run) => runRow(run, now, run.id === this.chosen, link !== null, choose, (what, one) => this.order(what, one, link), { from: from(run), first: this.first?.run.id ?? "" }));
    section.append(rows.length || !runs.length ? html("ul", "ak-list", "", ...rows) : html("p", "ak-none", "No run has these words."));
    const more = wanted.length - rows.length;
    if (more > 0) section.append(press(`Show ${Math.min(more, PAGE)} of ${more} older ones`, `more ${key}`, () => { this.shown += PAGE; this.draw(); }));
  }

  /** Runs of the folder's log that no kernel of an open notebook tells of. */
  others() {
    const { log } = this, open = new Set(this.links.all.filter((link) => link.state === "here").map((link) => link.path.split(":").pop()));
    const told = new Set(this.links.all.flatMap((link) => [...link.runs.keys()]));
    const runs = [...log.runs.values()].filter((run) => !open.has(run.place ?? "") && !told.has(run.id));
    if (!runs.length && !log.trouble) return [];
    const head = html("h3", "", "From the log", html("span", "ak-small", [`/${log.folder}`, ...(runs.length ? [spent(total(runs))] : [])].join(" · ")));
    const section = html("section", "ak-notebook", "", head);
    section.setAttribute("aria-label", `Runs from the log of /${log.folder}`);
    if (log.trouble) section.append(html("p", "ak-none", log.trouble));
    this.list(section, runs, "", null, (run) => (run.place ? called(run.place) : "a script or console"));
    return [section];
  }

  /** @param {Link} link @param {import("./types").Question} asked */
  question(link, asked) {
    const row = this.questions.get(asked.id) ?? questionRow(asked, (text) => this.answer(link, asked.id, text));
    if (!this.questions.has(asked.id)) this.said.textContent = visible(`${asked.agent || "An agent"} asks you: ${asked.text}`);
    this.questions.set(asked.id, row);
    return row;
  }

  /** @param {Link} link @param {string} question @param {string} text */
  answer(link, question, text) {
    try { link.send({ do: "hear", question, content: { type: "answer", text } }); } catch (reason) { this.tell(String(reason)); }
  }

  /** @param {string} what @param {Run} run @param {Link | null} link */
  order(what, run, link) {
    this.tell("");
    if (what === "compare" && (!this.first || this.first.run.id === run.id)) {
      this.first = this.first ? null : { run, link };
      this.draw();
      return;
    }
    Promise.resolve().then(() => this.act(what, run, link)).catch((reason) => this.tell(reason.message));
  }
}
