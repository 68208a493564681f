/** The pictures of a job, large, one at a time; the arrow keys go through them. */
import { element, setText } from "./live_dom.js";

export class PictureDialog {
  constructor() {
    this.pictures = [];
    this.at = 0;
    this.image = element("img", {});
    this.caption = element("p", {});
    const button = (label, sign, step) => {
      const made = element("button", { type: "button", "aria-label": label, title: label }, sign);
      made.addEventListener("click", () => (step ? this.#go(step) : this.close()));
      return made;
    };
    this.earlier = button("Earlier picture", "‹", -1);
    this.later = button("Later picture", "›", 1);
    const bar = element("div", { class: "bar" }, this.earlier, this.caption, this.later, button("Close", "×", 0));
    this.root = element("dialog", { class: "pictures", "aria-label": "Picture" }, this.image, bar);
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.#go(-1);
      if (event.key === "ArrowRight") this.#go(1);
    });
    this.root.addEventListener("click", (event) => {
      if (event.target === this.root) this.close();
    });
  }

  /** @param {{address: string, alt: string}[]} pictures in their order @param {string} address of the one to begin with */
  open(pictures, address) {
    this.pictures = pictures;
    this.at = Math.max(pictures.findIndex((picture) => picture.address === address), 0);
    this.#go(0);
    this.root.showModal();
  }

  close() {
    this.root.close();
  }

  #go(step) {
    this.at = Math.min(Math.max(this.at + step, 0), this.pictures.length - 1);
    const { address, alt } = this.pictures[this.at];
    this.image.src = new URL(address, document.baseURI).href;
    this.image.alt = alt;
    setText(this.caption, `${alt} (${this.at + 1} of ${this.pictures.length})`);
    this.earlier.disabled = this.at === 0;
    this.later.disabled = this.at === this.pictures.length - 1;
  }
}
