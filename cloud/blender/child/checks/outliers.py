"""What does not fit the rest of the scene: sizes, places, scales, materials, the number of triangles."""

from collections.abc import Iterator, Sequence

import numpy as np

from cloud.blender.child.checks.bodies import clusters
from cloud.blender.child.checks.finding import Finding, Severity, length
from cloud.blender.child.checks.ground import Ground
from cloud.blender.child.checks.limits import (
    APPLIED_SCALE,
    BEYOND_M,
    SCALE_GAP,
    STRAY_ACROSS,
    STRAY_FROM_ORIGIN,
    STRAY_SIZE,
    WILD_SCALE,
)
from cloud.blender.child.checks.scene import SceneArrays, Thing
from cloud.blender.child.checks.standing import Standing
from cloud.blender.child.wording import counted


def invalid_geometry(thing: Thing) -> Finding | None:
    """Numbers that are none, an empty mesh, or one without any extent; nothing else can be said of it then."""
    name = thing.name
    if not (np.abs(thing.matrix) < BEYOND_M).all():
        message = f"{name} has a location, rotation or scale that is no number: set them anew."
        return Finding("invalid_geometry", "error", name, message)
    if not thing.shape.finite:
        count = int(thing.shape.lost_points.sum())
        message = (
            f"{name} has {counted(count, 'vertex', 'vertices')} at no number (NaN or infinite): delete or rebuild them."
        )
        return Finding("invalid_geometry", "error", name, message, count=count)
    if not len(thing.shape.points):
        eaten = thing.faces_before > 0
        message = f"{name} has no geometry" + (" left after its modifiers" if eaten else "") + ": rebuild or delete it."
        return Finding("invalid_geometry", "warning" if eaten else "note", name, message)
    extent = np.sort(np.ptp(thing.points, axis=0))
    if len(thing.shape.triangles) and extent[2] <= 1e-9 * max(1.0, float(np.abs(thing.points).max())):
        return Finding("invalid_geometry", "error", name, f"{name} has no size: give it a scale other than 0.")
    flattened = np.linalg.matrix_rank(thing.matrix[:3, :3], tol=1e-9 * np.abs(thing.matrix[:3, :3]).max()) < 3
    if len(thing.shape.triangles) and flattened:
        message = f"{name} is scaled to 0 on an axis, so it has no thickness or normals: give it a scale other than 0."
        return Finding("invalid_geometry", "error", name, message)
    return None


def unapplied_scale(thing: Thing, copies: int = 1) -> Finding | None:
    """A scale that is not 1, which bevels, solidify and exports trip over. Copies of one mesh may differ by it."""
    scale = np.array(thing.scale)
    if thing.kind != "MESH" or thing.instance or (np.abs(scale - 1) <= APPLIED_SCALE).all():
        return None
    if copies > 1 and (scale > 0).all():
        return None
    text = " × ".join(f"{value:.4g}" for value in scale)
    name = thing.name
    if (scale < 0).any():
        message = f"{name} is mirrored by a negative scale ({text}): apply the scale and recalculate normals."
    else:
        message = f"{name} has scale {text}: apply it before bevels, solidify or export."
    return Finding("unapplied_scale", "note", name, message, value=float(scale[np.abs(scale - 1).argmax()]), unit="×")


def missing_material(thing: Thing) -> Finding | None:
    """Faces without a material."""
    shape = thing.shape
    if not len(shape.face_start):
        return None
    has = np.array(thing.has_material or (False,))
    bare = ~has[np.clip(shape.face_material, 0, len(has) - 1)]
    count = int(bare.sum())
    if not count:
        return None
    what = "no material" if count == len(bare) else f"{counted(count, 'face')} without a material"
    message = f"{thing.name} has {what}: assign one."
    return Finding("missing_material", "warning", thing.name, message, count=count)


def over_budget(scene: SceneArrays, chosen: Sequence[Thing], budget: int) -> Finding | None:
    """More triangles than allowed; names the heaviest."""
    total = sum(len(thing.shape.triangles) for thing in chosen)
    if budget <= 0 or total <= budget:
        return None
    heaviest = max(chosen, key=lambda thing: len(thing.shape.triangles))
    share = len(heaviest.shape.triangles)
    message = (
        f"{total:,} triangles are {total - budget:,} over the budget of {budget:,}; "
        f"{heaviest.name} has the most ({share:,}): lower its subdivision or decimate it."
    )
    return Finding("over_budget", "warning", heaviest.name, message, count=total)


def scale_outliers(things: Sequence[Thing], ground: Ground, standing: Standing) -> Iterator[Finding]:
    """Things that are many times larger or smaller than the next in size, or scaled by a wild factor."""
    judged = [t for t in things if t not in ground.things and t not in ground.setting]
    found: set[str] = set()
    if len(judged) > 1:
        judged.sort(key=lambda thing: thing.across)
        sizes = np.maximum([thing.across for thing in judged], 1e-12)
        for cut in np.flatnonzero(sizes[1:] / sizes[:-1] >= SCALE_GAP) + 1:
            odd = judged[:cut] if cut <= len(judged) - cut else judged[cut:]
            usual = float(np.median(sizes))
            for thing in odd:
                if thing.name not in found and (
                    len(judged) == 2 or not 1 / SCALE_GAP < thing.across / usual < SCALE_GAP
                ):
                    found.add(thing.name)
                    yield _odd_size(thing, usual if len(judged) > 2 else float(sizes.max()), standing)
    for thing in things:
        factors = np.abs(thing.scale)
        wild = ((factors >= WILD_SCALE) | (factors <= 1 / WILD_SCALE)).any()
        if wild and thing.name not in found and not thing.instance:
            text = " × ".join(f"{value:.4g}" for value in thing.scale)
            message = f"{thing.name} is scaled by {text}: apply the scale and check its size, {length(thing.across)}."
            yield Finding("scale_outlier", "note", thing.name, message, value=float(factors.max()), unit="×")


def _odd_size(thing: Thing, usual: float, standing: Standing) -> Finding:
    small = thing.across < usual
    ratio = usual / thing.across if small else thing.across / usual
    groups = {group for body, group in zip(standing.bodies, standing.group, strict=True) if body.thing is thing}
    attached = any(body.thing is not thing for group in groups for body in standing.members(group))
    severity: Severity = "note" if small and attached else "warning"
    word = "smaller" if small else "larger"
    message = (
        f"{thing.name} ({length(thing.across)} across) is {ratio:.3g} times {word} than the rest "
        f"({length(usual)}): check its units or scale."
    )
    return Finding("scale_outlier", severity, thing.name, message, value=ratio, unit="×")


def strays(things: Sequence[Thing], ground: Ground) -> Iterator[Finding]:
    """Things far away from the rest; one on its own, far from the origin."""
    judged = [t for t in things if t not in ground.setting and t not in ground.things]
    if not judged:
        return
    low, high = np.array([t.low for t in judged]), np.array([t.high for t in judged])
    if len(judged) == 1:
        distance = float(np.linalg.norm((low[0] + high[0]) / 2))
        inside = any((t.low[:2] <= low[0][:2]).all() and (t.high[:2] >= high[0][:2]).all() for t in ground.things)
        if distance > STRAY_FROM_ORIGIN * judged[0].across and not inside:
            yield _stray(judged[0], distance, "the origin")
        return
    for main in _main_clusters(low, high):
        rest_low, rest_high = low[main].min(axis=0), high[main].max(axis=0)
        for thing in ground.things:
            if (thing.low[:2] <= rest_high[:2]).all() and (thing.high[:2] >= rest_low[:2]).all():
                rest_low, rest_high = np.minimum(rest_low, thing.low), np.maximum(rest_high, thing.high)
        across = float(np.linalg.norm(rest_high - rest_low))
        for i in np.flatnonzero(~main):
            gap = float(np.linalg.norm(np.maximum(0, np.maximum(low[i] - rest_high, rest_low - high[i]))))
            if gap > STRAY_ACROSS * across and gap > STRAY_SIZE * float(judged[i].dimensions.max()):
                yield _stray(judged[i], gap, "the rest")


def _main_clusters(low: np.ndarray, high: np.ndarray) -> Iterator[np.ndarray]:
    """What counts as "the rest": the largest cluster, by a gap that grows until most things are in it."""
    sizes = np.linalg.norm(high - low, axis=1)
    gap = float(np.median(sizes)) * STRAY_SIZE
    for _ in range(12):
        cluster = clusters(low, high, gap)
        counts = np.bincount(cluster)
        candidates = np.flatnonzero(counts == counts.max())
        distance = [np.linalg.norm((low[cluster == c] + high[cluster == c]).mean(axis=0)) for c in candidates]
        if counts.max() > 0.5 * len(low) or len(low) == 2:
            yield cluster == candidates[int(np.argmin(distance))]
            return
        gap *= 2


def _stray(thing: Thing, distance: float, what: str) -> Finding:
    message = f"{thing.name} lies {length(distance)} away from {what}: move it back or delete it."
    return Finding("stray", "warning", thing.name, message, value=distance, unit="m")
