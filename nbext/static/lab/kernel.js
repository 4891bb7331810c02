/** The kernels of the open notebooks: what their runs do, and orders to them. */
import { shared } from "./shared.js";
import { Talk } from "./talk.js";

const { Signal } = await shared("@lumino/signaling");

/** In place of a run: all of the notebook. */
export const ALL = "*";
const PROTOCOL = 1;
const HERE = "agentkit.kernel";
/** Statuses of a kernel whose comms are gone, without a word. */
const GONE = ["restarting", "autorestarting", "dead", "terminating"];
const LOADS = /\b(nbext|agentkit)\b/, LOADS_SURELY = /^\s*%(re)?load_ext\s+nbext\b/m;
const MISSING = /^No module named '(nbext|agentkit)'/;
export const LACKING = "This kernel's Python has no agentkit. Install it in the environment of the kernel, then restart the kernel.";
export const SILENT = "The kernel was busy when this page was opened, and says nothing to it before its cell has ended.";
/** A kernel that tells of its runs and of no conversation for so long knows of none. */
const MUTE_MS = 3000;
/** An order that nobody answers for so long is given up. */
const PATIENCE_MS = 20_000;

/** What a tab of the browser keeps while its page is loaded anew: runs of the conversation with a notebook. */
const KEY = "jupyter-agentkit:chat:";

/** @param {string} path */
function stored(path) {
  try { return sessionStorage.getItem(KEY + path); } catch { return null; }
}

/** @param {string} path @param {string} text */
function store(path, text) {
  try { sessionStorage.setItem(KEY + path, text); } catch { /* A browser may allow no storage, or have no room. */ }
}

/** One open notebook and its kernel. */
export class Link {
  /** @type {"absent" | "here" | "other" | "old"} "other" is a kernel with an agentkit that speaks otherwise, "old" one that does not speak. */
  state = "absent";
  version = "";
  /** What keeps the kernel from reading its log. */
  trouble = "";
  /** @type {Map<string, import("./types").Run>} */
  runs = new Map();
  /** @type {import("./types").Actor[]} */
  actors = [];
  /** @type {import("./types").Question[]} */
  questions = [];
  /** @type {import("./types").Sum | null} */
  today = null;
  /** @type {any[]} */
  comms = [];
  /** @type {Map<string, { take: (reply: any) => void; fail: (reason: Error) => void; timer: number }>} */
  waiting = new Map();
  /** @type {Map<string, Set<() => void>>} */
  watched = new Map();
  asked = 0;
  muting = 0;
  talk = new Talk();
  /** Whether nothing of the conversation was heard on the present comms. */
  anew = true;
  /** Whether the kernel's agentkit is too old to keep one. */
  mute = false;
  /** Whether a cell wanted agentkit, which the kernel's Python does not find. */
  lacking = false;
  /** Whether a cell has loaded nbext, and did not fail. */
  surely = false;
  /** Whether the comms were opened to a kernel that may have no agentkit, and nothing was heard on them. */
  guessed = false;
  /** Whether the kernel is to be asked when it is idle. */
  asks = false;

  /** @param {any} panel of a notebook */
  constructor(panel) {
    this.panel = panel;
    this.changed = new Signal(this);
    this.talked = new Signal(this);
    const context = panel.sessionContext;
    context.kernelChanged.connect(() => { this.reset(); this.connect(); });
    context.statusChanged.connect((/** @type {unknown} */ _, /** @type {string} */ status) => {
      if (GONE.includes(status)) this.reset();
      else if (this.state === "absent") this.changed.emit(undefined);
      if (status === "idle" && this.asks) this.again();
    });
    context.iopubMessage.connect((/** @type {unknown} */ _, /** @type {any} */ message) => this.hear(message));
    void context.ready.then(() => this.connect());
    // A page that goes says so; a kernel would tell it news for ever.
    const leave = () => { for (const comm of this.comms) if (!comm.isDisposed) comm.close(); this.reset(); };
    window.addEventListener("pagehide", leave);
    panel.disposed.connect(() => { window.removeEventListener("pagehide", leave); leave(); });
  }

  /** Whether JupyterLab itself has not heard from the kernel yet. */
  get silent() { return this.panel.sessionContext.session?.kernel?.status === "unknown"; }

  get path() { return String(this.panel.context.path); }

  /**
   * A cell that names agentkit may have loaded it: look when it has ended.
   * @param {any} message
   */
  hear(message) {
    if (this.comms.length && this.state !== "absent") return;
    const { header, parent_header: parent, content } = message;
    if (header.msg_type === "execute_input" && LOADS.test(content.code)) {
      this.loading = parent.msg_id;
      this.surely = LOADS_SURELY.test(content.code);
    }
    if (header.msg_type === "error" && parent.msg_id === this.loading) {
      this.surely = false;
      if (MISSING.test(content.evalue)) { this.lacking = true; this.become("absent"); }
    }
    if (header.msg_type !== "status" || content.execution_state !== "idle" || parent.msg_id !== this.loading) return;
    this.loading = undefined;
    this.connect();
  }

  /** Open the comms if the kernel has agentkit; called again whenever it may have got to know it. */
  connect() {
    this.open().catch((reason) => console.warn("agentkit: no word of this kernel.", reason));
  }

  /** Open the comms, if the kernel has agentkit; a busy one would only say later whether it has. */
  async open() {
    const kernel = this.panel.sessionContext.session?.kernel;
    if (this.comms.length || !kernel?.handleComms) return;
    await kernel.info;
    const guessed = kernel.status === "busy" && kernel.supportsSubshells;
    if (!guessed) {
      const { content } = await kernel.requestCommInfo({ target_name: HERE });
      if (content.status === "ok" && !Object.keys(content.comms).length) {
        if (this.surely && !this.comms.length) this.become("old");
        return;
      }
    }
    if (this.comms.length || kernel.isDisposed) return;
    const [news, orders] = this.comms = ["agentkit.news", "agentkit.orders"].map((target) => kernel.createComm(target));
    Object.assign(this, { anew: true, guessed });
    news.onMsg = (/** @type {any} */ message) => this.heard(message.content.data);
    orders.onMsg = (/** @type {any} */ message) => this.answered(message.content.data);
    news.onClose = () => { if (this.comms[0] === news) this.refused(); };
    orders.onClose = () => { if (guessed && this.comms[0] === news && this.state !== "absent") this.halved(); };
    for (const comm of [orders, news]) {
      if (kernel.supportsSubshells) await Promise.resolve(comm.subshellStarted).catch(console.warn);
      if (!comm.isDisposed) comm.open({ protocol: PROTOCOL, chat: true, path: this.path.split(":").pop() });
    }
  }

  /** The kernel has closed a comm: it did not know agentkit when that was opened, or wants it no more. */
  refused() {
    const { guessed } = this;
    // The other one is closed as well, which JupyterLab must not hear of a comm that it has forgotten.
    if (guessed) this.comms = [];
    this.reset();
    // Its cell may load agentkit yet, or has done so since; one that is idle says at once whether it has.
    this.asks = guessed;
    if (guessed && this.panel.sessionContext.session?.kernel?.status === "idle") this.again();
  }

  /** Orders have no end in the kernel, which has got to know agentkit between the two comms. */
  halved() {
    if (!this.comms[0]?.isDisposed) this.comms[0]?.close();
    this.reset();
    this.connect();
  }

  /** Ask a kernel that was too busy to say whether it has agentkit. */
  again() {
    this.asks = false;
    this.connect();
  }

  /** @param {Link["state"]} state */
  become(state) {
    this.state = state;
    this.changed.emit(undefined);
  }

  /** The kernel's end is gone. */
  reset() {
    clearTimeout(this.muting);
    for (const comm of this.comms) if (!comm.isDisposed) comm.dispose();
    for (const { fail, timer } of this.waiting.values()) { clearTimeout(timer); fail(new Error("The kernel has gone.")); }
    this.waiting.clear();
    Object.assign(this, { state: "absent", lacking: false, surely: false, guessed: false, asks: false, mute: false, comms: [], actors: [], questions: [], today: null, runs: new Map() });
    this.talk.lose();
    this.talked.emit(undefined);
    this.tell(this.watched.keys());
  }

  /** @param {any} told by a kernel of whichever version */
  heard(told) {
    if (told?.kind === "news") this.take(told);
    else if (told?.kind === "chat" && told.protocol === PROTOCOL) this.hearTalk(told);
  }

  /** @param {import("./types").ChatNews} news */
  hearTalk(news) {
    clearTimeout(this.muting);
    this.mute = false;
    if (this.anew && !this.talk.turns.length) this.talk.remember(stored(this.path));
    this.anew = false;
    const runs = this.talk.take(news);
    if (!runs.length) store(this.path, this.talk.kept());
    this.talked.emit(undefined);
    if (!runs.length) return;
    this.order({ do: "recall", runs }).catch((reason) => {
      this.talk.trouble = `What was said before cannot be read from the log, so a question now begins a new conversation. ${reason.message}`;
      this.talked.emit(undefined);
    });
  }

  /** @param {import("./types").News} news */
  take(news) {
    if (this.guessed && this.comms[1]?.isDisposed) return void this.halved();
    this.version = String(news.version);
    this.state = news.protocol === PROTOCOL ? "here" : "other";
    this.guessed = false;
    if (this.state === "here") {
      if (news.whole) {
        this.runs.clear();
        clearTimeout(this.muting);
        if (this.anew) this.muting = window.setTimeout(() => { this.mute = true; this.talked.emit(undefined); }, MUTE_MS);
      }
      for (const run of news.runs ?? []) this.runs.set(run.id, run);
      this.trouble = news.trouble ?? "";
      this.actors = news.actors ?? this.actors;
      for (const { id } of news.questions ?? []) {
        // Somebody sees it, though its cell may be out of sight.
        if (!this.questions.some((one) => one.id === id)) this.send({ do: "hear", question: id, content: { type: "seen" } });
      }
      this.questions = news.questions ?? this.questions;
      this.today = news.today ?? this.today;
    }
    this.tell(news.runs?.map((run) => run.id) ?? []);
  }

  /** @param {Iterable<string>} runs */
  tell(runs) {
    this.changed.emit(undefined);
    const changed = [...runs];
    for (const run of changed.length ? [...changed, ALL] : []) for (const callback of this.watched.get(run) ?? []) callback();
  }

  /**
   * @param {string} run
   * @param {() => void} callback
   */
  watch(run, callback) {
    const callbacks = this.watched.get(run) ?? new Set();
    this.watched.set(run, callbacks.add(callback));
    return () => { callbacks.delete(callback); };
  }

  /** @param {Record<string, unknown>} order */
  send(order) {
    const comm = this.comms[1];
    if (!comm || comm.isDisposed) throw new Error("agentkit is not loaded in this kernel.");
    comm.send(order);
  }

  /**
   * Give an order that is answered.
   * @param {Record<string, unknown>} order
   * @returns {Promise<any>}
   */
  order(order) {
    return new Promise((take, fail) => {
      const req = `${++this.asked}`;
      const timer = window.setTimeout(() => { this.waiting.delete(req); fail(new Error("The kernel does not answer.")); }, PATIENCE_MS);
      this.waiting.set(req, { take, fail, timer });
      try { this.send({ ...order, req }); } catch (reason) {
        clearTimeout(timer);
        this.waiting.delete(req);
        throw reason;
      }
    });
  }

  /** @param {any} reply */
  answered(reply) {
    const found = this.waiting.get(reply?.req);
    if (!found) return;
    this.waiting.delete(reply.req);
    clearTimeout(found.timer);
    if (reply.error) found.fail(new Error(String(reply.error)));
    else found.take(reply);
  }
}

/** All open notebooks. */
export class Links {
  /** @type {Link[]} */
  all = [];

  /** @param {any} tracker of notebooks */
  constructor(tracker) {
    this.tracker = tracker;
    this.changed = new Signal(this);
    /** Told when the conversation of a notebook changed. */
    this.talked = new Signal(this);
    const tell = () => this.changed.emit(undefined);
    const add = (/** @type {any} */ panel) => {
      const link = new Link(panel);
      this.all.push(link);
      link.changed.connect(tell);
      link.talked.connect(() => this.talked.emit(undefined));
      panel.context.pathChanged.connect(tell);
      panel.disposed.connect(() => {
        this.all = this.all.filter((one) => one !== link);
        tell();
      });
      tell();
    };
    tracker.widgetAdded.connect((/** @type {unknown} */ _, /** @type {any} */ panel) => add(panel));
    tracker.currentChanged.connect(tell);
    tracker.forEach(add);
  }

  /** That of the notebook in front. */
  get current() { return this.all.find((one) => one.panel === this.tracker.currentWidget) ?? null; }
}
