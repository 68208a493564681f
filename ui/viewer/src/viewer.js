/** One viewer: a canvas with its buttons, the model that it shows, and what it says when it cannot. */
import { Color, Vector3 } from "three";

import { CameraRig } from "./camera_rig.js";
import { dress, element } from "./dom.js";
import { isFull, toggleFull } from "./full_screen.js";
import { cellWidth } from "./measure.js";
import { takeUp } from "./memory.js";
import { ModelSlot } from "./model_slot.js";
import { disposeModel } from "./models.js";
import { Notices } from "./notices.js";
import { Overlay } from "./overlay.js";
import { Player } from "./player.js";
import { NoWebGL, Stage } from "./stage.js";
import { Toolbar } from "./toolbar.js";
import style from "./viewer.css";

/**
 * @typedef {object} Options
 * @property {string} [title] what is shown, in a few words
 * @property {boolean} [tools] false: no buttons
 * @property {import("./link.js").CameraLink} [linked] viewers with the same one share a camera
 * @property {import("./memory.js").Memory} [memory] what another viewer has left to it
 */

/**
 * Makes a viewer that fills `host`. Where the browser draws no 3D it shows the picture, and says so.
 *
 * @param {HTMLElement} host
 * @param {Options} [options]
 */
export function createViewer(host, options = {}) {
  return new Viewer(host, options);
}

export class Viewer {
  /** @param {HTMLElement} host @param {Options} options */
  constructor(host, options) {
    this.title = options.title ?? "the scene";
    this.root = element("div", { class: "p2m-viewer" });
    host.append(this.root);
    dress(host, style);
    this.notices = new Notices(this.root);
    /** @type {import("./models.js").Model | null} */
    this.model = null;
    this.player = new Player();
    this.slot = new ModelSlot(
      this.notices,
      (model) => this.#prepare(model),
      (model, facts) => this.#swap(model, facts.extent),
    );
    this.link = options.linked;
    this.ended = new AbortController();
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    try {
      this.#build(options);
    } catch (error) {
      if (!(error instanceof NoWebGL)) console.error(error);
      this.#goFlat("This browser draws no 3D (WebGL); here is the picture.");
    }
  }

  /**
   * Shows a model, in the place of the one that is shown, which stays until the new one can be drawn.
   *
   * @param {string} url of a .glb; the same one again is not loaded again
   * @param {{extent?: number[][]}} [facts] `extent`: lowest and highest corner in metres as Blender has them
   * @returns {Promise<boolean>} whether it is on the screen; false: another was asked for, or the viewer says why not
   */
  async show(url, facts = {}) {
    if (!this.stage) return false;
    return this.slot.show(url, facts);
  }

  /** @param {string} url of what stands in where there is no model @param {string} [alt] */
  setPicture(url, alt) {
    this.notices.setPicture(url, alt ?? `Picture of ${this.title}`);
  }

  /** @param {import("./stage.js").Mode} mode */
  setMode(mode) {
    if (!this.stage) return;
    this.stage.mode = mode;
    this.#mark();
  }

  /** @param {keyof typeof import("./camera_rig.js").VIEWS} name */
  setView(name) {
    this.rig?.view(name);
  }

  frame() {
    this.rig?.frame();
  }

  /** Takes up the page's colours; to be called when they have changed. */
  refreshTheme() {
    const text = getComputedStyle(this.root).color;
    const { r, g, b } = new Color().setStyle(text);
    this.stage?.paint(text, r + g + b > 1.2);
    this.#ask();
  }

  /** What can be measured, for tests and the curious. */
  facts() {
    const { stage, rig, model } = this;
    return {
      drawsModel: Boolean(stage && model),
      triangles: model?.triangles ?? 0,
      objects: model?.objects ?? 0,
      frames: stage?.frames ?? 0,
      memory: stage && { ...stage.renderer.info.memory, programs: stage.renderer.info.programs?.length },
      camera: rig?.pose() ?? null,
    };
  }

  /** Ends it and gives everything back. */
  dispose() {
    this.ended.abort();
    this.slot.end();
    cancelAnimationFrame(this.due);
    this.link?.leave(this);
    this.#freeStage();
    this.root.remove();
  }

  /** @param {Options} options */
  #build(options) {
    const canvas = element("canvas", {
      "tabindex": "0",
      "role": "application",
      "aria-roledescription": "3D viewer",
      "aria-label": `3D model of ${this.title}. Arrows turn it, with Shift they move it; plus and minus zoom; F shows all of it.`,
    });
    this.canvas = canvas;
    this.stage = new Stage(canvas);
    this.rig = new CameraRig(canvas, () => this.#ask(), this.still);
    // A page that is higher than the screen can still be scrolled by a finger on the picture.
    canvas.style.touchAction = "pan-y";
    this.overlay = new Overlay();
    this.toolbar = new Toolbar({
      mode: (mode) => this.setMode(/** @type {any} */ (mode)),
      view: (view) => this.setView(/** @type {any} */ (view)),
      frame: () => this.frame(),
      grid: () => this.setGrid(!this.stage.showsGrid),
      play: () => {
        this.toolbar.markPlay(true, this.player.toggle());
        this.#ask();
      },
      full: () => this.#toggleFull(),
    });
    this.toolbar.root.hidden = this.overlay.root.hidden = options.tools === false;
    this.toolbar.fullButton.hidden = !document.fullscreenEnabled;
    this.root.prepend(canvas, element("div", { class: "ring" }), this.toolbar.root, this.overlay.root);
    this.#listen(canvas);
    if (options.memory) takeUp(this, options.memory);
    this.#mark();
    this.refreshTheme();
    this.#measure();
    this.link?.join(this);
  }

  #listen(canvas) {
    const { signal } = this.ended;
    canvas.addEventListener("webglcontextlost", (event) => this.#loseContext(event), { signal });
    canvas.addEventListener("webglcontextrestored", () => this.#regainContext(), { signal });
    const fill = () => {
      this.toolbar.markFull(isFull(this.root));
      canvas.style.touchAction = isFull(this.root) ? "none" : "pan-y";
    };
    this.root.addEventListener("fullscreenchange", fill, { signal });
    const schemes = window.matchMedia("(prefers-color-scheme: dark)");
    schemes.addEventListener("change", () => this.refreshTheme(), { signal });
    const watcher = new ResizeObserver(() => this.#measure());
    watcher.observe(this.root);
    signal.addEventListener("abort", () => watcher.disconnect());
    this.rig.onMoved = (pose) => this.link?.follow(this, pose);
  }

  /** Everything slow is done before the old model goes: nothing flashes between the two. */
  async #prepare(model) {
    const { stage, rig } = this;
    const { renderer } = stage;
    const waits = renderer.extensions.has("KHR_parallel_shader_compile");
    await renderer[waits ? "compileAsync" : "compile"](model.root, rig.camera, stage.world);
  }

  /** @param {import("./models.js").Model} model @param {number[][]} [extent] */
  #swap(model, extent) {
    const { stage, rig } = this;
    const old = this.model;
    this.model = model;
    this.player.take(model);
    if (old) old.root.removeFromParent();
    stage.world.add(model.root);
    const isEmpty = model.box.isEmpty();
    if (isEmpty) stage.ground.clear();
    else {
      stage.fit(model.box);
      rig.see(this.link?.box() ?? model.box, !this.hasShown);
      this.hasShown = true;
    }
    const size = extent && new Vector3(...extent[1]).sub(new Vector3(...extent[0])).toArray();
    this.overlay.tell(model, size ?? null);
    this.toolbar.markPlay(model.clips.length > 0, false);
    this.#measure();
    this.#drawNow();
    if (old) disposeModel(old);
    this.notices.showModel();
  }

  #measure() {
    const { clientWidth: width, clientHeight: height } = this.root;
    if (!this.stage || width === 0 || height === 0) return;
    this.stage.resize(width, height, this.model?.triangles ?? 0);
    this.rig.resize(width, height);
    const shape = `${width} ${height}`;
    if (shape !== this.shape && this.hasShown && !this.rig.touched && !this.rig.glide) this.rig.frame(false);
    this.shape = shape;
    // At once: a canvas of another size is blank until it is drawn.
    this.#drawNow();
  }

  #ask() {
    if (this.due || this.ended.signal.aborted || !this.stage) return;
    this.due = requestAnimationFrame((now) => {
      this.due = 0;
      const moves = this.rig.step(now);
      const plays = this.player.step(now);
      if (plays) this.stage.renderer.shadowMap.needsUpdate = true;
      this.#drawNow();
      if (moves || plays) this.#ask();
    });
  }

  #drawNow() {
    const { stage, rig } = this;
    if (!stage || this.isLost || this.root.clientHeight === 0) return;
    rig.focus();
    const { clientWidth, clientHeight } = this.root;
    const pixel = rig.metresPerPixel(clientHeight);
    stage.ground.follow(rig.controls.target, rig.distance(), cellWidth(pixel * Math.min(clientWidth, clientHeight)));
    rig.camera.updateMatrixWorld();
    stage.draw(rig.camera);
    this.overlay.follow(rig.camera, pixel);
  }

  #mark() {
    this.toolbar.mark(this.stage.mode, this.stage.showsGrid);
    this.#ask();
  }

  /** @param {boolean} shows */
  setGrid(shows) {
    if (!this.stage) return;
    this.stage.showsGrid = shows;
    this.#mark();
  }

  #toggleFull() {
    toggleFull(this.root).catch(() => this.notices.say("This browser allows no full screen here."));
  }

  #loseContext(event) {
    // Without this the browser never gives it back.
    event.preventDefault();
    this.isLost = true;
    this.root.classList.add("flat");
    this.notices.showPicture("The graphics card is busy elsewhere; the 3D view comes back by itself.");
  }

  #regainContext() {
    this.isLost = false;
    this.root.classList.remove("flat");
    this.stage.lightUp();
    if (this.model && !this.model.box.isEmpty()) this.stage.fit(this.model.box);
    this.notices.showModel();
    this.#drawNow();
  }

  #goFlat(said) {
    this.#freeStage();
    this.root.classList.add("flat");
    this.notices.showPicture(said);
  }

  #freeStage() {
    if (this.model) disposeModel(this.model);
    this.model = null;
    this.rig?.dispose();
    this.stage?.dispose();
    this.stage = null;
    this.canvas?.remove();
  }
}
