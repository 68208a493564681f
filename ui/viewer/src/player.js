/** Plays what moves in a model, when asked: nothing moves by itself. */
import { AnimationMixer } from "three";

export class Player {
  /** @param {import("./models.js").Model} model what is to be played from now on; not played yet */
  take(model) {
    this.mixer?.stopAllAction();
    this.mixer = null;
    this.model = model;
  }

  /** @returns {boolean} whether it plays now */
  toggle() {
    if (this.mixer || !this.model) {
      this.mixer?.stopAllAction();
      this.mixer = null;
      return false;
    }
    this.mixer = new AnimationMixer(this.model.root);
    for (const clip of this.model.clips) this.mixer.clipAction(clip).play();
    this.at = 0;
    return true;
  }

  /** @param {number} now in milliseconds @returns {boolean} whether something has moved */
  step(now) {
    if (!this.mixer) return false;
    this.mixer.update(this.at ? Math.min((now - this.at) / 1000, 0.1) : 0);
    this.at = now;
    return true;
  }
}
