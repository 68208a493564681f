"""What is measured of one pod, over MCP alone; baselines are Blender's own calls, made by a step in the same pod."""

import json
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.agent.contract import ToolResult
from cloud.agent.toolbox import McpToolbox
from scripts.bench import steps_in_pod
from scripts.bench.pod_under_test import PodUnderTest

SIX_VIEWS = ["front", "back", "left", "right", "top", "three_quarter"]


@dataclass(frozen=True)
class Rounds:
    """How often, and on how many triangles."""

    trips: int
    steps: int
    pictures: int
    files: int
    kills: int
    pictured_triangles: tuple[int, ...]
    saved_triangles: tuple[int, ...]


FULL = Rounds(100, 200, 9, 5, 3, (12, 100_000), (1_000, 100_000, 1_000_000))
QUICK = Rounds(10, 10, 2, 2, 1, (12, 2_000), (1_000, 2_000))


class CallFailed(Exception):
    """A call of the benchmark did not succeed; the message is the pod's."""


async def call(box: McpToolbox, tool: str, **arguments: Any) -> ToolResult:
    """A call that must succeed. Raises: CallFailed."""
    result = await box.call(tool, arguments)
    if result.is_error:
        raise CallFailed(f"{tool}: {result.content[0].get('text', '')[:500]}")
    return result


async def step(box: McpToolbox, code: str) -> dict[str, Any]:
    """A step that must succeed, as data; `measured` is the JSON that it printed. Raises: CallFailed."""
    structured = (await call(box, "run_python", code=code)).structured
    line = structured["stdout"].strip().splitlines()[-1:] or ["null"]
    return structured | {"measured": json.loads(line[0]) if line[0].startswith(("{", "[")) else None}


async def seconds_of(work: Callable[[], Awaitable[Any]]) -> float:
    """How long it took."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def round_trips(pod: PodUnderTest, box: McpToolbox, rounds: Rounds) -> dict[str, Any]:
    """A trivial step on a small scene, and a row of small steps that each add an object."""
    await call(box, "snapshots", action="restore", sha256="empty")
    await step(box, steps_in_pod.sphere_of(12))
    trivial = [1000 * await seconds_of(lambda: step(box, "x = 1")) for _ in range(rounds.trips)]
    began = time.perf_counter()
    small = [1000 * await seconds_of(lambda n=n: step(box, steps_in_pod.small_step(n))) for n in range(rounds.steps)]
    return {
        "roundtrip_ms_p50": statistics.median(trivial),
        "roundtrip_ms_p95": _quantile(trivial, 0.95),
        "small_steps": rounds.steps,
        "small_steps_s": time.perf_counter() - began,
        "small_step_ms_p50": statistics.median(small),
        "small_step_ms_p95": _quantile(small, 0.95),
    }


async def pictures(pod: PodUnderTest, box: McpToolbox, rounds: Rounds) -> dict[str, Any]:
    """`look` after a real edit, against the bare drawing call in the same process after the same edit."""
    results: dict[str, Any] = {}
    ratios = []
    for triangles in rounds.pictured_triangles:
        await call(box, "snapshots", action="restore", sha256="empty")
        await step(box, steps_in_pod.sphere_of(triangles))
        await call(box, "look", size=512)  # the first picture compiles shaders
        looks, own, bare, sheets = [], [], [], []
        for number in range(rounds.pictures):
            bare.append((await step(box, steps_in_pod.bare_drawing(number)))["measured"]["draw_s"])
            await step(box, steps_in_pod.edit(number))
            began = time.perf_counter()
            seen = await call(box, "look", views=["three_quarter"], shading="solid", size=512)
            looks.append(time.perf_counter() - began)
            own.append(seen.structured.get("seconds", looks[-1]))
            await step(box, steps_in_pod.edit(number + 1000))
            sheets.append(await seconds_of(lambda: _sheet(box)))
        ratios.append(statistics.median(looks) / statistics.median(bare))
        results |= {
            f"look_512_ms_{triangles}": 1000 * statistics.median(looks),
            f"look_512_child_ms_{triangles}": 1000 * statistics.median(own),
            f"bare_draw_ms_{triangles}": 1000 * statistics.median(bare),
            f"look_512_ratio_{triangles}": ratios[-1],
            f"sheet_6_s_{triangles}": statistics.median(sheets),
        }
    largest = rounds.pictured_triangles[-1]
    return {"look_512_ratio": max(ratios), "sheet_6x100k_s": results[f"sheet_6_s_{largest}"], **results}


async def _sheet(box: McpToolbox) -> None:
    await call(box, "look", views=SIX_VIEWS, shading="solid", size=512, sheet=True)


async def snapshots(pod: PodUnderTest, box: McpToolbox, rounds: Rounds) -> dict[str, Any]:
    """What a snapshot adds to a step, and a restore, against Blender's own save and load in the same process."""
    results: dict[str, Any] = {}
    for triangles in rounds.saved_triangles:
        await call(box, "snapshots", action="restore", sha256="empty")
        nothing = statistics.median([await seconds_of(lambda: step(box, "x = 1")) for _ in range(rounds.files)])
        await step(box, steps_in_pod.sphere_of(triangles))
        steps, saves, restores, loads = [], [], [], []
        for number in range(rounds.files):
            before = time.perf_counter()
            made = await step(box, steps_in_pod.edit(number))
            steps.append(time.perf_counter() - before - nothing)
            saves.append((await step(box, steps_in_pod.bare_save()))["measured"]["save_s"])
            sha256 = made["snapshot"]["sha256"]
            restores.append(await seconds_of(lambda sha256=sha256: _restore(box, sha256)))
            loads.append((await step(box, steps_in_pod.bare_load()))["measured"]["load_s"])
        step_s, save_s, restore_s, load_s = (statistics.median(figures) for figures in (steps, saves, restores, loads))
        results |= {
            f"snapshot_ms_{triangles}": 1000 * step_s,
            f"bare_save_ms_{triangles}": 1000 * save_s,
            f"snapshot_ratio_{triangles}": step_s / save_s,
            f"restore_ms_{triangles}": 1000 * restore_s,
            f"bare_load_ms_{triangles}": 1000 * load_s,
            f"restore_ratio_{triangles}": restore_s / load_s,
        }
    largest = rounds.saved_triangles[-1]
    headline = {key: results[f"{key}_{largest}"] for key in ("snapshot_ratio", "restore_ratio")}
    return headline | results


async def _restore(box: McpToolbox, sha256: str) -> None:
    await call(box, "snapshots", action="restore", sha256=sha256)


async def recovery(pod: PodUnderTest, box: McpToolbox, rounds: Rounds) -> dict[str, Any]:
    """From `kill -9` of the Blender at work to the answer of the next call, which must see the last scene."""
    await call(box, "snapshots", action="restore", sha256="empty")
    await step(box, steps_in_pod.sphere_of(rounds.pictured_triangles[-1]))
    taken = []
    for number in range(rounds.kills):
        name = f"bench-{number}"
        pod.wait_for_blenders(2)
        before = await step(box, steps_in_pod.named_process(name))
        victim = next(process for process in pod.blenders() if process.name() == name)
        began = time.perf_counter()
        victim.kill()
        after = await step(box, "x = 1")
        taken.append(time.perf_counter() - began)
        if after["triangles"] != before["triangles"]:
            raise CallFailed("the scene after the kill is not the one before it")
    return {"recovery_s": statistics.median(taken), "recovery_s_worst": max(taken)}


async def memory(place: Path) -> dict[str, Any]:
    """Of a pod at rest that has run a step, and of one more beside it."""
    with PodUnderTest.started(place / "memory-1", cache=place / "cache") as first:
        await _use_once(first)
        alone = first.memory_mib()
        with PodUnderTest.started(place / "memory-2", cache=place / "cache") as second:
            await _use_once(second)
            both = first.memory_mib() + second.memory_mib()
    return {"idle_pod_mib": alone, "next_pod_mib": both - alone}


async def _use_once(pod: PodUnderTest) -> None:
    async with pod.toolbox() as box:
        await step(box, steps_in_pod.sphere_of(12))
    pod.wait_for_blenders(2)


def _quantile(figures: list[float], part: float) -> float:
    return sorted(figures)[min(len(figures) - 1, int(part * len(figures)))]
