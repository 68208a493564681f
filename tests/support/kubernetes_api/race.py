"""Several runners, each a process, that claim pods at the same time."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Claimed:
    """A pod that a runner got for a user."""

    user: str
    pod: str
    seconds: float


@contextmanager
def racer(
    kubeconfig: Path, users: Sequence[str], *, at_once: int = 1, runner: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """A runner that watches the pods and waits for the start; it ends with its stdin, or here."""
    command = [sys.executable, "-m", "tests.support.kubernetes_api.racer", "--kubeconfig", str(kubeconfig)]
    command += ["--users", ",".join(users), "--at-once", str(at_once), "--runner", runner]
    with subprocess.Popen(command, cwd=_PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.stdin and not process.stdin.closed:
                process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def race(
    kubeconfig: Path,
    users_of: Sequence[Sequence[str]],
    *,
    at_once: int = 1,
    while_held: Callable[[], None] = lambda: None,
) -> tuple[list[Claimed], float]:
    """Runners that start at one moment, each with its users. Returns: what they got, and in how many seconds.

    `while_held` is called when all have what they want, and hold it.
    """
    with ExitStack() as stack:
        racers = [stack.enter_context(racer(kubeconfig, users, at_once=at_once)) for users in users_of]
        for each in racers:
            assert each.stdout
            assert each.stdout.readline(), "a racer did not start"
        began = time.perf_counter()
        for each in racers:
            begin(each)
        got = [claimed for each, users in zip(racers, users_of, strict=True) for claimed in claims_of(each, len(users))]
        seconds = time.perf_counter() - began
        while_held()
        return got, seconds


def begin(process: "subprocess.Popen[str]") -> None:
    """Tell a racer to claim."""
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def claims_of(process: "subprocess.Popen[str]", count: int) -> list[Claimed]:
    """What a racer got; waits for it."""
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(count)]
    assert all(lines), "a racer ended before it had all its pods"
    return [Claimed(**json.loads(line)) for line in lines]
