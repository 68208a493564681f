/**
 * Live views of jobs for many listeners over one connection each (Server-Sent Events of `/p2m/live/jobs/ID`).
 * Runs in the shared worker, so that all tabs of a browser have one connection, and in the page where there is none.
 */

const RETRY_MS = [500, 1000, 2000, 4000];

/**
 * @typedef {object} Message
 * @property {string} url
 * @property {"view" | "lost" | "found"} kind
 * @property {any} [view] parts of the view that have changed, or all of them (`full`)
 * @property {number} [at] when it came, as Date.now() counts
 *
 * @typedef {(message: Message) => void} Listener
 */

export class Feeds {
  #feeds = new Map();

  /** @param {string} url @param {Listener} listener gets what is known at once, then what changes */
  watch(url, listener) {
    let feed = this.#feeds.get(url);
    if (!feed) {
      feed = new Feed(url);
      this.#feeds.set(url, feed);
    }
    feed.add(listener);
  }

  /** @param {string} url @param {Listener} listener */
  leave(url, listener) {
    const feed = this.#feeds.get(url);
    if (!feed || !feed.remove(listener)) return;
    feed.close();
    this.#feeds.delete(url);
  }

  /** @param {Listener} listener of a tab that has gone */
  leaveAll(listener) {
    for (const url of [...this.#feeds.keys()]) this.leave(url, listener);
  }
}

class Feed {
  /** @param {string} url */
  constructor(url) {
    this.url = url;
    this.listeners = new Set();
    this.view = null;
    this.at = 0;
    this.lost = false;
    this.failures = 0;
    this.#open();
  }

  add(listener) {
    this.listeners.add(listener);
    if (this.view) listener({ url: this.url, kind: "view", view: { ...this.view, full: true }, at: this.at });
    if (this.lost) listener({ url: this.url, kind: "lost" });
  }

  /** @returns {boolean} whether nobody listens any more */
  remove(listener) {
    this.listeners.delete(listener);
    return this.listeners.size === 0;
  }

  close() {
    clearTimeout(this.retry);
    this.source?.close();
  }

  #open() {
    this.source = new EventSource(this.url);
    this.source.onopen = () => {
      this.failures = 0;
      if (this.lost) this.#tell({ url: this.url, kind: "found" });
      this.lost = false;
    };
    this.source.onmessage = (message) => this.#take(JSON.parse(message.data));
    this.source.onerror = () => this.#again();
  }

  /** The browser would try again by itself, but not after every kind of failure. */
  #again() {
    this.source.close();
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    if (!this.lost && this.failures > 1) {
      this.lost = true;
      this.#tell({ url: this.url, kind: "lost" });
    }
    this.retry = setTimeout(() => this.#open(), wait);
  }

  #take(part) {
    this.at = Date.now();
    this.view = part.full || !this.view ? part : merged(this.view, part);
    this.#tell({ url: this.url, kind: "view", view: part, at: this.at });
    if (part.end || part.gone) this.source.close();
  }

  /** @param {Message} message */
  #tell(message) {
    for (const listener of this.listeners) listener(message);
  }
}

/** A view with what has changed in it; steps go by their numbers. */
export function merged(view, part) {
  const steps = new Map(view.steps.map((step) => [step.number, step]));
  for (const step of part.steps) steps.set(step.number, step);
  return { ...view, ...part, full: view.full, steps: [...steps.values()].sort((a, b) => a.number - b.number) };
}
