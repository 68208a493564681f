// The filmstrip of a project's steps. Python says which frames there are and where they stand; this paints them,
// moves among them by keyboard, and says which one is looked at. It also hears undo and redo for the whole page.
import { el, keep, outbox, pictureBox, say, setAttribute, showPicture } from "./dom.js";

const COLUMN_PX = 164;
const FRAME_PX = 152;
const FIRST_ROW_PX = 160;
const ROW_PX = 64;
const EDGE_PX = 6;
const SVG = "http://www.w3.org/2000/svg";
const strips = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  let strip = strips.get(root);
  if (strip === undefined) {
    strip = new Strip(root);
    strips.set(root, strip);
  }
  strip.send = (messages) => setTriggerValue("asked", messages);
  strip.show(data);
}

class Strip {
  constructor(root) {
    this.frames = [];
    this.outbox = outbox((messages) => this.send(messages));
    this.edges = document.createElementNS(SVG, "svg");
    this.edges.setAttribute("aria-hidden", "true");
    this.list = el("div", { class: "frames", role: "listbox", "aria-orientation": "horizontal" });
    this.list.addEventListener("click", (event) => this.clicked(event));
    this.list.addEventListener("keydown", (event) => this.pressed(event));
    this.field = el("div", { class: "field" }, this.edges, this.list);
    this.scroller = el("div", { class: "strip" }, this.field);
    this.words = el("p", { class: "visually-hidden", role: "status" });
    root.replaceChildren(this.scroller, this.words);
    const heard = (event) => {
      if (root.isConnected) this.heard(event);
      else document.removeEventListener("keydown", heard);
    };
    document.addEventListener("keydown", heard);
  }

  show(data) {
    this.data = data;
    this.frames = data.frames;
    this.outbox.heard(data.heard);
    const columns = Math.max(0, ...data.frames.map((frame) => frame.column)) + 1;
    const rows = Math.max(0, ...data.frames.map((frame) => frame.row));
    this.field.style.width = `${columns * COLUMN_PX}px`;
    this.field.style.height = `${FIRST_ROW_PX + rows * ROW_PX + EDGE_PX}px`;
    setAttribute(this.list, "aria-label", `Timeline, ${data.frames.length} steps`);
    setAttribute(this.list, "aria-multiselectable", data.second ? "true" : null);
    keep(this.list, data.frames, makeFrame, (node, frame) => this.paint(node, frame));
    this.connect();
    say(this.words, data.notice);
    this.words.hidden = false;
    this.rove(this.focused() ?? this.byId(data.selected) ?? this.head() ?? data.frames[0]);
    this.follow();
  }

  paint(node, frame) {
    const selected = frame.id === this.data.selected || frame.id === this.data.second;
    node.className = `frame ${frame.state}${frame.row === 0 ? "" : " small"}${frame.id === this.data.second ? " second" : ""}`;
    node.style.transform = `translate(${frame.column * COLUMN_PX}px, ${top(frame)}px)`;
    setAttribute(node, "aria-selected", String(selected));
    setAttribute(node, "aria-current", frame.state === "head" ? "step" : null);
    setAttribute(node, "aria-label", frame.spoken);
    setAttribute(node, "title", frame.prompt ? `${frame.name}\n“${frame.prompt}”` : frame.name);
    showPicture(node.querySelector(".picture"), frame.picture ?? "", "");
    say(node.querySelector(".number"), frame.state === "head" ? `${frame.number} · now` : String(frame.number));
    say(node.querySelector(".name"), frame.name);
    say(node.querySelector(".note"), frame.note);
  }

  /** The way from each step to those made of it. */
  connect() {
    const known = new Map(this.frames.map((frame) => [frame.id, frame]));
    const ways = this.frames.filter((frame) => known.has(frame.parent));
    this.edges.replaceChildren(...ways.map((frame) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", way(known.get(frame.parent), frame));
      path.setAttribute("class", frame.state);
      return path;
    }));
  }

  /** Brings the scene's step into sight when it has become another one. */
  follow() {
    const head = this.head();
    if (!head || head.id === this.followed) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches || this.followed === undefined;
    this.followed = head.id;
    const left = head.column * COLUMN_PX - (this.scroller.clientWidth - FRAME_PX) / 2;
    this.scroller.scrollTo({ left, behavior: still ? "auto" : "smooth" });
  }

  clicked(event) {
    const node = event.target.closest(".frame");
    if (node) this.look(this.byId(node.dataset.key), event.ctrlKey || event.metaKey || event.shiftKey);
  }

  look(frame, second) {
    if (!frame) return;
    this.rove(frame);
    this.node(frame).focus({ preventScroll: true });
    const twice = second || this.data.choosing;
    if (!twice) this.data = { ...this.data, selected: frame.id, second: null };
    for (const each of this.frames) this.paint(this.node(each), each);
    this.outbox.post({ what: twice ? "compare" : "look", id: frame.id });
  }

  pressed(event) {
    const from = this.focused();
    if (!from || event.altKey || event.metaKey || event.ctrlKey) return;
    if (event.key === "Enter" || event.key === " ") this.look(from, event.shiftKey);
    else if (event.key === "Escape" && this.data.selected) this.outbox.post({ what: "close" });
    else {
      const to = target(this.frames, from, event.key);
      if (to === undefined) return;
      if (to !== null) {
        this.rove(to);
        this.node(to).focus({ preventScroll: true });
        this.node(to).scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** Undo and redo, wherever on the page, unless a text field has its own. */
  heard(event) {
    const what = moveOf(event);
    if (what === null || event.composedPath().some(isTextField)) return;
    event.preventDefault();
    this.outbox.post({ what });
  }

  rove(to) {
    for (const node of this.list.children) node.tabIndex = to && node.dataset.key === to.id ? 0 : -1;
  }

  focused() {
    const active = this.list.getRootNode().activeElement;
    return active?.classList?.contains("frame") ? this.byId(active.dataset.key) : undefined;
  }

  head() { return this.frames.find((frame) => frame.state === "head"); }
  byId(id) { return this.frames.find((frame) => frame.id === id); }
  node(frame) { return [...this.list.children].find((node) => node.dataset.key === frame.id); }
}

function makeFrame() {
  const words = el("span", { class: "words" }, el("span", { class: "name" }), el("span", { class: "note" }));
  return el("div", { role: "option", tabindex: "-1" }, pictureBox(), el("span", { class: "number" }), words);
}

function top(frame) {
  return EDGE_PX + (frame.row === 0 ? 0 : FIRST_ROW_PX + (frame.row - 1) * ROW_PX);
}

/** From the right edge of one frame to the left edge of the next; down between two columns where the rows differ. */
function way(from, to) {
  const middle = (frame) => top(frame) + (frame.row === 0 ? 52 : 26);
  const begin = from.column * COLUMN_PX + FRAME_PX;
  const turn = to.column * COLUMN_PX - (COLUMN_PX - FRAME_PX) / 2;
  return `M${begin} ${middle(from)}H${turn}V${middle(to)}H${to.column * COLUMN_PX}`;
}

/** Where a key leads: a frame, null for nowhere, undefined for a key that moves nothing. */
function target(frames, from, key) {
  const row = frames.filter((frame) => frame.row === from.row);
  const place = row.indexOf(from);
  if (key === "ArrowLeft") return row[place - 1] ?? null;
  if (key === "ArrowRight") return row[place + 1] ?? null;
  if (key === "Home") return row[0];
  if (key === "End") return row[row.length - 1];
  if (key !== "ArrowUp" && key !== "ArrowDown") return undefined;
  const next = from.row + (key === "ArrowDown" ? 1 : -1);
  const others = frames.filter((frame) => frame.row === next);
  const far = (frame) => Math.abs(frame.column - from.column);
  return others.reduce((best, frame) => (best === null || far(frame) < far(best) ? frame : best), null);
}

function moveOf(event) {
  if (event.defaultPrevented || event.altKey || !(event.ctrlKey || event.metaKey)) return null;
  const key = event.key.toLowerCase();
  if (key === "z") return event.shiftKey ? "redo" : "undo";
  return key === "y" && !event.shiftKey ? "redo" : null;
}

const NO_TEXT = new Set(["button", "checkbox", "color", "file", "image", "radio", "range", "reset", "submit"]);

function isTextField(node) {
  if (node instanceof HTMLInputElement) return !NO_TEXT.has(node.type);
  return node instanceof HTMLTextAreaElement || (node instanceof HTMLElement && node.isContentEditable);
}
