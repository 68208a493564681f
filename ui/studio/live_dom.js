/** Elements in one line. */

/** @param {string} name @param {Record<string, string>} attributes @param {...(Node | string)} children */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Only where it differs: what is set again is read out again, and loses a selection. */
export function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
