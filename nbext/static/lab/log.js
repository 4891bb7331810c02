/** Runs that no open notebook tells of, from the log of a folder; they are only read. */
import { shared } from "./shared.js";

const { URLExt } = await shared("@jupyterlab/coreutils");
const { ServerConnection } = await shared("@jupyterlab/services");
const { Signal } = await shared("@lumino/signaling");

const PROTOCOL = 1;
export const POLL_MS = 3000;

/** The log of the folder that is looked at. */
export class FolderLog {
  folder = "";
  mark = "";
  trouble = "";
  /** @type {Map<string, import("./types").Run>} */
  runs = new Map();
  /** @type {Map<string, Set<() => void>>} */
  watched = new Map();
  busy = false;
  /** Whether the server cannot do this; it is not asked again then. */
  absent = false;
  changed = new Signal(this);

  /**
   * Look whether the log of a folder has something new.
   * @param {string} folder
   */
  async look(folder) {
    if (this.busy || this.absent) return;
    this.busy = true;
    try {
      if (folder !== this.folder) { this.folder = folder; this.mark = ""; this.runs = new Map(); this.changed.emit(undefined); }
      const found = await this.ask({ do: "runs", folder, mark: this.mark });
      const news = found.protocol === PROTOCOL ? found.runs : undefined;
      const trouble = found.protocol === PROTOCOL ? "" : "Jupyter's server has another agentkit than this page: reload it.";
      if (!news && trouble === this.trouble) return;
      this.trouble = trouble;
      if (news) this.take(news, String(found.mark));
      this.changed.emit(undefined);
    } catch (reason) {
      const trouble = /** @type {Error} */ (reason).message;
      if (trouble !== this.trouble) { this.trouble = trouble; this.changed.emit(undefined); }
    } finally {
      this.busy = false;
    }
  }

  /** @param {import("./types").Run[]} runs @param {string} mark */
  take(runs, mark) {
    const before = this.runs;
    this.mark = mark;
    this.runs = new Map(runs.map((run) => [run.id, run]));
    for (const [run, callbacks] of this.watched) {
      if (JSON.stringify(before.get(run)) !== JSON.stringify(this.runs.get(run))) for (const callback of callbacks) callback();
    }
  }

  /** @param {Record<string, unknown>} order */
  async ask(order) {
    const settings = ServerConnection.makeSettings();
    const url = URLExt.join(settings.baseUrl, "agentkit", "order");
    const response = await ServerConnection.makeRequest(url, { method: "POST", body: JSON.stringify(order) }, settings);
    this.absent = response.status === 404;
    if (this.absent) throw new Error("Jupyter's server does not read logs: its extension nbext.server is not enabled.");
    if (!response.ok) throw new Error(`Jupyter's server answered ${response.status}.`);
    const reply = await response.json();
    if (reply.error) throw new Error(String(reply.error));
    return reply;
  }

  /** @param {string} folder @returns {import("./types").Source} */
  source(folder) {
    return {
      watch: (run, callback) => {
        const callbacks = this.watched.get(run) ?? new Set();
        this.watched.set(run, callbacks.add(callback));
        return () => { callbacks.delete(callback); };
      },
      order: (order) => this.ask({ ...order, folder }),
    };
  }
}
