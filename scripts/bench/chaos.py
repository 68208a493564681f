"""Kills random processes of the real stack while it builds: `scripts/bench/chaos.py --jobs N --kills M [--json]`.

First a few prompts run undisturbed. Then N jobs of the same prompts run while M processes of the stack are ended by
`kill -9` at random moments: runners, the API, PostgreSQL, the front of a Blender pod, a Blender. Some runners are
told to stop (as a deploy does) or stopped for a while besides. Each job is then held against the undisturbed one:
end, transcript, steps, snapshots' scenes, files, events as its client saw them, and the calls that the model got.

The table, or one JSON object with `--json`, is on stdout, progress on stderr. Exit code 0 only if nothing is wrong.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.bench.disturbed.killer import WEIGHTS
from scripts.bench.disturbed.report import MEANINGS, must_be_zero, report_on
from scripts.bench.disturbed.run import PROMPTS, NotUndisturbed, Plan, observe


def main() -> int:
    """Parse the arguments, run, print. Returns: the exit code."""
    arguments = _parse_arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    plan = Plan(
        arguments.jobs,
        arguments.kills,
        users=arguments.users,
        runners=arguments.runners,
        seed=arguments.seed,
        gap_s=arguments.gap,
        prompts=arguments.prompts,
        kinds=tuple(arguments.only or ()),
    )
    place = arguments.keep or Path(tempfile.mkdtemp(prefix="p2m-chaos-"))
    try:
        figures = _measure(plan, place)
    except NotUndisturbed as error:
        print(f"chaos: the run without kills failed: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("chaos: stopped", file=sys.stderr)
        return 130
    finally:
        if not arguments.keep:
            shutil.rmtree(place, ignore_errors=True)
    if arguments.json:
        print(json.dumps(figures))
    else:
        _print_table(figures)
    return 1 if must_be_zero(figures) else 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=_count, default=100, metavar="N")
    parser.add_argument("--kills", type=_count, default=200, metavar="M")
    parser.add_argument("--users", type=_count, default=4, metavar="U", help="who the jobs belong to [4]")
    parser.add_argument("--runners", type=_count, default=2, metavar="R", help="runners of the stack [2]")
    parser.add_argument("--seed", type=int, default=1, help="what chance begins with [1]")
    parser.add_argument("--gap", type=float, default=3.5, metavar="S", help="seconds between kills on average [3.5]")
    parser.add_argument("--prompts", type=int, default=len(PROMPTS), choices=range(1, len(PROMPTS) + 1), metavar="K")
    parser.add_argument("--only", action="append", choices=tuple(WEIGHTS), help="kill only these; may be repeated")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="a new folder for the stack's data, kept afterwards")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    arguments = parser.parse_args()
    if arguments.keep and arguments.keep.exists():
        parser.error(f"--keep: {arguments.keep} is there already")
    return arguments


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _measure(plan: Plan, place: Path) -> dict[str, Any]:
    data_dir, scenes = place / "data", place / "scenes"
    scenes.mkdir(parents=True)
    observed = observe(plan, data_dir)
    print("chaos: comparing the scenes …", file=sys.stderr, flush=True)
    return report_on(plan, observed, data_dir, scenes)


def _print_table(figures: dict[str, Any]) -> None:
    wrong = must_be_zero(figures)
    table = Table("figure", "value", "what it is", title="Chaos")
    for key, meaning in MEANINGS.items():
        value = figures[key]
        shown = "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
        table.add_row(key, f"[bold red]{shown}[/]" if key in wrong else shown, meaning)
    console = Console()
    console.print(table)
    console.print("kills by kind: " + ", ".join(f"{kind} {count}" for kind, count in figures["kills_by_kind"].items()))
    for job in figures["differing_jobs"]:
        console.print(f"job {job['job']} ({job['prompt']}):", *job["why"], sep="\n  ", markup=False)
    if wrong:
        console.print(f"NOT as undisturbed: {', '.join(wrong)}; {figures['left']}", markup=False)


def _stop(number: int, frame: FrameType | None) -> None:
    """As Ctrl-C does: everything that was started is stopped on the way out."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
