# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
"""A result of 200 MB: read in slices, said before Blender is busy, and undone like any other. (bpy)"""

from pathlib import Path
from typing import Any

import bpy
import numpy as np

from addon.scene import Step, steps
from tests.addon.scene.cases_arriving import options
from tests.addon.scene.makes import fresh, result, state


def _grids(scene: Any) -> None:
    """Four uneven floors of 560,000 faces each."""
    rng = np.random.default_rng(1)
    for _ in range(4):
        bpy.ops.mesh.primitive_grid_add(x_subdivisions=760, y_subdivisions=760)
        mesh = bpy.context.object.data
        corners = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
        mesh.vertices.foreach_get("co", corners)
        mesh.vertices.foreach_set("co", corners + rng.normal(0, 0.001, corners.shape).astype(np.float32))


def _steps(path: Path, **changes: Any) -> tuple[list[Step], Any]:
    going, told = steps(path, options(**changes), bpy.context), []
    while True:
        try:
            told.append(next(going))
        except StopIteration as end:
            return told, end.value


def case_two_hundred_megabytes(folder: Path) -> None:
    for compress in (False, True):
        path = result(folder / "large.blend", compress=compress, alter=_grids)
        assert compress or path.stat().st_size > 200 * 2**20
        fresh()
        before = state()
        told, imported = _steps(path)
        assert len(told) > (100 if compress else 1), "unfolding goes in slices"
        assert [step.busy_s > 0 for step in told].index(True) == len(told) - 1
        assert "Blender is busy for about" in told[-1].sentence
        assert [step.fraction for step in told] == sorted(step.fraction for step in told)
        assert "Grid" in imported.objects
        after = state()
        assert _steps(path, where="REPLACE")[1].shared >= 8
        bpy.ops.ed.undo()
        assert state() == after
        bpy.ops.ed.undo()
        assert state() == before
