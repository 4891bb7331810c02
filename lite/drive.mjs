/* Asks a page for its files less often.

   Each look at a file below `/drive` goes through the service worker to the page, and Python waits for it: tens of
   milliseconds as long as the page is busy, and Python looks for one file several times in a row. So what the page told
   holds for a moment, and no longer than Python computes without a pause, unless Python writes. */

export const HOLDS_MS = 200; // of a cell that waits in a loop until the page has a file
const LOOKS = new Set(["lookup", "getmode", "getattr", "readdir"]);

/** Let answers of a drive hold for a moment.
 * @param {{request: (asked: {method: string, path: string}) => any}} api of JupyterLite's drive */
export function brief(api, now = () => performance.now()) {
  const told = new Map(), ask = api.request.bind(api);
  api.request = (asked) => {
    if (!LOOKS.has(asked.method)) {
      told.clear();
      return ask(asked);
    }
    const key = `${asked.method} ${asked.path}`, before = told.get(key);
    if (before && now() - before.at < HOLDS_MS) return structuredClone(before.answer); // who asks may change it
    const answer = ask(asked);
    if (!told.size) setTimeout(() => told.clear());
    told.set(key, { at: now(), answer: structuredClone(answer) });
    return answer;
  };
}

/** Let answers of each drive that is mounted hold for a moment. @param {any} files Pyodide's FS */
export function watched(files) {
  const { mount } = files;
  files.mount = (type, options, place) => {
    if (type.API?.request) brief(type.API);
    return mount.call(files, type, options, place);
  };
}
