/** Two states of a scene in one place: a slider that wipes from one to the other, or the two side by side. */
import { dress, element } from "./dom.js";
import { isFull, toggleFull } from "./full_screen.js";
import { CameraLink } from "./link.js";
import { Toolbar } from "./toolbar.js";
import { createViewer } from "./viewer.js";
import style from "./compare.css";
import viewerStyle from "./viewer.css";

/**
 * @typedef {object} Side
 * @property {string} label such as `Step 3`
 * @property {string} [model] address of its .glb; without one its picture is shown
 * @property {string} [picture]
 */

const STEPS = Object.freeze({
  ArrowLeft: -2,
  ArrowDown: -2,
  ArrowRight: 2,
  ArrowUp: 2,
  PageDown: -10,
  PageUp: 10,
  Home: -100,
  End: 100,
});

/**
 * Fills `host` with two states of a scene.
 *
 * @param {HTMLElement} host
 * @param {Side} before
 * @param {Side} after
 */
export function createCompare(host, before, after) {
  return new Compare(host, before, after);
}

export class Compare {
  /** @param {HTMLElement} host @param {Side} before @param {Side} after */
  constructor(host, before, after) {
    this.link = new CameraLink();
    this.root = element("div", { class: "p2m-compare p2m-viewer wipe" });
    host.append(this.root);
    dress(host, viewerStyle);
    dress(host, style);
    const in3d = Boolean(before.model && after.model);
    this.panes = [after, before].map((side, index) => this.#pane(side, index === 1, in3d));
    this.#makeHandle(before.label, after.label);
    this.#makeTools(this.panes.some(({ viewer }) => viewer?.stage));
    this.moveTo(50);
  }

  /** @param {number} percent from the left at which the earlier state ends */
  moveTo(percent) {
    this.at = Math.min(Math.max(Math.round(percent), 0), 100);
    this.root.style.setProperty("--at", `${this.at}%`);
    this.handle.setAttribute("aria-valuenow", String(this.at));
    this.handle.setAttribute("aria-valuetext", `${this.at} percent before, ${100 - this.at} percent after`);
  }

  refreshTheme() {
    for (const { viewer } of this.panes) viewer?.refreshTheme();
  }

  dispose() {
    for (const { viewer } of this.panes) viewer?.dispose();
    this.root.remove();
  }

  /** @param {Side} side @param {boolean} isBefore @param {boolean} in3d */
  #pane(side, isBefore, in3d) {
    const pane = element("div", { class: `pane ${isBefore ? "before" : "after"}` });
    this.root.append(pane);
    let viewer;
    if (in3d) {
      viewer = createViewer(pane, { title: side.label, tools: false, linked: this.link });
      if (side.picture) viewer.setPicture(side.picture, `Picture of ${side.label}`);
      viewer.show(/** @type {string} */ (side.model));
    } else if (side.picture) pane.append(element("img", { src: side.picture, alt: `Picture of ${side.label}` }));
    else pane.append(element("p", { class: "empty" }, "There is no picture of this step."));
    pane.append(element("span", { class: "label" }, side.label));
    return { pane, viewer };
  }

  #makeHandle(before, after) {
    this.handle = element(
      "div",
      {
        "class": "handle",
        "role": "slider",
        "tabindex": "0",
        "aria-label": `How much of ${before} is shown over ${after}`,
        "aria-orientation": "horizontal",
        "aria-valuemin": "0",
        "aria-valuemax": "100",
      },
      element("span", { class: "knob", "aria-hidden": "true" }, "‹ ›"),
    );
    this.handle.addEventListener("keydown", (event) => {
      const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.moveTo(this.at + step);
    });
    this.handle.addEventListener("pointerdown", (event) => {
      this.handle.setPointerCapture(event.pointerId);
      this.handle.focus({ preventScroll: true });
      event.preventDefault();
    });
    this.handle.addEventListener("pointermove", (event) => {
      if (!this.handle.hasPointerCapture(event.pointerId)) return;
      const { left, width } = this.root.getBoundingClientRect();
      this.moveTo(((event.clientX - left) / width) * 100);
    });
    this.root.append(this.handle);
  }

  /** @param {boolean} in3d */
  #makeTools(in3d) {
    const both = (/** @type {(viewer: import("./viewer.js").Viewer) => void} */ act) => {
      for (const { viewer } of this.panes) if (viewer) act(viewer);
    };
    this.mode = "material";
    this.showsGrid = true;
    const tools = new Toolbar({
      mode: (mode) => {
        this.mode = mode;
        both((viewer) => viewer.setMode(/** @type {any} */ (mode)));
        tools.mark(this.mode, this.showsGrid);
      },
      view: (view) => this.panes[0].viewer?.setView(/** @type {any} */ (view)),
      frame: () => this.panes[0].viewer?.frame(),
      grid: () => {
        this.showsGrid = !this.showsGrid;
        both((viewer) => viewer.setGrid(this.showsGrid));
        tools.mark(this.mode, this.showsGrid);
      },
      play: () => undefined,
      full: () => toggleFull(this.root).catch(() => undefined),
    });
    tools.mark(this.mode, this.showsGrid);
    tools.fullButton.hidden = !document.fullscreenEnabled;
    tools.offer([["wipe", "Slider"], ["beside", "Side by side"]], "wipe", "Layout", (name) => this.#lay(name));
    if (!in3d) tools.keepOnlyOffered();
    this.root.addEventListener("fullscreenchange", () => tools.markFull(isFull(this.root)));
    this.root.append(tools.root);
  }

  /** @param {string} name `wipe` or `beside` */
  #lay(name) {
    this.root.classList.toggle("wipe", name === "wipe");
    this.root.classList.toggle("beside", name === "beside");
    this.handle.hidden = name !== "wipe";
  }
}
