/** Where a page gets its live views from: the worker that all tabs share, else a connection of its own. */
import { Feeds } from "./live_feed.js";

/** @type {Map<string, Set<(message: any) => void>>} */
const watching = new Map();
const take = (message) => watching.get(message.url)?.forEach((listener) => listener(message));
let port;
let own;

/**
 * @param {string} url @param {(message: import("./live_feed.js").Message) => void} listener
 * @returns {() => void} to watch no more
 */
export function watch(url, listener) {
  const listeners = watching.get(url) ?? new Set();
  watching.set(url, listeners);
  listeners.add(listener);
  ask("watch", url); // a second time it is told everything again
  return () => {
    listeners.delete(listener);
    if (listeners.size) return;
    watching.delete(url);
    ask("leave", url);
  };
}

function ask(what, url) {
  if (!port && !own) connect();
  else if (own) own[what](url, take);
  if (port) port.postMessage({ [what]: url });
}

function connect() {
  try {
    const worker = new SharedWorker(new URL("./live_worker.js", import.meta.url), { type: "module", name: "p2m-live" });
    worker.onerror = goAlone;
    port = worker.port;
    port.onmessage = ({ data }) => take(data);
    addEventListener("pagehide", () => port?.postMessage({ bye: true }));
    addEventListener("pageshow", (event) => {
      if (event.persisted) for (const url of watching.keys()) ask("watch", url);
    });
  } catch {
    goAlone(); // no shared workers here
  }
}

function goAlone() {
  port = undefined;
  own = new Feeds();
  for (const url of watching.keys()) own.watch(url, take);
}
