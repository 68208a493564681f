"""The tables that say of a scene what there is of it: its files, and how large it is. See `cloud.db.models`.

The head of a project moves back and forth: what a job has delivered is of the snapshot that it delivered, for ever.
"""

import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db.models import Base


class SceneFile(Base):
    """A file (scene, preview, picture, script or turntable) that was made of a snapshot."""

    __tablename__ = "scene_files"

    artifact_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("artifacts.id", ondelete="CASCADE"), primary_key=True)
    snapshot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("snapshots.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)


class SceneFacts(Base):
    """What was counted in a snapshot: objects with geometry and the triangles of their evaluated meshes.

    `size_m` is the scene's box along x, y and z in metres; None: nobody has measured it yet.
    """

    __tablename__ = "scene_facts"

    snapshot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("snapshots.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    objects: Mapped[int]
    triangles: Mapped[int] = mapped_column(BigInteger)
    size_m: Mapped[list[Any] | None]
