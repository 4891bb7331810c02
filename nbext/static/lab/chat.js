/** The panel "Chat": a conversation with an actor of the notebook in front. */
import { html } from "../dom.js";
import { LACKING, SILENT } from "./kernel.js";
import { questionRow } from "./rows.js";
import { called } from "./runs.js";
import { shared } from "./shared.js";
import { TurnView } from "./turnview.js";
import { visible } from "../words.js";

const { Widget } = await shared("@lumino/widgets");
const { LabIcon, addIcon, pasteIcon, stopIcon } = await shared("@jupyterlab/ui-components");

/** @typedef {import("./kernel.js").Link} Link */

const SEND = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" d="M12 3.5 19 10.6l-1.5 1.5-4.4-4.5V20.5h-2.2V7.6l-4.4 4.5L5 10.6z"/></svg>`;
const sendIcon = new LabIcon({ name: "jupyter-agentkit:send", svgstr: SEND });

/** An answer that is whole is drawn within this; of it so many characters are announced. */
const DRAWN_MS = 300, SAID = 1000;

/** Nearer to its end than this, a conversation is followed. */
const END_PX = 40;

/**
 * A button with a sign of JupyterLab's.
 * @param {any} sign
 * @param {string} label
 * @param {() => void} act
 */
function signed(sign, label, act) {
  const made = html("button", "ak-sign", "", sign.element({ tag: "span", stylesheet: "toolbarButton" }));
  made.title = label;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

/** A side panel; what it is told to do it passes on. */
export class ChatPanel extends Widget {
  place = html("span", "ak-chat-place");
  body = html("div", "ak-chat-body");
  turns = html("div", "ak-chat-turns");
  /** What stands in place of a conversation, or below it: why nobody can be asked. */
  notice = html("p", "ak-chat-notice");
  questions = html("ul", "ak-list");
  trouble = html("p", "ak-trouble");
  /** What is told to those who do not see the panel: answers that are whole. */
  heard = html("p", "ak-unseen");
  /** @type {Set<string>} Runs that were seen being answered. */
  awaited = new Set();
  field = html("textarea", "ak-chat-field");
  actors = html("select", "ak-chat-actors");
  status = html("span", "ak-chat-status");
  insert = signed(pasteIcon, "Insert the conversation as cells", () => this.order("cells"));
  anew = signed(addIcon, "New conversation", () => this.order("anew"));
  send = signed(sendIcon, "Send (Enter)", () => this.say());
  stop = signed(stopIcon, "Stop the answer (Esc)", () => this.order("stop"));
  /** @type {Map<string, TurnView>} */
  views = new Map();
  /** @type {Map<string, HTMLElement>} Questions as they are drawn: what is typed into them stays. */
  asked = new Map();
  /** @type {WeakMap<Link, { text: string; actor: string }>} What was typed, by notebook. */
  drafts = new WeakMap();
  /** @type {Link | null} */
  link = null;
  listed = "";
  timer = 0;

  /**
   * @param {import("./kernel.js").Links} links
   * @param {any} rendermime
   * @param {(what: string, link: Link, run: string) => Promise<unknown> | void} act
   */
  constructor(links, rendermime, act) {
    super();
    this.links = links;
    this.rendermime = rendermime;
    this.act = act;
    this.addClass("ak-chat");
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", "Chat with an agent");
    this.frame();
    links.changed.connect(() => this.soon());
    links.talked.connect(() => this.soon());
  }

  /** What stays while the rest is drawn anew. */
  frame() {
    this.send.classList.add("ak-chat-send");
    this.stop.classList.add("ak-chat-send");
    this.body.setAttribute("role", "log");
    this.body.setAttribute("aria-live", "off");
    this.body.tabIndex = 0;
    this.body.addEventListener("scroll", () => { this.atEnd = this.near(); });
    for (const one of [this.status, this.heard]) one.setAttribute("role", "status");
    this.trouble.setAttribute("role", "alert");
    this.field.rows = 1;
    this.field.setAttribute("aria-label", "Your message");
    this.actors.setAttribute("aria-label", "Who is asked");
    this.actors.addEventListener("change", () => { this.keep(); this.draw(); });
    this.field.addEventListener("input", () => { this.keep(); this.draw(); });
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.body.append(this.turns, this.questions, this.notice);
    const line = html("div", "ak-chat-line", "", this.actors, this.status, this.stop, this.send);
    this.node.append(
      html("div", "ak-chat-head", "", this.place, this.insert, this.anew), this.body, this.trouble, this.heard,
      html("div", "ak-chat-box", "", this.field, line),
    );
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Escape" && this.link?.talk.asking) { event.stopPropagation(); this.order("stop"); }
    // A key that ends the composition of a character sends nothing.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.say();
  }

  /** Keep what is typed with the notebook that it is for. */
  keep() { if (this.link) this.drafts.set(this.link, { text: this.field.value, actor: this.actors.value }); }

  /** Draw in the next frame, together with what comes until then; not while nobody looks. */
  soon() {
    if (!this.isVisible || this.timer) return;
    this.timer = requestAnimationFrame(() => { this.timer = 0; this.draw(); });
  }

  onAfterShow() { this.draw(); this.toEnd(); }

  onResize() { this.fit(); if (this.atEnd) this.toEnd(); }

  toEnd() { this.body.scrollTop = this.body.scrollHeight; }

  onActivateRequest() { (this.field.disabled ? this.body : this.field).focus(); }

  draw() {
    const link = this.links.current;
    if (link !== this.link) this.change(link);
    this.place.textContent = link ? visible(called(link.path)) : "";
    this.place.title = link?.path ?? "";
    this.list(link);
    const here = link?.state === "here" && !link.mute, talk = link?.talk, asking = talk?.asking ?? null;
    this.follow(() => {
      this.drawTurns(link);
      this.drawQuestions(link);
      this.notice.textContent = visible(this.why(link));
    });
    this.stop.hidden = !asking;
    this.send.hidden = Boolean(asking);
    this.status.textContent = asking ? visible(`${asking.actor} answers …`) : "";
    this.send.disabled = !here || !this.actors.value || !this.field.value.trim();
    this.field.disabled = !here || !link?.actors.length;
    this.field.placeholder = this.actors.value ? `Ask ${this.actors.value}` : "Nobody can be asked";
    this.insert.disabled = !here || !talk?.answered;
    this.anew.disabled = !here || !talk?.turns.length || Boolean(asking);
    this.fit();
  }

  /** As high as what is typed, up to a third of the panel. */
  fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, Math.max(60, this.node.clientHeight / 3))}px`;
  }

  /** @param {Link | null} link */
  change(link) {
    this.link = link;
    for (const view of this.views.values()) view.dispose();
    this.views.clear();
    this.asked.clear();
    this.trouble.textContent = "";
    this.listed = "";
    const draft = link ? this.drafts.get(link) : undefined;
    this.field.value = draft?.text ?? "";
  }

  /** @param {Link | null} link */
  list(link) {
    const names = link?.actors.map((one) => one.name) ?? [];
    const listed = JSON.stringify(names);
    if (listed === this.listed) return;
    const wanted = (link && this.drafts.get(link)?.actor) || this.actors.value || link?.talk.turns.at(-1)?.actor;
    this.listed = listed;
    this.actors.replaceChildren(...(link?.actors ?? []).map((one) => {
      const option = html("option", "", one.name);
      option.value = one.name;
      option.title = [one.what, one.model].filter(Boolean).join(" · ");
      return option;
    }));
    this.actors.value = wanted && names.includes(wanted) ? wanted : names.at(-1) ?? "";
    this.actors.hidden = !names.length;
  }

  /** @param {Link | null} link */
  drawTurns(link) {
    const turns = link?.talk.turns ?? [], known = new Set(turns.map((turn) => turn.run));
    for (const [run, view] of this.views) if (!known.has(run)) { view.dispose(); this.views.delete(run); }
    turns.forEach((turn, n) => {
      const view = this.views.get(turn.run) ?? this.made(/** @type {Link} */ (link), turn.run);
      if (this.turns.children[n] !== view.node) this.turns.insertBefore(view.node, this.turns.children[n] ?? null);
      view.node.classList.toggle("ak-turn-ends", link?.talk.breaks.has(turn.run) ?? false);
      view.draw(turn, n === turns.length - 1);
      if (turn.state === "asking") this.awaited.add(turn.run);
      else if (this.awaited.delete(turn.run)) setTimeout(() => this.announce(turn.actor, view), DRAWN_MS);
    });
  }

  /** @param {string} actor @param {TurnView} view */
  announce(actor, view) { this.heard.textContent = visible(`${actor}: ${view.answer.textContent?.trim().slice(0, SAID) ?? ""}`); }

  /** @param {Link} link @param {string} run */
  made(link, run) {
    const view = new TurnView(this.rendermime, link, (what, one) => this.order(what, one));
    this.views.set(run, view);
    view.drawnBody = () => { if (this.atEnd) this.toEnd(); };
    return view;
  }

  /** @param {Link | null} link */
  drawQuestions(link) {
    const runs = new Set(link?.talk.turns.map((turn) => turn.run)), open = (link?.questions ?? []).filter((one) => runs.has(one.run));
    for (const [id, row] of this.asked) if (!open.some((one) => one.id === id)) { row.remove(); this.asked.delete(id); }
    for (const one of open) {
      if (this.asked.has(one.id)) continue;
      const row = questionRow(one, (text) => this.answer(one.id, text));
      this.asked.set(one.id, row);
      this.questions.append(row);
    }
  }

  atEnd = true;

  near() { return this.body.scrollHeight - this.body.scrollTop - this.body.clientHeight < END_PX; }

  /** Draw, and show the end to whoever was reading it. @param {() => void} draw */
  follow(draw) {
    const before = this.near();
    draw();
    if (before) this.toEnd();
  }

  /** Why nobody can be asked, or what to do first. @param {Link | null} link */
  why(link) {
    if (!link) return "Open a notebook to talk to its agents.";
    const gone = link.talk.broken ? "The kernel has gone; the log keeps what was said. " : "";
    if (link.lacking) return LACKING;
    if (link.state === "absent" && link.silent) return SILENT;
    if (link.state === "absent") return `${gone}agentkit is not loaded in this kernel. Run a cell with %load_ext nbext.`;
    if (link.state === "old" || link.mute) return "The kernel's agentkit is older than this panel, and keeps no conversation. Install the same version for the kernel and for Jupyter.";
    if (link.state === "other") return `The kernel has agentkit ${link.version}, which this panel does not understand. Install the same version for the kernel and for Jupyter.`;
    if (link.talk.trouble) return link.talk.trouble;
    if (!link.actors.length) return `${gone}This kernel has no agents yet. Run the cell that defines one: %%agent NAME`;
    if (link.talk.turns.length) return "";
    return `${this.actors.value} answers here, and hears what was said before. Each answer is a run in the log, as if a cell had asked.`;
  }

  say() {
    const text = this.field.value.trim(), { link } = this, actor = this.actors.value;
    if (!link || !text || !actor || link.talk.asking) return;
    this.toEnd();
    this.tell("");
    this.field.value = "";
    this.keep();
    this.draw();
    link.order({ do: "say", actor, text }).catch((reason) => {
      this.tell(reason.message);
      // Nothing that was typed is lost.
      if (this.link === link && !this.field.value) { this.field.value = text; this.keep(); this.draw(); }
    });
  }

  /** @param {string} question @param {string} text */
  answer(question, text) {
    try { this.link?.send({ do: "hear", question, content: { type: "answer", text } }); } catch (reason) { this.tell(String(reason)); }
  }

  /** @param {string} text */
  tell(text) { this.trouble.textContent = visible(text); }

  /** @param {string} what @param {string} run */
  order(what, run = this.link?.talk.asking?.run ?? "") {
    const { link } = this;
    if (!link) return;
    this.tell("");
    Promise.resolve().then(() => this.act(what, link, run)).catch((reason) => this.tell(reason.message));
  }

  dispose() {
    for (const view of this.views.values()) view.dispose();
    super.dispose();
  }
}
