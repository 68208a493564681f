/** What lies over the picture and says how large and which way round things are: scale bar, axes, counts. */
import { Vector3 } from "three";

import { element } from "./dom.js";
import { lengthText, roundLength, sizeText } from "./measure.js";

const BAR_AT_MOST_PX = 120;
/** Blender's axes in the file's: its Z is up, ours is Y. */
const AXES = Object.freeze([
  ["X", "x", [1, 0, 0]],
  ["Y", "y", [0, 0, -1]],
  ["Z", "z", [0, 1, 0]],
]);
const ARM = 19;

export class Overlay {
  constructor() {
    this.facts = element("p", { class: "facts" });
    this.scaleText = element("span");
    this.scaleBar = element("span", { class: "bar" });
    this.scale = element("div", { class: "scale" }, this.scaleText, this.scaleBar);
    this.axes = axesPicture();
    this.root = element(
      "div",
      { class: "overlay" },
      element("div", { class: "corner" }, this.axes.root, this.facts),
      this.scale,
    );
    this.said = "";
  }

  /** @param {import("./models.js").Model} model @param {number[] | null} size in metres as Blender has it */
  tell(model, size) {
    if (model.box.isEmpty()) {
      this.facts.textContent = "Nothing to see in this step.";
      return;
    }
    const { x, y, z } = model.box.getSize(new Vector3());
    const parts = [
      counted(model.triangles, "triangle"),
      counted(model.objects, "object"),
      sizeText(size ?? [x, z, y]),
    ];
    this.facts.replaceChildren(...parts.flatMap((part, at) => [at ? " · " : "", element("span", {}, part)]));
    this.facts.lastElementChild?.setAttribute("title", "Width × depth × height, along Blender's X, Y and Z");
  }

  /** @param {import("three").Camera} camera @param {number} metresPerPixel */
  follow(camera, metresPerPixel) {
    const length = roundLength(metresPerPixel * BAR_AT_MOST_PX);
    const wide = Math.round(length / metresPerPixel);
    const said = `${length} ${wide}`;
    if (said !== this.said) {
      this.said = said;
      this.scaleText.textContent = lengthText(length);
      this.scaleBar.style.width = `${wide}px`;
    }
    this.axes.turn(camera);
  }
}

/** @param {number} number @param {string} word */
function counted(number, word) {
  return `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
}

function axesPicture() {
  const picture = (/** @type {string} */ name, /** @type {Record<string, string>} */ attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const root = picture("svg", { viewBox: "-30 -30 60 60", class: "axes", "aria-hidden": "true" });
  const arms = AXES.map(([label, name, direction]) => {
    const group = picture("g", { class: `axis ${name}` });
    const line = picture("line", { x1: "0", y1: "0" });
    const text = picture("text", { "text-anchor": "middle", "dominant-baseline": "central" });
    text.textContent = String(label);
    group.append(line, text);
    root.append(group);
    return { group, line, text, direction: /** @type {number[]} */ (direction) };
  });
  const turn = (/** @type {import("three").Camera} */ camera) => {
    const seen = arms.map((arm) => ({
      ...arm,
      at: new Vector3(...arm.direction).applyQuaternion(camera.quaternion.clone().invert()),
    }));
    seen.sort((one, other) => one.at.z - other.at.z);
    for (const { group, line, text, at } of seen) {
      root.append(group); // the nearest is drawn last
      line.setAttribute("x2", String(at.x * ARM));
      line.setAttribute("y2", String(-at.y * ARM));
      text.setAttribute("x", String(at.x * (ARM + 6)));
      text.setAttribute("y", String(-at.y * (ARM + 6)));
    }
  };
  return { root, turn };
}
