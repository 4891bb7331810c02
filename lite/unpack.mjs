/* Lays out an archive of `packing.py` in Pyodide's memory. The browser unpacks it, and no byte is copied: Python would
   take seconds for both. */

/** The files of an archive. @param {Response} reply @returns {Promise<[string, Uint8Array][]>} */
export async function opened(reply) {
  if (!reply.ok) throw new Error(`${reply.url} was not given: ${reply.status}`);
  const unpacked = reply.body.pipeThrough(new DecompressionStream("gzip"));
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
