/** What pages use of the viewer. */
export { createCompare } from "./compare.js";
export { CameraLink } from "./link.js";
export { mount, mountCompare } from "./mount.js";
export { createViewer } from "./viewer.js";
