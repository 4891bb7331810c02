/* Begins a lesson's kernel while the page still loads: two cores then work, where one waited for the other.

   Stands in the head of pages that open lessons. JupyterLite makes the kernel's worker once all of the page is there;
   it is given the one that was begun here. A page that is isolated from other origins uses another worker, and a second
   kernel its own. */
(() => {
  if (globalThis.crossOriginIsolated || !globalThis.Worker) return;
  const address = new URL("WORKER", document.baseURI).href, { Worker: Made } = globalThis;
  const begun = new Made(address, { type: "module" });
  begun.addEventListener("message", ({ data }) => {
    if (!data?.agentkitFailed) return; // JupyterLite shows a kernel that cannot start as one that is busy
    const note = document.createElement("p");
    note.setAttribute("role", "alert");
    note.textContent = data.agentkitFailed;
    note.style.cssText = "position:fixed;inset:auto 0 0;z-index:9999;margin:0;padding:1rem;font:1rem system-ui;background:#b3261e;color:#fff";
    document.body.append(note);
  });
  globalThis.Worker = class extends Made {
    constructor(wanted, options) {
      if (new URL(wanted, document.baseURI).href === address) {
        globalThis.Worker = Made;
        return begun;
      }
      super(wanted, options);
    }
  };
})();
