/** The one model that is asked for: of several requests the newest wins, and what goes wrong is said. */
import { BrokenModel, disposeModel, loadModel } from "./models.js";

/** @typedef {{extent?: number[][]}} Facts */

export class ModelSlot {
  /**
   * @param {import("./notices.js").Notices} notices
   * @param {(model: import("./models.js").Model) => Promise<void>} prepare done before it is shown
   * @param {(model: import("./models.js").Model, facts: Facts) => void} swap shows it, and owns it from then on
   */
  constructor(notices, prepare, swap) {
    this.notices = notices;
    this.prepare = prepare;
    this.swap = swap;
    this.hasEnded = false;
    this.hasModel = false;
    /** @type {{abort: AbortController, shown: Promise<boolean>} | null} */
    this.loading = null;
  }

  /** @param {string} url @param {Facts} facts @returns {Promise<boolean>} whether it is on the screen */
  async show(url, facts) {
    if (this.hasEnded) return false;
    // A page that is drawn again asks again for the same.
    if (url === this.url) return this.loading?.shown ?? !this.hasFailed;
    this.loading?.abort.abort();
    this.url = url;
    this.hasFailed = false;
    const loading = { abort: new AbortController(), shown: Promise.resolve(false) };
    this.loading = loading;
    loading.shown = this.#load(url, facts, loading);
    return loading.shown;
  }

  /** Nothing is shown any more, whatever still comes. */
  end() {
    this.hasEnded = true;
    this.loading?.abort.abort();
  }

  /** @param {string} url @param {Facts} facts @param {NonNullable<ModelSlot["loading"]>} loading */
  async #load(url, facts, loading) {
    const { signal } = loading.abort;
    this.notices.load();
    let model;
    try {
      model = await loadModel(url, signal, (part) => this.notices.load(part));
      if (!signal.aborted) await this.prepare(model);
      signal.throwIfAborted();
      this.swap(model, facts);
      this.hasModel = true;
      return true;
    } catch (error) {
      if (model) disposeModel(model);
      if (!signal.aborted) this.#fail(error, url, facts);
      return false;
    } finally {
      if (this.loading === loading) this.loading = null;
      if (!this.loading) this.notices.endLoad();
    }
  }

  /** @param {unknown} error @param {string} url @param {Facts} facts */
  #fail(error, url, facts) {
    console.error(error);
    this.hasFailed = true;
    const isBroken = error instanceof BrokenModel;
    if (isBroken && error.passes) this.url = undefined;
    const said = isBroken ? error.message : "The 3D model cannot be drawn.";
    const then = this.hasModel ? " What you see is the step before." : "";
    this.notices.say(`${said}${then}`, "Try again", () => {
      this.url = undefined;
      this.show(url, facts);
    });
  }
}
