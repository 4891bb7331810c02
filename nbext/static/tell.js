/** How a view tells the kernel something: by its comm, or past the cell that runs, where the kernel lives in the page. */

/**
 * Tell the kernel of a view; see nbext/widgets/door.py.
 * @param {import("./types").Model} model
 * @param {object} content
 */
export function tell(model, content) {
  const door = model.get("door");
  if (!door) return model.send(content);
  const channel = new BroadcastChannel(door);
  channel.postMessage(content);
  channel.close(); // what was posted arrives all the same
}
