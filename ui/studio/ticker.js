// Asks for another run of the fragment that it stands in, again and again while Python says so. It draws nothing.
import { outbox } from "./dom.js";

const tickers = new WeakMap();
const LOST_AFTER_MS = 15_000;

export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return;
  const root = parentElement.querySelector(".root");
  const ticker = tickers.get(root) ?? {};
  tickers.set(root, ticker);
  ticker.outbox ??= outbox((messages) => ticker.send(messages));
  ticker.send = (messages) => setTriggerValue("asked", messages);
  ticker.outbox.heard(data.heard);
  clearTimeout(ticker.waits);
  if (!data.every_ms) return;
  const tick = (again) => {
    if (!root.isConnected) return;
    // Nobody looks at a page that is hidden; it asks once it is seen again.
    if (document.hidden) { ticker.waits = setTimeout(() => tick(again), data.every_ms); return; }
    ticker.outbox.post({ what: "tick" });
    ticker.waits = setTimeout(() => tick(true), LOST_AFTER_MS);
  };
  ticker.waits = setTimeout(() => tick(false), data.every_ms);
}
