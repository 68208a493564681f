"""Two states of a scene, compared: a slider that wipes from one to the other, or the two side by side."""

from dataclasses import asdict, dataclass

from ui.viewer_component import mount_script


@dataclass(frozen=True)
class CompareSide:
    """One of the two. `label` is short, such as `Step 3`; the addresses are of this site, `p2m/…`.

    Only if both sides have a model they are shown in 3D, with one camera; else as pictures.
    """

    label: str
    model: str | None = None
    picture: str | None = None


def draw_compare(before: CompareSide, after: CompareSide, key: str, *, height: int = 520) -> None:
    """Show both. `key` stands for the place in the page; `height` is in CSS pixels, low screens get less."""
    pictures = [{"address": side.picture, "label": side.label} for side in (before, after) if side.picture]
    data = {"before": asdict(before), "after": asdict(after)}
    mount_script("mountCompare", key, height, pictures, data)
