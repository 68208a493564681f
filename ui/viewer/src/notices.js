/** What a viewer says beside its picture: that it loads, what went wrong, and the picture that stands in. */
import { element } from "./dom.js";

export class Notices {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.bar = element("span");
    this.loading = element("div", { class: "loading", role: "progressbar", "aria-label": "Loading the 3D model" }, this.bar);
    this.loading.hidden = true;
    this.text = element("span");
    this.again = element("button", { type: "button" });
    this.message = element("div", { class: "message", role: "status" }, this.text, this.again);
    this.message.hidden = true;
    this.empty = element("p", { class: "empty" }, "There is no picture yet.");
    this.empty.hidden = true;
    /** @type {HTMLImageElement} */
    this.picture = element("img", { alt: "" });
    this.picture.hidden = true;
    this.picture.addEventListener("error", () => this.#place());
    /** Whether the picture is wanted: there is no model to see. */
    this.standsIn = true;
    this.isFinal = false;
    this.root = root;
    root.append(this.picture, this.empty, this.loading, this.message);
  }

  /** @param {number} [part] of what is to come; none: not known */
  load(part) {
    this.loading.hidden = false;
    this.loading.classList.toggle("unmeasured", part === undefined);
    if (part === undefined) {
      this.loading.removeAttribute("aria-valuenow");
      this.bar.style.transform = "";
      return;
    }
    this.loading.setAttribute("aria-valuenow", String(Math.round(part * 100)));
    this.bar.style.transform = `scaleX(${Math.max(part, 0.06)})`;
  }

  endLoad() {
    this.loading.hidden = true;
  }

  /**
   * @param {string} text one sentence
   * @param {string} [offer] the name of a button
   * @param {() => void} [act] what it does
   */
  say(text, offer, act) {
    this.text.textContent = text;
    this.again.hidden = !offer;
    this.again.textContent = offer ?? "";
    this.again.onclick = () => {
      this.message.hidden = true;
      act?.();
    };
    this.message.hidden = false;
    this.#place();
  }

  /** @param {string} url empty: there is none @param {string} alt */
  setPicture(url, alt) {
    this.picture.alt = alt;
    if (url && this.picture.getAttribute("src") !== url) this.picture.src = url;
    if (!url) this.picture.removeAttribute("src");
    this.#place();
  }

  /** @param {string} text why there is no 3D, in one sentence */
  showPicture(text) {
    this.standsIn = true;
    this.isFinal = true;
    this.say(text);
  }

  showModel() {
    this.standsIn = false;
    this.isFinal = false;
    this.message.hidden = true;
    this.#place();
  }

  #place() {
    const has = this.picture.hasAttribute("src") && !(this.picture.complete && this.picture.naturalWidth === 0);
    this.picture.hidden = !this.standsIn || !has;
    this.empty.hidden = !this.isFinal || has;
    // A scale and buttons of a model would lie over what they do not belong to.
    this.root.classList.toggle("pictured", !this.picture.hidden || !this.empty.hidden);
  }
}
