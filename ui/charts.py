"""Bar charts of days. The numbers lie inside of the chart's own description, so that no pyarrow is needed."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

_HEIGHT_PX = 200


def draw_bars(rows: Sequence[dict[str, Any]], day: str, kinds: Sequence[str], *, key: str, description: str) -> None:
    """A bar for each row's `day` (ISO), with a stacked part for each of the `kinds`.

    Streamlit gives it the colours of the theme. `description` is read to those who cannot see it; a table with the
    same numbers should be near.
    """
    values = [{"day": row[day], "kind": kind, "number": row[kind]} for row in rows for kind in kinds]
    colour = {"field": "kind", "type": "nominal", "sort": list(kinds), "title": None, "legend": {"orient": "bottom"}}
    encoding: dict[str, Any] = {
        "x": {"field": "day", "type": "ordinal", "title": None, "axis": {"labelOverlap": True, "labelAngle": 0}},
        "y": {"field": "number", "type": "quantitative", "title": None, "axis": {"format": "~s"}},
        "tooltip": [
            {"field": "day", "title": day},
            {"field": "kind", "title": " "},
            {"field": "number", "title": "Number", "format": ",.6~f"},
        ],
    }
    if len(kinds) > 1:
        encoding["color"] = colour
    bars = {"data": {"values": values}, "mark": {"type": "bar", "description": description}, "encoding": encoding}
    # One layer, as Streamlit takes data out of the top of a chart and would turn it into a table of pyarrow.
    st.vega_lite_chart({"description": description, "height": _HEIGHT_PX, "layer": [bars]}, key=key)
