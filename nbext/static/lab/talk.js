/** A conversation as a page knows it; the kernel keeps it, and nothing here knows a page. */

/** @typedef {import("./types").Turn} Turn */
/** @typedef {import("./types").ChatNews} ChatNews */

/** States of a turn that can go on. */
const STOPPED = ["failed", "stopped", "lost"];

/** So many runs are remembered. */
const KEPT = 100;

export class Talk {
  /** @type {Turn[]} The oldest first. */
  turns = [];
  /** @type {string[]} Runs of turns that this page had before it was loaded anew. */
  earlier = [];
  /** Whether the kernel that had the conversation is gone, and no other one has taken it up. */
  broken = false;
  /** Why the kernel does not take it up. */
  trouble = "";
  /** Whether a kernel was asked to look it up. */
  asked = false;
  /** @type {Set<string>} Runs after which a kernel has ended. */
  breaks = new Set();

  /**
   * Take what the kernel tells; the runs that it is to look up in the log are returned.
   * @param {ChatNews} news
   * @returns {string[]}
   */
  take(news) {
    this.trouble = "";
    if (!news.whole) {
      for (const turn of news.turns) this.put(turn);
      return [];
    }
    const told = new Set(news.turns.map((turn) => turn.run));
    const wanted = this.asked ? [] : this.broken ? this.turns.map((turn) => turn.run) : this.earlier;
    this.earlier = [];
    if (!news.turns.length && wanted.length) {
      // The next whole one says what of it was found; until then what is shown stays.
      this.asked = true;
      return wanted;
    }
    this.asked = false;
    // What no log has is kept as it was last seen.
    this.turns = [...(this.broken ? this.turns.filter((turn) => !told.has(turn.run)) : []), ...news.turns];
    this.broken = false;
    if (!this.turns.length) this.breaks.clear();
    return [];
  }

  /** @param {Turn} turn */
  put(turn) {
    const at = this.turns.findIndex((one) => one.run === turn.run);
    if (at < 0) this.turns.push(turn);
    else this.turns[at] = turn;
  }

  /** The kernel is gone. */
  lose() {
    // Whoever was asked to look it up will not say any more.
    this.asked = false;
    const last = this.turns.at(-1);
    if (!last) return;
    this.broken = true;
    this.breaks.add(last.run);
    for (const turn of this.turns) if (turn.state === "asking") turn.state = "lost";
  }

  /** What a page that is loaded anew has to know, as a text. */
  kept() { return JSON.stringify(this.turns.slice(-KEPT).map((turn) => turn.run)); }

  /** @param {string | null} text that `kept` gave */
  remember(text) {
    try {
      const found = JSON.parse(text ?? "[]");
      if (Array.isArray(found)) this.earlier = found.filter((run) => typeof run === "string").slice(-KEPT);
    } catch { this.earlier = []; }
  }

  /** The turn that is being answered. */
  get asking() { return this.turns.find((turn) => turn.state === "asking") ?? null; }

  /** The last turn, if it has no answer and can go on. */
  get stopped() {
    const last = this.turns.at(-1);
    return last && STOPPED.includes(last.state) ? last : null;
  }

  /** The newest turn that has an answer. */
  get answered() { return [...this.turns].reverse().find((turn) => turn.state === "done") ?? null; }
}
