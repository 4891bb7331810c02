/** A run's view as the widgets' modules know it: traits, and messages both ways. */

/** Revisions of one view, asked for one after the other. */
export class Feed {
  /** @type {Set<(message: any) => void>} */
  listeners = new Set();
  rev = 0;
  busy = false;
  again = false;

  /**
   * @param {import("./types").Source} source
   * @param {string} run
   * @param {string} name of the view
   * @param {(text: string) => void} trouble
   */
  constructor(source, run, name, trouble) {
    Object.assign(this, { source, run, name, trouble });
    this.source = source;
    this.run = run;
    this.name = name;
    this.trouble = trouble;
    this.leave = source.watch(run, () => this.pull());
  }

  /** @param {string} _name */
  get(_name) { return undefined; }

  /** @param {string} _event @param {(message: any) => void} callback */
  on(_event, callback) { this.listeners.add(callback); }

  /** @param {string} _event @param {(message: any) => void} callback */
  off(_event, callback) { this.listeners.delete(callback); }

  /** @param {any} message */
  say(message) { for (const listener of [...this.listeners]) listener(message); }

  /** @param {any} content */
  send(content) {
    if (content.type === "hello") { this.rev = content.rev ?? 0; this.pull(); return; }
    const order = { do: "ask", run: this.run, name: this.name, content };
    this.source.order(order).then((reply) => this.say({ ...reply, req: content.req }), (reason) => this.trouble(reason.message));
  }

  /** Ask for what is new; while an answer is on its way, only once more after it. */
  pull() {
    if (this.busy) { this.again = true; return; }
    this.busy = true;
    this.again = false;
    const done = () => { this.busy = false; if (this.again && this.listeners.size) this.pull(); };
    this.source.order({ do: "view", run: this.run, name: this.name, since: this.rev }).then((patch) => {
      this.rev = patch.rev;
      this.trouble("");
      this.say(patch);
      done();
    }, (reason) => { this.trouble(reason.message); done(); });
  }

  stop() { this.leave(); this.listeners.clear(); }
}
