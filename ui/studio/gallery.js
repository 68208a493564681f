// Paints the gallery of projects (ui/gallery/shelf.py says what is in it) and posts what the person asks.
import { el, icon, keep, outbox, pictureBox, say, setAttribute, showPicture } from "./dom.js";

const LOOK = "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l4.5 4.5";
const BIN = "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5";
const CUBE = "M12 3 4 7.5v9L12 21l8-4.5v-9L12 3ZM4 7.5l8 4.5 8-4.5M12 12v9";
const TOOLS = [
  ["rename", "Rename", "M4 20h4L19 9l-4-4L4 16v4ZM13.5 6.5l4 4"],
  ["duplicate", "Duplicate", "M9 9h11v11H9zM5 15H4V4h11v1"],
  ["share", "Share", "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17"],
  ["files", "Downloads", "M12 4v11M7 11l5 5 5-5M4 20h16"],
  ["delete", "Delete", BIN],
];
const TYPING_MS = 250;
const shelves = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  let shelf = shelves.get(root);
  if (shelf === undefined) shelves.set(root, (shelf = new Gallery(root)));
  shelf.show(data, setTriggerValue);
}

class Gallery {
  constructor(root) {
    this.out = outbox((messages) => this.send("asked", messages));
    this.search = el("input", { type: "search", "aria-label": "Search projects", placeholder: "Search names and prompts", maxlength: 200, autocomplete: "off", input: () => this.typed(), keydown: (event) => { if (event.key === "Enter") this.find(); } });
    this.sort = el("select", { "aria-label": "Sort by", change: () => this.find() });
    this.deleted = el("button", { type: "button", "aria-pressed": "false", click: () => { this.toggle(); this.find(); } }, icon(BIN), "Deleted");
    this.told = el("p", { class: "told quiet", role: "status" });
    this.cards = el("ul", { class: "cards" });
    this.more = el("button", { type: "button", class: "more", click: () => this.ask({ what: "more" }) }, "Show more");
    this.empty = el("div", { class: "empty", hidden: true });
    this.undo = el("button", { type: "button", class: "undo", click: () => this.ask({ what: "undelete", id: this.data.notice.undo_id }) }, "Undo");
    this.noticed = el("span", { role: "status" });
    this.notice = el("div", { class: "notice", hidden: true }, this.noticed, this.undo, el("button", { type: "button", "aria-label": "Close this note", click: () => this.ask({ what: "hush" }) }, "✕"));
    root.replaceChildren(el("div", { class: "bar", role: "search" }, el("div", { class: "find" }, icon(LOOK), this.search), this.sort, this.deleted), this.told, this.empty, this.cards, this.more, this.notice);
    new IntersectionObserver((seen) => { if (seen.some((each) => each.isIntersecting) && !this.out.busy && this.data.has_more) this.ask({ what: "more" }); }).observe(this.more);
    const timer = setInterval(() => {
      if (!root.isConnected) clearInterval(timer);
      else if (this.data.refreshes && !document.hidden && performance.now() - this.shownAt > this.data.refresh_s * 1000) this.ask({ what: "refresh" });
    }, 1000);
  }

  show(data, send) {
    this.data = data;
    this.send = send;
    this.shownAt = performance.now();
    this.out.heard(data.heard);
    if (this.sort.options.length === 0) {
      this.sort.append(...data.sorts.map(({ value, words }) => el("option", { value }, words)));
      this.search.value = data.query;
    }
    if (!this.out.busy) {
      this.sort.value = data.sort;
      setAttribute(this.deleted, "aria-pressed", String(data.shows_deleted));
    }
    say(this.told, data.told);
    this.told.hidden = false;
    this.showEmpty(data.empty);
    this.hadFocus = this.cards.getRootNode().activeElement;
    keep(this.cards, data.cards, (card) => this.make(card), (item, card) => this.update(item, card));
    this.more.hidden = !data.has_more;
    this.showNotice(data.notice);
  }

  ask(message) { this.out.post(message); }

  typed() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.find(), TYPING_MS);
  }

  toggle() { setAttribute(this.deleted, "aria-pressed", String(this.deleted.getAttribute("aria-pressed") !== "true")); }

  find() {
    clearTimeout(this.typing);
    this.ask({ what: "find", query: this.search.value, sort: this.sort.value, deleted: this.deleted.getAttribute("aria-pressed") === "true" });
  }

  showEmpty(empty) {
    this.empty.hidden = empty === null;
    if (empty === null) return;
    const link = empty.href ? el("a", { href: new URL(empty.href, document.baseURI).href }, empty.link) : null;
    this.empty.replaceChildren(icon(CUBE), el("h3", {}, empty.title), el("p", {}, empty.text), ...(link ? [link] : []));
  }

  showNotice(notice) {
    const words = notice === null ? "" : notice.text;
    const isNew = words !== "" && this.noticed.textContent !== words;
    if (this.noticed.textContent !== words) this.noticed.textContent = words;
    this.notice.hidden = notice === null;
    this.undo.hidden = notice === null || notice.undo_id === "";
    // The button that was pressed has gone with its card.
    const left = this.hadFocus && !this.hadFocus.isConnected;
    if (isNew && left && !this.undo.hidden) this.undo.focus();
  }

  make(card) {
    const link = el("a", { class: "open", click: (event) => this.open(event, card.id) });
    return el("li", { class: "card" }, pictureBox(), el("span", { class: "badge alive", hidden: true }),
      el("div", { class: "words" }, link, el("p", { class: "quiet prompt" }), el("p", { class: "quiet facts" }), el("p", { class: "quiet changed" }), el("div", { class: "tools" })));
  }

  update(item, card) {
    const find = (selector) => item.querySelector(selector);
    showPicture(find(".picture"), card.picture, card.alt);
    item.classList.remove("going");
    say(find(".badge"), card.busy);
    say(find(".open"), card.name);
    if (find(".rename")) find(".open").hidden = true;
    setAttribute(find(".open"), "href", card.href ? new URL(card.href, document.baseURI).href : null);
    say(find(".prompt"), card.prompt === card.name ? "" : card.prompt);
    say(find(".facts"), card.facts);
    say(find(".changed"), card.changed);
    const kind = this.data.shows_deleted ? "deleted" : "kept";
    const tools = find(".tools");
    if (tools.dataset.kind !== kind) {
      tools.dataset.kind = kind;
      tools.replaceChildren(...(kind === "kept" ? TOOLS.map((tool) => this.tool(item, tool)) : this.toolsOfDeleted(item)));
    }
    for (const button of tools.children) setAttribute(button, "aria-label", `${button.title}: ${card.name}`);
  }

  tool(item, [what, words, path]) {
    const press = () => {
      const id = item.dataset.key;
      if (what === "rename") { this.rename(item); return; }
      if (what === "share" || what === "files") { this.ask({ what: "show", box: what, id }); return; }
      item.classList.toggle("going", what === "delete");
      this.ask({ what, id });
    };
    return el("button", { type: "button", title: words, class: what === "delete" ? "last" : false, click: press }, icon(path));
  }

  toolsOfDeleted(item) {
    const back = el("button", { type: "button", class: "wordy", title: "Bring back", click: () => this.ask({ what: "undelete", id: item.dataset.key }) }, "Bring back");
    const purge = el("button", { type: "button", class: "wordy last", title: "Delete for good" }, "Delete for good");
    purge.addEventListener("click", () => {
      if (purge.dataset.sure) { this.ask({ what: "purge", id: item.dataset.key }); return; }
      purge.dataset.sure = "yes";
      purge.textContent = "Really, for good?";
    });
    purge.addEventListener("blur", () => { delete purge.dataset.sure; purge.textContent = "Delete for good"; });
    return [back, purge];
  }

  open(event, id) {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.ask({ what: "open", id });
  }

  rename(item) {
    if (item.querySelector(".rename")) return;
    const link = item.querySelector(".open");
    const before = link.textContent;
    const field = el("input", { "aria-label": "New name", maxlength: 200, autocomplete: "off" });
    field.value = before;
    const form = el("form", { class: "rename" }, field);
    const leave = (isKept) => {
      if (!form.isConnected) return;
      const hadFocus = form.contains(form.getRootNode().activeElement);
      form.remove();
      link.hidden = false;
      const name = field.value.trim();
      if (isKept && name !== "" && name !== before) { link.textContent = name; this.ask({ what: "rename", id: item.dataset.key, name }); }
      if (hadFocus) item.querySelector(".tools button").focus();
    };
    form.addEventListener("submit", (event) => { event.preventDefault(); leave(true); });
    field.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); leave(false); } });
    field.addEventListener("blur", () => leave(true));
    link.hidden = true;
    link.before(form);
    field.focus();
    field.select();
  }
}
