// What JupyterLab loads: a container of webpack's module federation, written by hand. It has one module.
(() => {
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const here = script.src.replace(/[^/]*$/, "");
  // They come while JupyterLab loads its own; one after the other they would hold up its start.
  for (const name of ["shared", "index", "places"]) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = `${here}${name}.js`;
    document.head.append(link);
  }
  /** @type {Record<string, any>} */
  const page = /** @type {any} */ (globalThis);
  /** @type {import("./types").Scope | undefined} */
  let known;
  page._JUPYTERLAB ??= {};
  page._JUPYTERLAB["jupyter-agentkit"] = {
    /** @param {import("./types").Scope} scope */
    init: (scope) => { known ??= scope; },
    get: async () => {
      const { use } = await import(`${here}shared.js`);
      use(known);
      const { default: plugins } = await import(`${here}index.js`);
      return () => ({ __esModule: true, default: plugins });
    },
  };
})();
