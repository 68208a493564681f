/** The steps of a job, a line each: what, how long, a picture; unfolded what was said and changed, and the code. */
import { element, setText } from "./live_dom.js";

const MARKS = { true: ["done", "✓", "Done"], false: ["failed", "✕", "Failed"], null: ["running", "", "Running"] };

export class StepList {
  /** @param {string} url of the job's live view @param {import("./live_pictures.js").PictureDialog} dialog */
  constructor(url, dialog) {
    this.url = url;
    this.dialog = dialog;
    this.root = element("ol", { class: "steps" });
    /** @type {Map<number, Step>} */
    this.steps = new Map();
  }

  /** @param {any[]} steps those that are new or have changed @param {boolean} all whether there are no others */
  take(steps, all) {
    const atEnd = this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < 24;
    for (const said of steps) this.#step(said.number).paint(said);
    if (all) {
      const numbers = new Set(steps.map((said) => said.number));
      for (const [number, step] of this.steps) if (!numbers.has(number)) this.#drop(number, step);
    }
    if (atEnd && steps.length) this.root.scrollTop = this.root.scrollHeight;
  }

  pictures() {
    return [...this.steps.values()].flatMap((step) => step.said.pictures);
  }

  #step(number) {
    let step = this.steps.get(number);
    if (!step) {
      step = new Step(`${this.url}/steps/${number}/code`, (address) => this.dialog.open(this.pictures(), address));
      this.steps.set(number, step);
      this.root.append(step.root);
    }
    return step;
  }

  #drop(number, step) {
    step.root.remove();
    this.steps.delete(number);
  }
}

class Step {
  /** @param {string} codeUrl @param {(address: string) => void} enlarge */
  constructor(codeUrl, enlarge) {
    this.codeUrl = codeUrl;
    this.mark = element("span", { class: "mark", role: "img" });
    this.title = element("span", { class: "title" });
    this.took = element("span", { class: "took" });
    this.words = element("div", { class: "words" });
    this.show = element("button", { type: "button", class: "show" }, "Show the code");
    this.show.addEventListener("click", () => this.#showCode());
    this.code = element("div", { class: "code" });
    this.fold = element(
      "details",
      {},
      element("summary", {}, this.mark, this.title, this.took),
      this.words,
      this.show,
      this.code,
    );
    this.image = element("img", { alt: "", loading: "lazy" });
    this.thumbnail = element("button", { type: "button", class: "thumbnail" }, this.image);
    this.thumbnail.hidden = true;
    this.thumbnail.addEventListener("click", () => enlarge(this.said.pictures[0].address));
    this.root = element("li", {}, this.fold, this.thumbnail);
  }

  paint(said) {
    this.said = said;
    const [kind, sign, word] = MARKS[String(said.ok)];
    this.root.className = kind;
    this.mark.setAttribute("aria-label", word);
    setText(this.mark, sign);
    setText(this.title, `${said.number} · ${said.title}`);
    setText(this.took, said.took);
    const lines = [["said", said.said], ["error", said.error], ["changed", said.changed]];
    this.words.replaceChildren(...lines.filter(([, text]) => text).map(([name, text]) => element("p", { class: name }, text)));
    this.show.hidden = !said.has_code;
    const [first] = said.pictures;
    this.thumbnail.hidden = !first;
    if (!first) return;
    const address = new URL(first.address, document.baseURI).href;
    if (this.image.src !== address) this.image.src = address;
    this.thumbnail.setAttribute("aria-label", `${first.alt}, large`);
  }

  async #showCode() {
    this.show.disabled = true;
    try {
      const answer = await fetch(this.codeUrl, { credentials: "same-origin" });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.detail);
      const pieces = body.map(([kind, text]) => (kind ? element("span", { class: kind }, text) : text));
      this.code.replaceChildren(element("pre", { tabindex: "0", "aria-label": "Code" }, element("code", {}, ...pieces)));
      this.show.hidden = true;
    } catch (error) {
      const sentence = error instanceof TypeError ? "The server cannot be reached; try again in a moment." : error.message;
      this.code.replaceChildren(element("p", { class: "error" }, sentence));
      this.show.disabled = false;
    }
  }
}
