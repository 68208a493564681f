/**
 * Paints a job: what goes on, its steps, what they say and show. All words come from Python (ui/live/view.py); here is
 * what changes, and clocks that tick. Words are set as text, never as markup.
 */
import { element, setText } from "./live_dom.js";
import { PictureDialog } from "./live_pictures.js";
import { watch } from "./live_source.js";
import { merged } from "./live_feed.js";
import { StepList } from "./live_steps.js";

const ASK_AGAIN_MS = 2000;

/** @type {WeakMap<object, Painter>} */
const painters = new WeakMap();

/** @param {{parentElement: any, data: any, setTriggerValue: (name: string, value: any) => void}} component */
export function mount({ parentElement, data, setTriggerValue }) {
  let painter = painters.get(parentElement);
  if (painter && painter.job !== data.job) {
    painter.end();
    painter = undefined;
  }
  if (!painter) {
    painter = new Painter(parentElement, data);
    painters.set(parentElement, painter);
  }
  painter.take(data, setTriggerValue);
  const { turn } = painter;
  return () => {
    if (painter.turn !== turn) return; // the next call has it
    painter.end();
    if (painters.get(parentElement) === painter) painters.delete(parentElement);
  };
}

class Painter {
  constructor(parent, data) {
    this.job = data.job;
    this.data = data;
    this.turn = 0;
    this.view = null;
    this.at = 0;
    this.told = false;
    this.pictures = new PictureDialog();
    this.steps = new StepList(new URL(data.url, document.baseURI).href, this.pictures);
    this.#build(data);
    parent.append(this.root);
    this.leave = watch(new URL(data.url, document.baseURI).href, (message) => this.#hear(message));
    this.ticking = setInterval(() => this.#tick(), 500);
  }

  take(data, setTriggerValue) {
    this.turn += 1;
    this.trigger = setTriggerValue;
    this.data = data;
    if (!data.live && document.p2mLive?.project === data.project) document.p2mLive = null; // Python says it now
    this.#head();
  }

  end() {
    this.leave();
    this.#tell(null);
    clearInterval(this.ticking);
    this.pictures.close();
    this.root.remove();
  }

  #build(data) {
    this.stage = element("p", { class: "stage", "aria-live": "polite" });
    this.doing = element("p", { class: "doing" });
    this.facts = element("p", { class: "facts" });
    this.bar = element("progress", { max: "1", "aria-label": "How far the job is" });
    this.cancel = element("button", { class: "cancel", type: "button" }, "Cancel");
    this.cancel.addEventListener("click", () => this.#cancel());
    this.lost = element("p", { class: "lost", role: "status" });
    this.said = element("p", { class: "said" });
    this.notes = { brief: element("details", { class: "note" }), verdict: element("details", { class: "note" }) };
    this.summary = element("summary", {}, "Steps");
    this.all = element("details", { class: "all" }, this.summary, this.steps.root);
    this.all.open = data.live;
    const line = element("div", { class: "line" }, element("div", { class: "now" }, this.stage, this.doing), this.cancel);
    this.head = element("div", { class: "head" }, line, this.bar, this.facts);
    const { brief, verdict } = this.notes;
    this.root = element(
      "section",
      { class: "live", "aria-label": "What the job does" },
      this.head,
      this.lost,
      brief,
      verdict,
      this.all,
      this.said,
      this.pictures.root,
    );
    for (const hidden of [this.head, this.lost, this.said, brief, verdict, this.all]) hidden.hidden = true;
  }

  #cancel() {
    this.cancelling = true;
    this.#head();
    this.#askToCancel();
  }

  /** Streamlit loses what is asked while it draws the page anew: ask until the job says that it was heard. */
  #askToCancel() {
    this.asked = Date.now();
    this.trigger("cancel", this.job);
  }

  #hear(message) {
    this.#tell(message.kind === "view" ? message.view : null);
    if (message.kind !== "view") {
      this.#say(message.kind === "lost" ? this.data.lost : "");
      return;
    }
    const part = message.view;
    this.at = message.at;
    this.view = part.full || !this.view ? part : merged(this.view, part);
    this.steps.take(part.full ? this.view.steps : part.steps, part.full);
    this.#paint(part);
    if (part.model || part.picture) this.#show();
    if ((part.end || part.gone) && this.data.live && !this.told) {
      this.told = true;
      this.trigger("ended", part.end || "gone");
    }
  }

  /** Tell the page's tickers (ticker.js) that this job is followed here, and when there may be something new of it. */
  #tell(part) {
    if (!this.data.live) return;
    const { project } = this.data;
    const follows = part !== null && !part.end && !part.gone;
    if (follows) document.p2mFollowed = project;
    else if (document.p2mFollowed === project) document.p2mFollowed = null;
    const isNew = part === null || part.steps?.length || part.picture || part.model || part.end || part.gone;
    if (isNew) document.dispatchEvent(new CustomEvent("p2m:moved", { detail: { project } }));
  }

  #paint(part) {
    if ("said" in part) this.#saying(part.said);
    if ("brief" in part) note(this.notes.brief, part.brief);
    if ("verdict" in part) note(this.notes.verdict, part.verdict);
    const count = this.view.steps.length;
    this.all.hidden = count === 0;
    this.#say(this.view.gone ?? this.view.head?.lost ?? "");
    this.#head();
  }

  #head() {
    const head = this.view?.head;
    if (!head) return;
    const live = head.ticks && !this.view.gone;
    this.head.hidden = !live;
    this.bar.value = head.fraction;
    setText(this.stage, head.stage);
    const cancelling = this.cancelling || head.cancelling;
    this.cancel.disabled = cancelling;
    setText(this.cancel, cancelling ? "Cancelling…" : "Cancel");
    if (!live) {
      this.said.hidden = true;
      for (const each of Object.values(this.notes)) each.hidden = true; // the page says them now
    }
    this.#tick();
  }

  /** Only the clocks. */
  #tick() {
    const head = this.view?.head;
    if (!head) return;
    const isHeard = !this.cancelling || head.cancelling || !head.ticks || this.view.gone;
    if (!isHeard && Date.now() - this.asked > ASK_AGAIN_MS) this.#askToCancel();
    const since = head.ticks ? (Date.now() - this.at) / 1000 : 0;
    const elapsed = clock(this.view.ages.elapsed_s + since);
    setText(this.summary, head.ticks ? "Steps" : `How it was built · ${[elapsed, ...head.facts].join(" · ")}`);
    setText(this.facts, [elapsed, ...head.facts].join(" · "));
    const age = this.view.ages.doing_s + since;
    const seconds = Math.floor(head.counts === "down" ? Math.max(head.waits_s - age, 0) : age);
    setText(this.doing, head.doing && head.counts && seconds > 0 ? `${head.doing}, ${seconds} s` : head.doing);
  }

  #say(sentence) {
    setText(this.lost, sentence);
    this.lost.hidden = !sentence;
  }

  #saying({ kind, text }) {
    this.said.hidden = !text || !this.view.head?.ticks;
    this.said.classList.toggle("thinking", kind === "thinking");
    setText(this.said, text);
    this.said.scrollTop = this.said.scrollHeight;
  }

  /** Hand the newest model and picture to the viewer, in whatever component it is. */
  #show() {
    if (!this.data.live) return;
    const whole = (path) => (path ? new URL(path, document.baseURI).href : "");
    const { model, picture } = this.view;
    const detail = { project: this.data.project, url: whole(model?.address), extent: model?.extent ?? null };
    document.p2mLive = { ...detail, picture: whole(picture) };
    document.dispatchEvent(new CustomEvent("p2m:model", { detail: document.p2mLive }));
  }
}

/** A brief or a review, to be unfolded. */
function note(place, said) {
  place.hidden = !said;
  if (!said) return;
  const items = said.items.map((item) =>
    typeof item === "string"
      ? element("li", {}, item)
      : element("li", { class: item.mark }, element("b", {}, `${item.word}: `), item.text),
  );
  place.replaceChildren(element("summary", {}, said.line), element("p", {}, said.text), element("ul", {}, ...items));
}

/** `0:07`, `12:30`, `1:02:03`. */
function clock(seconds) {
  const whole = Math.floor(Math.max(seconds, 0));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
