"""However a run ends, it leaves no process, no lock and a sound data folder."""

import json
import os
import signal
import subprocess

import pytest

from tests.cli.conftest import CommandLine
from tests.support.stack_processes import processes_of, wait_for

pytestmark = pytest.mark.blender

PROMPT = "a row of five trees"


def begin_and_wait_for(command_line: CommandLine, event: str) -> subprocess.Popen[str]:
    """A run in its own process, once it has reported `event`."""
    run = command_line.start("make", PROMPT, "--json", "--out", "interrupted")
    assert run.stdout is not None
    lines = []
    for line in run.stdout:
        lines.append(line)
        if json.loads(line)["type"] == event:
            return run
    raise AssertionError(f"no {event}: {lines} {run.communicate()[1]}")


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, *(pytest.param(number, marks=pytest.mark.heavy) for number in (signal.SIGHUP, signal.SIGTERM))],
)
def test_a_signal_cancels_the_job_and_stops_everything(command_line: CommandLine, number: signal.Signals) -> None:
    run = begin_and_wait_for(command_line, "step.started")
    run.send_signal(number)
    run.communicate(timeout=30)
    assert run.returncode == 128 + number
    command_line.assert_nothing_runs(timeout_s=2)


@pytest.mark.heavy
@pytest.mark.parametrize("event", ["note", "step.started"])
def test_a_killed_client_leaves_nothing_running(command_line: CommandLine, event: str) -> None:
    run = begin_and_wait_for(command_line, event)
    run.kill()
    run.communicate(timeout=10)
    command_line.assert_nothing_runs()


def pids_of(command_line: CommandLine, part: str) -> list[int]:
    return [pid for pid, command in processes_of(command_line.data_dir).items() if part in command]


@pytest.mark.heavy
@pytest.mark.parametrize("part", ["cloud.api", "/bin/postgres -D"])
def test_a_killed_part_comes_back_and_the_next_run_works(command_line: CommandLine, part: str) -> None:
    with_stack = command_line.run("make", "a cube", "--out", "kept", "--keep")
    assert with_stack.returncode == 0, with_stack.stdout + with_stack.stderr
    (before,) = pids_of(command_line, part)
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: set(pids_of(command_line, part)) - {before}, 30, f"another {part}")
    done = command_line.run("make", "a cube", "--out", "revived")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "has stopped" in command_line.run("down").stdout
    command_line.assert_nothing_runs(timeout_s=2)


@pytest.mark.heavy
def test_a_killed_supervisor_takes_everything_with_it(command_line: CommandLine) -> None:
    run = begin_and_wait_for(command_line, "job.started")
    (supervisor,) = pids_of(command_line, "cloud.stack")
    os.kill(supervisor, signal.SIGKILL)
    wait_for(lambda: run.poll() is not None, 60, "the end of the client")
    assert run.returncode == 1
    command_line.assert_nothing_runs()


@pytest.mark.heavy
def test_after_all_that_the_next_run_works(command_line: CommandLine) -> None:
    done = command_line.run("make", "a cube", "--out", "after")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.heavy
def test_two_runs_at_once_both_work(command_line: CommandLine) -> None:
    runs = [command_line.start("make", f"{count} cubes", "--out", f"both-{count}") for count in (2, 3)]
    for run in runs:
        output = "".join(run.communicate(timeout=90))
        assert run.returncode == 0, output
    command_line.assert_nothing_runs(timeout_s=2)
