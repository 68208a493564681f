/** How a Streamlit component (v2) holds a viewer: made once for its place, fed at each rerun, ended with it. */
import { createCompare } from "./compare.js";
import { memoryOf } from "./memory.js";
import { createViewer } from "./viewer.js";

/**
 * @typedef {object} Component what Streamlit passes
 * @property {HTMLElement | ShadowRoot} parentElement the same at each call for one place
 * @property {any} data
 *
 * @typedef {object} Held
 * @property {HTMLElement} host
 * @property {{refreshTheme: () => void, dispose: () => void}} shown
 * @property {string} of what it was made for
 * @property {number} turn of the newest call
 */

/** @type {WeakMap<object, Held>} */
const held = new WeakMap();
/** What viewers that have ended leave to those that take their place in this tab. */
const memories = new Map();
const MEMORIES_AT_MOST = 50;

/** @param {Component} component @returns {() => void} its end */
export function mount({ parentElement, data }) {
  const memory = memories.get(data.key) ?? undefined;
  const make = (/** @type {HTMLElement} */ host) => createViewer(host, { title: data.title || undefined, memory });
  const place = hold(parentElement, data, `viewer ${data.title}`, make);
  const viewer = /** @type {import("./viewer.js").Viewer} */ (place.shown);
  viewer.setPicture(data.picture ? addressOf(data.picture) : "");
  if (data.model) viewer.show(addressOf(data.model), { extent: data.extent ?? undefined });
  return endOf(parentElement, place, () => remember(data.key, memoryOf(viewer)));
}

/** @param {Component} component @returns {() => void} its end */
export function mountCompare({ parentElement, data }) {
  const [before, after] = [data.before, data.after].map((side) => ({
    label: side.label,
    model: side.model ? addressOf(side.model) : undefined,
    picture: side.picture ? addressOf(side.picture) : undefined,
  }));
  const of = JSON.stringify([before, after]);
  return endOf(parentElement, hold(parentElement, data, of, (host) => createCompare(host, before, after)));
}

/** @param {string} path from the root of the site, or from where the page is */
function addressOf(path) {
  return new URL(path, document.baseURI).href;
}

/** @param {Component["parentElement"]} parent @param {any} data @param {string} of @param {(host: HTMLElement) => any} make */
function hold(parent, data, of, make) {
  let place = held.get(parent);
  if (place && place.of !== of) {
    release(parent, place);
    place = undefined;
  }
  if (!place) {
    const host = document.createElement("div");
    size(host, data.height);
    parent.append(host);
    place = { host, shown: make(host), of, turn: 0 };
    held.set(parent, place);
  } else {
    size(place.host, data.height);
    // Streamlit calls again when its theme has changed, too.
    place.shown.refreshTheme();
  }
  place.turn += 1;
  return place;
}

/** @param {HTMLElement} host @param {number} height in CSS pixels; less where the screen is low */
function size(host, height) {
  host.style.height = `clamp(240px, ${height}px, 80vh)`;
}

/**
 * A call that is overtaken by the next is ended too, and must not take the viewer from it.
 *
 * @param {Component["parentElement"]} parent
 * @param {Held} place
 * @param {() => void} [before] done before it goes
 */
function endOf(parent, place, before) {
  const { turn } = place;
  return () => {
    if (place.turn !== turn) return;
    before?.();
    release(parent, place);
  };
}

/** @param {Component["parentElement"]} parent @param {Held} place */
function release(parent, place) {
  held.delete(parent);
  place.shown.dispose();
  place.host.remove();
}

/** @param {string} key @param {import("./memory.js").Memory | null} memory */
function remember(key, memory) {
  memories.delete(key);
  if (!memory) return;
  memories.set(key, memory);
  if (memories.size > MEMORIES_AT_MOST) memories.delete(memories.keys().next().value);
}
