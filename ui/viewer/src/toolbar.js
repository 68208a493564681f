/** The buttons over the picture. Real buttons with names; what is on is said by `aria-pressed`. */
import { element, icon } from "./dom.js";

const ICONS = {
  material: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M6.2 8.2a4 4 0 0 1 3-2.8",
  clay: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M3.5 13.5c4 2 9.500 .5 12-6.500",
  wire: "M10 2.2 16.800 6v8L10 17.800 3.200 14V6ZM3.200 6 10 10l6.800-4M10 10v7.800M3.200 14 10 10l6.800 4",
  frame: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4M8 8h4v4H8Z",
  grid: "M3 3h14v14H3ZM3 7.700h14M3 12.300h14M7.700 3v14M12.300 3v14",
  full: "M12 3h5v5M17 3l-6 6M8 17H3v-5M3 17l6-6",
  play: "M6 4v12l10-6Z",
  pause: "M7 4v12M13 4v12",
};
const MODES = Object.freeze([
  ["material", "Material"],
  ["clay", "Clay"],
  ["wire", "Wire"],
]);
const VIEWS = Object.freeze([
  ["corner", "¾", "View from a corner (0)"],
  ["front", "Front", "View from the front (1)"],
  ["side", "Side", "View from the right side (3)"],
  ["top", "Top", "View from above (7)"],
]);

/**
 * @typedef {object} Acts what the buttons do
 * @property {(mode: string) => void} mode
 * @property {(view: string) => void} view
 * @property {() => void} frame
 * @property {() => void} grid
 * @property {() => void} play
 * @property {() => void} full
 */

export class Toolbar {
  /** @param {Acts} acts */
  constructor(acts) {
    this.modes = new Map(
      MODES.map(([name, label]) => [name, button(label, `${label} view`, name, () => acts.mode(name))]),
    );
    const views = VIEWS.map(([name, label, title]) => button(label, title, null, () => acts.view(name)));
    this.gridButton = button("", "Grid", "grid", acts.grid);
    this.playButton = button("", "Play the animation", "play", acts.play);
    this.playButton.hidden = true;
    this.fullButton = button("", "Full screen", "full", acts.full);
    this.root = element(
      "div",
      { class: "tools", role: "toolbar", "aria-label": "3D view" },
      element("div", { class: "group", role: "group", "aria-label": "Shading" }, ...this.modes.values()),
      element("div", { class: "group", role: "group", "aria-label": "Camera" }, ...views),
      element(
        "div",
        { class: "group", role: "group", "aria-label": "More" },
        this.playButton,
        button("", "Show all of it (F)", "frame", acts.frame),
        this.gridButton,
        this.fullButton,
      ),
    );
  }

  /** @param {string} mode @param {boolean} grid */
  mark(mode, grid) {
    for (const [name, made] of this.modes) made.setAttribute("aria-pressed", String(name === mode));
    this.gridButton.setAttribute("aria-pressed", String(grid));
  }

  /** @param {boolean} any whether there is something to play @param {boolean} plays */
  markPlay(any, plays) {
    this.playButton.hidden = !any;
    rename(this.playButton, plays ? "Stop the animation" : "Play the animation", plays ? "pause" : "play");
  }

  /**
   * Adds a choice of one, before the last group.
   *
   * @param {string[][]} choices name and label of each
   * @param {string} chosen the name of the one that is on
   * @param {string} label of the group
   * @param {(name: string) => void} act
   */
  offer(choices, chosen, label, act) {
    const group = element("div", { class: "group", role: "group", "aria-label": label });
    for (const [name, text] of choices) {
      const made = button(text, text, null, () => {
        for (const other of group.children) other.setAttribute("aria-pressed", String(other === made));
        act(name);
      });
      made.setAttribute("aria-pressed", String(name === chosen));
      group.append(made);
    }
    this.root.lastElementChild.before(group);
    this.offered = group;
  }

  /** Takes away what only a 3D view has use for. */
  keepOnlyOffered() {
    const [modes, views, , more] = this.root.children;
    modes.remove();
    views.remove();
    for (const made of [...more.children]) if (made !== this.fullButton) made.remove();
  }

  /** @param {boolean} full */
  markFull(full) {
    rename(this.fullButton, full ? "Leave full screen (Esc)" : "Full screen", "full");
  }
}

/**
 * @param {string} label seen beside the icon; may be hidden where it is narrow
 * @param {string} title its name
 * @param {string | null} picture
 * @param {() => void} act
 */
function button(label, title, picture, act) {
  const made = element("button", { type: "button", title, "aria-label": title });
  if (picture) made.append(icon(ICONS[/** @type {keyof typeof ICONS} */ (picture)]));
  if (label) made.append(element("span", {}, label));
  if (picture && label) made.classList.add("both");
  made.addEventListener("click", act);
  return made;
}

function rename(made, title, picture) {
  made.title = title;
  made.setAttribute("aria-label", title);
  made.replaceChildren(icon(ICONS[/** @type {keyof typeof ICONS} */ (picture)]));
}
