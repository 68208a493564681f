/** Elements in one line. */

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {any} the element
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/**
 * A picture of 20 × 20 in the colour of the text.
 *
 * @param {string} path as the `d` of SVG
 */
export function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const root = document.createElementNS(space, "svg");
  root.setAttribute("viewBox", "0 0 20 20");
  root.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  root.append(line);
  return root;
}

const sheets = new Map();

/**
 * Puts a style where `host` is, shadow root or page, once. No `<style>`: a page's policy may forbid it.
 *
 * @param {Element} host in its place already
 * @param {string} text
 */
export function dress(host, text) {
  const place = /** @type {Document | ShadowRoot} */ (host.getRootNode());
  if (!sheets.has(text)) {
    const made = new CSSStyleSheet();
    made.replaceSync(text);
    sheets.set(text, made);
  }
  const sheet = sheets.get(text);
  if (place.adoptedStyleSheets.includes(sheet)) return;
  place.adoptedStyleSheets = [...place.adoptedStyleSheets, sheet];
}
