/** Full screen of an element, in a page or in a shadow root. */

/** @param {Element} root */
export function isFull(root) {
  return /** @type {Document | ShadowRoot} */ (root.getRootNode()).fullscreenElement === root;
}

/** @param {Element} root @returns {Promise<void>} rejected where the browser allows none */
export function toggleFull(root) {
  return isFull(root) ? document.exitFullscreen() : root.requestFullscreen();
}
