"""The component that paints the gallery. Not in the page, which runs again and again: it is made once."""

from ui.painted import Painted

KEY = "gallery"
GALLERY = Painted("p2m_gallery", script="gallery.js", styles=("shared.css", "gallery.css"))
