// Paints the grid of a batch (ui/batch/grid.py says what is in it) and posts what the person asks.
import { el, icon, keep, outbox, pictureBox, say, setAttribute, showPicture } from "./dom.js";

const DOWN = "M12 4v11M7 11l5 5 5-5M4 20h16";
const grids = new WeakMap();
const address = (relative) => new URL(relative, document.baseURI).href;

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  let grid = grids.get(root);
  if (grid === undefined) grids.set(root, (grid = new Grid(root)));
  grid.show(data, setTriggerValue);
}

class Grid {
  constructor(root) {
    this.out = outbox((messages) => this.send("asked", messages));
    this.told = el("p", { class: "told", role: "status" });
    this.retry = this.button("retry");
    this.cancel = this.button("cancel");
    this.zipWords = el("span");
    this.zip = el("a", { download: "" }, icon(DOWN), this.zipWords);
    this.bar = el("progress", { max: 1, "aria-label": "How far the batch is" });
    this.cells = el("ul", { class: "cards" });
    root.replaceChildren(el("div", { class: "head" }, this.told, this.retry, this.cancel, this.zip, this.bar), this.cells);
    const timer = setInterval(() => {
      if (!root.isConnected) clearInterval(timer);
      else if (this.data.refreshes && !document.hidden && performance.now() - this.shownAt > this.data.refresh_s * 1000) this.out.post({ what: "refresh" });
    }, 500);
  }

  button(what) {
    const made = el("button", { type: "button", click: () => { made.disabled = true; this.out.post({ what }); } });
    return made;
  }

  show(data, send) {
    this.data = data;
    this.send = send;
    this.shownAt = performance.now();
    this.out.heard(data.heard);
    say(this.told, data.told);
    this.bar.value = data.done;
    for (const what of ["retry", "cancel"]) {
      say(this[what], data[what]);
      if (!this.out.busy) this[what].disabled = false;
    }
    this.zip.hidden = data.archive === "";
    if (data.archive) setAttribute(this.zip, "href", address(data.archive));
    say(this.zipWords, data.archive_words);
    keep(this.cells, data.cells, () => this.make(), (item, cell) => this.update(item, cell));
  }

  make() {
    return el("li", { class: "card" }, pictureBox(), el("span", { class: "badge" }),
      el("div", { class: "words" }, el("a", { class: "open" }), el("p", { class: "quiet prompt" }), el("p", { class: "quiet facts" }), el("p", { class: "quiet error" })));
  }

  update(item, cell) {
    const find = (selector) => item.querySelector(selector);
    setAttribute(item, "data-state", cell.state);
    find(".badge").classList.toggle("alive", cell.state === "running");
    say(find(".badge"), cell.words);
    showPicture(find(".picture"), cell.picture, cell.alt);
    say(find(".open"), cell.name);
    setAttribute(find(".open"), "href", cell.href ? address(cell.href) : null);
    for (const part of ["prompt", "facts", "error"]) say(find(`.${part}`), cell[part]);
  }
}
