"""The component that paints a batch. Not in the page, which runs again and again: it is made once."""

from ui.painted import Painted

KEY = "batch_grid"
GRID = Painted("p2m_batch", script="batch.js", styles=("shared.css", "batch.css"))
