"""The figures of a chaos run."""

import statistics
from pathlib import Path
from typing import Any

from scripts.bench.disturbed.run import PROMPTS, Observed, Plan
from scripts.bench.disturbed.scenes import compare_scenes
from scripts.bench.disturbed.takeover import takeovers
from scripts.bench.disturbed.verdict import Verdict, judge, judge_scenes, scene_pairs

MEANINGS = {
    "jobs": "jobs that were disturbed",
    "kills": "processes ended by kill -9",
    "lost": "jobs that did not end, or not as undisturbed",
    "double_applied": "steps, snapshots or objects that are there twice",
    "repeated_calls": "model calls for a turn that the transcript already held",
    "missing_events": "events that a reconnecting client missed or saw twice",
    "orphans": "processes that outlived the stack, or their parent by 10 s",
    "differing": "jobs that differ in anything from the undisturbed one",
    "leaked_pods": "pod folders and sockets left after the stack's end",
    "queue_left": "queue rows, unfinished jobs and locks left after the last job",
    "takeovers_alone": "jobs of a killed runner, while nothing else was killed that a takeover needs",
    "takeover_s_p50": "from that kill to another runner's start on the job, the median",
    "takeover_s_max": "the longest of these; goal < 10",
    "takeover_s_max_of_all": "the longest also where the database or the other runner was killed too, or had no room",
    "cut_calls": "model calls that a kill cut off",
    "unused_calls": "whole model calls whose answer died with its runner",
    "seconds": "the disturbed part",
}
ZERO = (
    "lost",
    "double_applied",
    "repeated_calls",
    "missing_events",
    "orphans",
    "differing",
    "leaked_pods",
    "queue_left",
)


def report_on(plan: Plan, observed: Observed, data_dir: Path, folder: Path) -> dict[str, Any]:
    """All figures; the scenes are compared here, in `folder`."""
    verdicts = {
        job.number: judge(
            job, observed.records.get(job.number), observed.wanted[job.recipe], observed.model.of(job.model)
        )
        for job in observed.sent
    }
    _judge_all_scenes(observed, verdicts, data_dir, folder)
    killer = observed.killer
    assert killer is not None
    records = [record for record in observed.records.values() if record]
    taken_over = takeovers(data_dir / "logs", [*killer.kills, *killer.extras], records)
    alone = [takeover.seconds for takeover in taken_over if takeover.alone]
    strays = [f"{pid} {line}" for pid, line in killer.strays.items()]
    bad = [job for job in observed.sent if not verdicts[job.number].good]
    return {
        "jobs": len(observed.sent),
        "kills": len(killer.kills),
        "lost": sum(verdict.lost for verdict in verdicts.values()),
        "double_applied": sum(verdict.double_applied for verdict in verdicts.values()),
        "repeated_calls": sum(verdict.repeated_calls for verdict in verdicts.values()),
        "missing_events": sum(verdict.missing_events for verdict in verdicts.values()),
        "orphans": len({*observed.orphans, *strays}),
        "differing": len(bad),
        "leaked_pods": len(observed.leftovers),
        "queue_left": sum(observed.left_in_queue.values()),
        "kills_by_kind": killer.by_kind,
        "takeovers": len(taken_over),
        "takeovers_alone": len(alone),
        "takeover_s_p50": statistics.median(alone) if alone else None,
        "takeover_s_max": max(alone, default=None),
        "takeover_s_max_of_all": max((takeover.seconds for takeover in taken_over), default=None),
        "cut_calls": sum(verdict.cut_calls for verdict in verdicts.values()),
        "unused_calls": sum(verdict.unused_calls for verdict in verdicts.values()),
        "model_calls": sum(len(observed.model.of(job.model)) for job in observed.sent),
        "attempts": sum(record.attempts for record in records),
        "connections": sum(job.connections for job in observed.sent),
        "seconds": round(observed.seconds.get("disturbed", 0.0), 1),
        "undisturbed_seconds": round(observed.seconds.get("undisturbed", 0.0), 1),
        "seed": plan.seed,
        "stack_failed": observed.stack_failed,
        "left": {**observed.left_in_queue, "files": observed.leftovers, "processes": [*observed.orphans, *strays]},
        "differing_jobs": [
            {
                "job": job.number,
                "prompt": PROMPTS[job.recipe],
                "id": job.job_id,
                "why": verdicts[job.number].differences,
            }
            for job in bad
        ],
    }


def must_be_zero(figures: dict[str, Any]) -> list[str]:
    """The figures that should be 0 and are not."""
    wrong = [name for name in ZERO if figures[name]]
    return [*wrong, "stack_failed"] if figures["stack_failed"] else wrong


def _judge_all_scenes(observed: Observed, verdicts: dict[int, Verdict], data_dir: Path, folder: Path) -> None:
    compared = [(job, observed.records.get(job.number), observed.wanted[job.recipe]) for job in observed.sent]
    pairs = [pair for _, record, wanted in compared if record for pair in scene_pairs(record, wanted)]
    found = compare_scenes(data_dir / "artifacts", pairs, folder)
    for job, record, wanted in compared:
        if record:
            judge_scenes(verdicts[job.number], record, wanted, found)
