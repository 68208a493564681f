/** One camera for several viewers: where one is turned, the others follow; framed is what all of them show. */
import { Box3 } from "three";

export class CameraLink {
  constructor() {
    /** @type {Set<import("./viewer.js").Viewer>} */
    this.viewers = new Set();
    this.isBusy = false;
  }

  /** @param {import("./viewer.js").Viewer} viewer */
  join(viewer) {
    this.viewers.add(viewer);
  }

  /** @param {import("./viewer.js").Viewer} viewer */
  leave(viewer) {
    this.viewers.delete(viewer);
  }

  /** What all of them show, in metres. @returns {Box3} */
  box() {
    const all = new Box3();
    for (const { model } of this.viewers) if (model) all.union(model.box);
    for (const { rig } of this.viewers) rig?.box.copy(all);
    return all;
  }

  /** @param {import("./viewer.js").Viewer} moved @param {import("./camera_rig.js").Pose} pose */
  follow(moved, pose) {
    // Those that follow tell of it too.
    if (this.isBusy) return;
    this.isBusy = true;
    for (const viewer of this.viewers) {
      if (viewer === moved || !viewer.rig) continue;
      viewer.rig.take(pose);
      viewer.rig.touched = moved.rig?.touched ?? true;
    }
    this.isBusy = false;
  }
}
