/** JupyterLab's own copies of its packages, so that nothing of it is bundled here. */

/** @type {import("./types").Scope} */
let scope = {};

/**
 * Take what the page shares; `entry.js` calls this before anything else is imported.
 * @param {import("./types").Scope} known
 */
export const use = (known) => { scope = known; };

/**
 * The newest of some versions.
 * @param {string[]} versions
 */
export function newest(versions) {
  const parts = (/** @type {string} */ text) => text.split(/[.+-]/).map(Number);
  return versions.reduce((best, one) => {
    const [a, b] = [parts(best), parts(one)];
    const at = [0, 1, 2].find((n) => a[n] !== b[n]);
    return at !== undefined && b[at] > a[at] ? one : best;
  });
}

/**
 * A package of JupyterLab's; it throws where this application does not share it.
 * @param {string} name
 * @returns {Promise<any>}
 */
export async function shared(name) {
  const versions = scope[name];
  if (!versions) throw new Error(`This application does not share ${name}.`);
  return (await versions[newest(Object.keys(versions))].get())();
}
