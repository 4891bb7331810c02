/** The signs of the panels. */
import { shared } from "./shared.js";

const { LabIcon } = await shared("@jupyterlab/ui-components");

const AGENTS = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161"><circle cx="12" cy="5" r="3.2"/><circle cx="5" cy="18" r="3.2"/><circle cx="19" cy="18" r="3.2"/><path d="M10.6 7.4 6.4 15.2M13.4 7.4l4.2 7.8M8.2 18h7.6" stroke="#616161" stroke-width="1.8" class="jp-icon3"/></g></svg>`;
const CHAT = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" d="M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-8.4L7 21.2V17H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm0 2v10h5v2l2.2-2H20V5zm3 2.5h10v1.6H7zm0 3.4h7v1.6H7z"/></svg>`;

export const icon = new LabIcon({ name: "jupyter-agentkit:agents", svgstr: AGENTS });
export const chatIcon = new LabIcon({ name: "jupyter-agentkit:chat", svgstr: CHAT });
