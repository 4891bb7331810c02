/* Lays out an archive of `packing.py` in Pyodide's memory. The browser unpacks it, and no byte is copied: Python would
   take seconds for both. */

const hex = (bytes) => Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");

/** The bytes of a file that the site was built with. A cache between here and the host may have an older one: then it
 * is asked for once more, past all caches.
 * @param {string | URL} address @param {string} digest its SHA-256, in hexadecimal digits
 * @param {(address: string | URL, options?: RequestInit) => Promise<Response>} get
 * @returns {Promise<ArrayBuffer>} */
export async function checked(address, digest, get = fetch) {
  for (const cache of /** @type {const} */ (["default", "reload"])) {
    const reply = await get(address, { cache });
    if (!reply.ok) throw new Error(`${address} was not given: ${reply.status}`);
    const bytes = await reply.arrayBuffer(), { subtle } = globalThis.crypto ?? {};
    if (!subtle) return bytes; // a page without https has none, and could trust no digest that it was given
    if (hex(await subtle.digest("SHA-256", bytes)) === digest) return bytes;
  }
  throw new Error(`${address} is not the file that this site was built with. Load the page anew; if it stays so, tell who hosts the site.`);
}

/** The files of an archive. @param {BodyInit} packed @returns {Promise<[string, Uint8Array][]>} */
export async function opened(packed) {
  const unpacked = new Response(packed).body.pipeThrough(new DecompressionStream("gzip"));
  const whole = new Uint8Array(await new Response(unpacked).arrayBuffer());
  const length = new DataView(whole.buffer).getUint32(0, true);
  const table = JSON.parse(new TextDecoder().decode(whole.subarray(4, 4 + length)));
  let at = 4 + length;
  return table.map(([path, size]) => [path, whole.subarray(at, (at += size))]);
}

/** Put files into a folder. @param {any} files Pyodide's FS @param {string} folder
 * @param {[string, Uint8Array][]} found */
export function placed(files, folder, found) {
  const made = new Set();
  for (const [path, bytes] of found) {
    const parent = `${folder}/${path}`.replace(/\/[^/]*$/, "");
    if (!made.has(parent)) files.mkdirTree(parent);
    made.add(parent);
    files.writeFile(`${folder}/${path}`, bytes, { canOwn: true });
  }
}
