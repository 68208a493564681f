/** One for all tabs of a browser: it holds their connections, which a browser has few of (six for a host). */
import { Feeds } from "./live_feed.js";

const feeds = new Feeds();

self.onconnect = ({ ports: [port] }) => {
  const listener = (message) => port.postMessage(message);
  port.onmessage = ({ data }) => {
    if (data.watch) feeds.watch(data.watch, listener);
    if (data.leave) feeds.leave(data.leave, listener);
    if (data.bye) feeds.leaveAll(listener);
  };
};
