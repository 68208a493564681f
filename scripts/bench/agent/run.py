"""Evaluates the agent: every prompt of a file through the whole product, one HTML report, `results.jsonl`.

    run.py PROMPTS [--model M] [--quality Q] [--detail D] [--no-pictures] [--no-check] [--no-lookup] [--no-review]
           [--checks] [--judge M] [--limit N] [--jobs 2] [--out DIR] [--server URL --token T] [--json]
    run.py --compare A/results.jsonl B/results.jsonl [--out DIR] [--json]

It starts a stack of its own on a temporary folder and free ports, with the environment's Claude key if there is one
and with the offline modeller if not; or it uses the one at --server. An interrupted run goes on where it stopped
when it is asked for again with the same --out. What goes wrong with one prompt is in its record and ends nothing.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from cloud.cli.interrupts import Interrupted, interruptible
from cloud.errors import Prompt2MeshError
from scripts.bench.agent.blend_facts import read_facts
from scripts.bench.agent.compare import write_comparison
from scripts.bench.agent.inspection import Inspector
from scripts.bench.agent.judge import Judge
from scripts.bench.agent.ledger import Ledger, NoResults, OtherRun, read_results
from scripts.bench.agent.product import BenchClient, own_product, product_at, say
from scripts.bench.agent.report import write_report
from scripts.bench.agent.stats import summary_of
from scripts.bench.agent.tasks import InvalidPromptFile, Task, read_tasks
from scripts.bench.agent.trial import RunRefused, run_trial
from ui.api_client import ClientError

_ABLATIONS = ("pictures", "check", "lookup", "review")
_TICK_S = 0.2


def main() -> None:
    """Parse the command line, run or compare, print the summary."""
    arguments = _parser().parse_args()
    arguments.token = arguments.token or [token for token in [os.environ.get("P2M_TOKEN")] if token]
    if arguments.server and not arguments.token:
        _fail("a server needs to know who you are: give --token, or set P2M_TOKEN")
    try:
        if arguments.compare:
            summary = _compare(arguments)
        elif arguments.prompts is None:
            _fail("name a prompt file, or --compare two results")
        else:
            with interruptible():
                summary = evaluate(arguments, read_tasks(arguments.prompts)[: arguments.limit])
    except (InvalidPromptFile, OtherRun, NoResults, RunRefused, Prompt2MeshError, ClientError) as error:
        _fail(str(error))
    except Interrupted as stopped:
        say(f"{stopped}; ask again with the same --out to go on")
        sys.exit(128 + stopped.number)
    if arguments.json:
        print(json.dumps(summary))
    else:
        for key, value in summary.items():
            print(f"{key:>22}: {value}")


def evaluate(arguments: argparse.Namespace, tasks: list[Task]) -> dict[str, Any]:
    """Run what the folder lacks. Returns: the summary. Raises: OtherRun, RunRefused, Prompt2MeshError, ClientError."""
    folder: Path = arguments.out or Path("out") / f"eval-{arguments.prompts.stem}"
    ledger = Ledger.opened(folder, _asked(arguments))
    wanted = [task for task in tasks if ledger.lacks(task.id)]
    say(f"{len(tasks)} prompts, {len(tasks) - len(wanted)} of them done before; results in {folder}")
    try:
        if wanted:
            _run_all(arguments, wanted, ledger)
    finally:
        ledger.close()
        records = [ledger.records[task.id] for task in tasks if task.id in ledger.records]
        if records:
            write_report(folder, _asked(arguments), records)
    return {**summary_of(records), "report": str(folder / "report.html"), "results": str(ledger.results)}


def _run_all(arguments: argparse.Namespace, tasks: list[Task], ledger: Ledger) -> None:
    judge = _judge(arguments)
    cache = Path(tempfile.gettempdir()) / f"p2m-bench-cache-{os.getuid()}"
    with tempfile.TemporaryDirectory(prefix="p2m-eval-") as place, ExitStack() as parts:
        inspector = parts.enter_context(Inspector.started(Path(place) / "eyes", cache))
        if arguments.server:
            clients = parts.enter_context(product_at(arguments.server, arguments.token))
        else:
            clients = parts.enter_context(own_product(Path(place) / "stack", max(1, arguments.jobs), cache))
        run = _Run(arguments, ledger, inspector, judge, len(tasks))
        for task in tasks:
            run.tasks.put(task)
        run.work(clients)


class _Run:
    """The threads of one run: each takes the next task, with a user of its own. They end with the tasks, or with us."""

    def __init__(
        self, arguments: argparse.Namespace, ledger: Ledger, inspector: Inspector, judge: Judge | None, total: int
    ) -> None:
        self.tasks: SimpleQueue[Task] = SimpleQueue()
        self._arguments = arguments
        self._ledger = ledger
        self._inspector = inspector
        self._judge = judge
        self._total = total
        self._done = 0
        self._failure: Exception | None = None
        self._stopping = threading.Event()

    def work(self, clients: list[BenchClient]) -> None:
        """Do all tasks. Raises: RunRefused; Interrupted by a signal, at once."""
        threads = [threading.Thread(target=self._take_tasks, args=(client,), daemon=True) for client in clients]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(_TICK_S)
        finally:
            self._stopping.set()
        if self._failure is not None:
            raise self._failure

    def _take_tasks(self, client: BenchClient) -> None:
        while not self._stopping.is_set():
            try:
                task = self.tasks.get_nowait()
            except Empty:
                return
            try:
                record = self._record_of(client, task)
            except Exception as error:  # noqa: BLE001 - the top of a thread: `work` raises it in the main one
                self._failure = error
                self._stopping.set()
                return
            if not self._stopping.is_set():  # what broke because we stop is no result
                self._ledger.add(record)
                self._done += 1
                said = "ok" if record["success"] else (record["error"] or {}).get("code", "not as expected")
                say(f"{self._done}/{self._total} {task.name}: {said}")

    def _record_of(self, client: BenchClient, task: Task) -> dict[str, Any]:
        folder = self._ledger.folder / "files" / task.slug
        record = run_trial(client, task, _options(self._arguments), folder)
        blend, facts = folder / "scene.blend", None
        if "scene.blend" in record.get("files", []):
            record |= self._inspector.inspect(blend, folder / "sheet.webp")
            if self._arguments.checks or self._judge:
                facts = read_facts(blend)
            if self._arguments.checks and facts is not None:
                record["file_checks"] = [vars(check) for check in task.expect.checks_of(facts)]
            if self._judge and task.criteria:
                pictures = self._inspector.six_views(blend)
                record["judge"] = self._judge.judge(task, pictures, facts, folder / "script.py")
        return record


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What each prompt is sent with; what was not asked for is left to the product."""
    names = ("model", "quality", "detail", "max_usd")
    asked = {name: getattr(arguments, name) for name in names}
    options = {key: value for key, value in asked.items() if value is not None}
    without = [name for name in _ABLATIONS if getattr(arguments, f"no_{name}")]
    return options | ({"without": without} if without else {})


def _asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """What makes two runs the same run. `limit` and `jobs` do not: a run may go on with more."""
    return {
        "prompts": arguments.prompts.name,
        "options": _options(arguments),
        "checks": arguments.checks,
        "judge": arguments.judge,
        "server": arguments.server,
    }


def _judge(arguments: argparse.Namespace) -> Judge | None:
    key, url = os.environ.get("ANTHROPIC_API_KEY", ""), os.environ.get("ANTHROPIC_BASE_URL")
    if arguments.judge and not (key or url):
        say(f"the judge {arguments.judge!r} needs ANTHROPIC_API_KEY (or ANTHROPIC_BASE_URL): its column stays empty")
        return None
    return Judge(arguments.judge, key, url) if arguments.judge else None


def _compare(arguments: argparse.Namespace) -> dict[str, Any]:
    first, second = arguments.compare
    folder: Path = arguments.out or Path("out") / "eval-comparison"
    folder.mkdir(parents=True, exist_ok=True)
    return write_comparison(folder, (first, read_results(first)), (second, read_results(second)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("prompts", nargs="?", type=Path, help="text lines, CSV, JSON lines, or CADBench's JSON lines")
    add("--model", help="[the product's default: the offline modeller without a key]")
    add("--quality", choices=("draft", "standard", "high"))
    add("--detail", choices=("as-is", "concise", "moderate", "comprehensive"))
    for name in _ABLATIONS:
        add(f"--no-{name}", action="store_true", help=f"ablation: build without {name}")
    add("--checks", action="store_true", help="open each saved .blend in a fresh Blender and check it")
    add("--judge", metavar="MODEL", help="a model that judges the criteria of the prompt file; needs a key")
    add("--limit", type=_positive, metavar="N", help="only the first N prompts")
    add("--jobs", type=_positive, default=2, help="prompts at a time [2]")
    add("--max-usd", type=float, help="budget of each job [the quality's]")
    add("--server", metavar="URL", help="a running product; give --token for each job at a time")
    add("--token", action="append", default=[], help="[P2M_TOKEN]")
    add("--out", type=Path, metavar="DIR", help="[out/eval-PROMPTS]")
    add("--compare", nargs=2, type=Path, metavar="RESULTS", help="two runs side by side")
    add("--json", action="store_true", help="the summary as one JSON object")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("1 or more")
    return int(text)


def _fail(why: str) -> NoReturn:
    print(f"eval: {why}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
