// Paints the list of downloads (ui/download_list.py says what is in it) and posts what the person asks.
import { el, icon, keep, outbox, say, setAttribute } from "./dom.js";

const DOWN = "M12 4v11M7 11l5 5 5-5M4 20h16";
const MAKE = "M12 5v14M5 12h14";
const boxes = new WeakMap();
const address = (relative) => new URL(relative, document.baseURI).href;

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  let box = boxes.get(root);
  if (box === undefined) boxes.set(root, (box = new Downloads(root)));
  box.show(data, setTriggerValue);
}

class Downloads {
  constructor(root) {
    this.out = outbox((messages) => this.send("asked", messages));
    this.film = el("details", { class: "film", open: !matchMedia("(prefers-reduced-motion: reduce)").matches, hidden: true }, el("summary", {}, "Turntable"));
    this.facts = el("p", { class: "facts quiet" });
    this.rows = el("ul", { class: "rows" });
    this.told = el("p", { class: "quiet", role: "status" });
    this.wanted = new Set();
    root.replaceChildren(this.film, this.facts, this.rows, this.told);
    const timer = setInterval(() => {
      if (!root.isConnected) clearInterval(timer);
      else if (this.data.refreshes && performance.now() - this.shownAt > this.data.refresh_s * 1000) this.out.post({ what: "refresh" });
    }, 250);
  }

  show(data, send) {
    this.data = data;
    this.send = send;
    this.shownAt = performance.now();
    this.out.heard(data.heard);
    say(this.facts, data.facts);
    this.showFilm(data.film);
    keep(this.rows, data.rows, (row) => this.make(row), (item, row) => this.update(item, row));
    for (const id of data.fresh) this.bring(id);
  }

  showFilm(film) {
    this.film.hidden = film === null;
    if (film === null || this.film.dataset.shown === film.href) return;
    this.film.dataset.shown = film.href;
    const src = address(film.href);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const shown = film.kind === "video"
      ? el("video", { src, controls: true, loop: true, playsinline: true, preload: "metadata", "aria-label": film.alt })
      : el("img", { src, alt: film.alt, loading: "lazy" });
    if (film.kind === "video") {
      shown.muted = true;
      if (!still) shown.autoplay = true;
    }
    this.film.querySelector("video, img")?.remove();
    this.film.append(shown);
  }

  make(row) {
    const isFirst = row.id === "blend";
    return el("li", { class: isFirst ? "row first" : "row" },
      el("span", { class: "title" }, el("span", { class: "name" }), el("span", { class: "size" })),
      el("p", { class: "about" }), el("p", { class: "beside" }), el("p", { class: "note" }), el("progress", { max: 1, hidden: true }), el("p", { class: "error", role: "alert" }));
  }

  update(item, row) {
    const find = (selector) => item.querySelector(selector);
    say(find(".name"), row.title);
    say(find(".size"), row.size);
    say(find(".about"), row.about);
    say(find(".note"), row.note);
    say(find(".error"), row.error);
    find("progress").hidden = row.fraction === null;
    find("progress").value = row.fraction ?? 0;
    setAttribute(find("progress"), "aria-label", `${row.title}: progress`);
    const files = JSON.stringify(row.files);
    if (item.dataset.state !== row.state || item.dataset.files !== files) {
      const hadFocus = item.contains(item.getRootNode().activeElement);
      find(".act")?.remove();
      const act = this.act(row);
      item.append(act);
      if (hadFocus) act.focus();
      Object.assign(item.dataset, { state: row.state, files });
      this.showBeside(find(".beside"), row.files.slice(1));
    }
    if (row.state === "can_be_made" && !this.out.busy) find(".act").disabled = false;
    setAttribute(find(".act"), "aria-label", `${find(".act").textContent}: ${[row.title, row.size].filter(Boolean).join(", ")}`);
  }

  /** The files that belong to the main one: materials, textures. */
  showBeside(place, files) {
    place.hidden = files.length === 0;
    place.replaceChildren(...(files.length ? ["Belongs to it: "] : []), ...files.flatMap(({ name, href }, at) => [...(at ? [", "] : []), el("a", { href: address(href), download: "" }, name)]));
  }

  act(row) {
    if (row.state === "ready") return el("a", { class: "act", href: address(row.files[0].href), download: "" }, icon(DOWN), "Download");
    if (row.state === "making") return el("button", { class: "act", type: "button", disabled: true }, "Making…");
    if (row.state === "cannot") return el("button", { class: "act", type: "button", disabled: true }, "Not possible");
    const press = (event) => {
      event.currentTarget.disabled = true;
      this.wanted.add(row.id);
      this.out.post({ what: "make", id: row.id });
    };
    return el("button", { class: "act", type: "button", click: press }, icon(MAKE), "Make");
  }

  /** What was asked for here has been made: it comes without another click. */
  bring(id) {
    const item = [...this.rows.children].find((each) => each.dataset.key === id);
    const link = item?.querySelector("a.act");
    if (!link || !this.wanted.delete(id)) return;
    this.told.textContent = `${item.querySelector(".name").textContent} is ready; the download begins.`;
    link.click();
  }
}
