"""What an import is told, what it tells meanwhile and in the end: plain values, never an object of Blender."""

from dataclasses import dataclass
from typing import Literal

How = Literal["APPEND", "LINK"]
Where = Literal["NEW_COLLECTION", "REPLACE"]
At = Literal["ORIGIN", "CURSOR"]


@dataclass(frozen=True)
class ImportOptions:
    """How a result comes into the user's scene.

    `how` LINK: the file stays where it is, and must: the scene shows it from there.
    `where` REPLACE: in place of the project's newest version in the scene; without one, a new collection.
    `at`: for a new collection only; what is replaced keeps its place.
    `project_id` tells versions of one project from each other; `project_name` names the collection.
    `world`: the scene also gets the result's world, instead of its own.
    """

    project_id: str
    project_name: str
    snapshot_id: str = ""
    how: How = "APPEND"
    where: Where = "NEW_COLLECTION"
    at: At = "ORIGIN"
    cameras_and_lights: bool = True
    world: bool = False


@dataclass(frozen=True)
class Step:
    """How far an import is. `busy_s`: Blender will not answer for about so long in the next step; 0: it will."""

    sentence: str
    fraction: float
    busy_s: float = 0.0


@dataclass(frozen=True)
class Imported:
    """What came into the scene. `notes`: sentences that the user should read, each whole by itself."""

    collection: str
    objects: tuple[str, ...]
    replaced: bool
    shared: int
    """How many materials, images, meshes and node groups were there already and are used again."""
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What happened, in a sentence."""
        count = "1 object" if len(self.objects) == 1 else f"{len(self.objects)} objects"
        return f"{'Replaced' if self.replaced else 'Imported'} {self.collection!r}: {count}."
