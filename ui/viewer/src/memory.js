/** What a viewer leaves to the one that takes its place: how the user has set it. */

/**
 * @typedef {object} Memory
 * @property {import("./camera_rig.js").Pose | null} pose null: the user has not moved the camera
 * @property {import("./stage.js").Mode} mode
 * @property {boolean} grid
 */

/** @param {import("./viewer.js").Viewer} viewer @returns {Memory | null} null: it draws nothing */
export function memoryOf({ stage, rig }) {
  if (!stage || !rig) return null;
  return { pose: rig.touched ? rig.pose() : null, mode: stage.mode, grid: stage.showsGrid };
}

/** @param {import("./viewer.js").Viewer} viewer that draws nothing yet @param {Memory} memory */
export function takeUp({ stage, rig }, memory) {
  stage.mode = memory.mode;
  stage.showsGrid = memory.grid;
  if (!memory.pose) return;
  rig.take(memory.pose);
  rig.touched = true;
}
