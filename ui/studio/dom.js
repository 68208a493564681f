// What the painters of our components share. Words are set as text, never as HTML.

/** An element with attributes (`false` and `null`: none; functions: listeners) and children. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** A line drawing on a grid of 24. It says nothing to screen readers: whatever holds it has a name. */
export function icon(path) {
  const drawn = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" })) drawn.setAttribute(name, value);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  drawn.append(line);
  return drawn;
}

/** Set the words of an element where they differ, so that nothing is read out or selected anew. */
export function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
  element.hidden = words === "";
}

export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Let `parent` hold one element for each item, in order; what is there already stays the same element. */
export function keep(parent, items, make, update) {
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = null;
  for (const item of items) {
    let child = there.get(item.id);
    if (child === undefined) {
      child = make(item);
      child.dataset.key = item.id;
    }
    there.delete(item.id);
    update(child, item);
    const place = before === null ? parent.firstElementChild : before.nextElementSibling;
    if (place !== child) parent.insertBefore(child, place);
    before = child;
  }
  for (const gone of there.values()) gone.remove();
}

const CUBE = "M12 3 4 7.5v9L12 21l8-4.5v-9L12 3ZM4 7.5l8 4.5 8-4.5M12 12v9";

/** A place for a picture, with its shape before the picture is there, and a drawing where there is none. */
export function pictureBox() {
  const image = el("img", { loading: "lazy", decoding: "async", alt: "", hidden: true, draggable: "false" });
  image.addEventListener("error", () => again(image));
  image.addEventListener("load", () => { image.hidden = false; });
  return el("span", { class: "picture" }, icon(CUBE), image);
}

const TRIES = 4;

/** A picture may be asked for a moment before the session's cookie has come, or while the server starts again. */
function again(image) {
  const tries = Number(image.dataset.tries ?? 0) + 1;
  const address = image.src;
  image.hidden = true;
  image.dataset.tries = tries;
  if (tries > TRIES || !image.hasAttribute("src")) return;
  setTimeout(() => {
    if (image.src !== address) return;
    image.hidden = false;
    image.src = address;
  }, 500 * 2 ** tries);
}

/** Show the picture at `address` (relative to the page's base; "" is none). */
export function showPicture(box, address, alt) {
  const image = box.querySelector("img");
  setAttribute(image, "alt", alt);
  if (box.dataset.shown === address) return;
  box.dataset.shown = address;
  if (address === "") { image.hidden = true; image.removeAttribute("src"); return; }
  // An image that is hidden is not fetched lazily: it is laid out from the start and seen when it has come.
  image.hidden = false;
  image.dataset.tries = 0;
  image.src = new URL(address, document.baseURI).href;
}

/** What is asked of Python: each request once, in order, also when two come within one run of the script. */
export function outbox(send) {
  let last = 0;
  let waiting = [];
  return {
    post(message) {
      last = Math.max(last + 1, Date.now());
      waiting.push({ ...message, n: last });
      send(waiting);
    },
    heard(n) { waiting = waiting.filter((message) => message.n > n); },
    get busy() { return waiting.length > 0; },
  };
}
