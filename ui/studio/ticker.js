// Asks for another run of the fragment that it stands in, again and again while Python says so. It draws nothing.
// Where the page follows the project's running job by itself (live.js), it asks when there is something new alone.
import { outbox } from "./dom.js";

const tickers = new WeakMap();
const LOST_AFTER_MS = 15_000;
const FOLLOWED_MS = 20_000;
const MOVED_MS = 250; // what comes together is asked for once

export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return;
  const root = parentElement.querySelector(".root");
  const ticker = tickers.get(root) ?? listening(root);
  tickers.set(root, ticker);
  ticker.outbox ??= outbox((messages) => ticker.send(messages));
  ticker.send = (messages) => setTriggerValue("asked", messages);
  ticker.outbox.heard(data.heard);
  ticker.project = data.project;
  ticker.asked = false;
  clearTimeout(ticker.waits);
  ticker.every_ms = data.every_ms;
  if (!data.every_ms) return;
  const isFollowed = data.project !== null && document.p2mFollowed === data.project;
  wait(ticker, isFollowed ? (ticker.moved ? MOVED_MS : FOLLOWED_MS) : data.every_ms);
}

function listening(root) {
  const ticker = { root, moved: false };
  const hear = ({ detail }) => {
    if (!root.isConnected) { document.removeEventListener("p2m:moved", hear); return; }
    if (detail.project !== ticker.project) return;
    ticker.moved = true;
    if (ticker.every_ms && !ticker.asked) wait(ticker, MOVED_MS);
  };
  document.addEventListener("p2m:moved", hear);
  return ticker;
}

function wait(ticker, delay_ms) {
  clearTimeout(ticker.waits);
  ticker.waits = setTimeout(() => {
    if (!ticker.root.isConnected) return;
    // Nobody looks at a page that is hidden; it asks once it is seen again.
    if (document.hidden) { wait(ticker, ticker.every_ms); return; }
    ticker.asked = true;
    ticker.moved = false;
    ticker.outbox.post({ what: "tick" });
    wait(ticker, LOST_AFTER_MS);
  }, delay_ms);
}
