"""A supervised process comes back when it ends, is given up when it ends too often, and is gone when stopped."""

import os
import sys
import time
from pathlib import Path

import pytest

from cloud.stack.services import CRASHES_LIMIT, CrashLoop, Service, ServiceFailed
from cloud.stack.supervisor import PortInUse, listen_on
from tests.support.stack_processes import processes_of, wait_for

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


def service(folder: Path, code: str) -> Service:
    return Service("thing", [sys.executable, "-c", code, str(folder)], dict(os.environ), folder / "thing.log")


def wait_until_ended(thing: Service) -> None:
    wait_for(lambda: not thing.is_running, 10, "the end of the process")


def test_a_service_that_ends_is_started_again_and_its_words_are_kept(tmp_path: Path) -> None:
    thing = service(tmp_path, "print('hello')")
    thing.start()
    wait_until_ended(thing)
    thing.revive()
    wait_until_ended(thing)
    assert (tmp_path / "thing.log").read_text() == "hello\nhello\n"


def revive(thing: Service) -> None:
    """As the supervisor does, until it runs again."""
    before = thing.starts
    thing.revive()
    wait_for(lambda: thing.revive() or thing.starts > before, 10, "the next start")


def test_a_service_that_crashes_again_and_again_is_given_up(tmp_path: Path) -> None:
    thing = service(tmp_path, "raise SystemExit(3)")
    thing.start()
    for _ in range(CRASHES_LIMIT - 1):
        wait_until_ended(thing)
        revive(thing)
    wait_until_ended(thing)
    with pytest.raises(ServiceFailed, match=r"5 times in a row.*thing\.log"):
        thing.revive()
    assert thing.starts == CRASHES_LIMIT


def test_a_service_that_is_killed_is_started_again_as_often_as_it_takes(tmp_path: Path) -> None:
    thing = service(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    thing.start()
    for _ in range(3 * CRASHES_LIMIT):
        wait_until_ended(thing)
        thing.revive()
    assert thing.starts == 1 + 3 * CRASHES_LIMIT
    wait_until_ended(thing)


def test_crashes_long_after_the_start_do_not_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crash_loop = CrashLoop("thing", tmp_path / "log")
    monkeypatch.setattr("cloud.stack.services.CRASH_S", -1.0)
    for _ in range(3 * CRASHES_LIMIT):
        crash_loop.has_started()
        assert crash_loop.has_ended(killed=False) == 0


def test_a_service_that_ignores_sigterm_is_killed_at_the_deadline(tmp_path: Path) -> None:
    thing = service(tmp_path, STUBBORN)
    thing.start()
    wait_for(lambda: "up" in (tmp_path / "thing.log").read_text(), 10, "the start of the process")
    thing.ask_to_stop()
    thing.ensure_stopped(time.monotonic() + 0.2)
    assert not processes_of(tmp_path)


def test_a_long_log_is_turned_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.stack.services.LOG_LIMIT_BYTES", 10)
    (tmp_path / "thing.log").write_text("x" * 11)
    thing = service(tmp_path, "print('new')")
    thing.start()
    wait_until_ended(thing)
    assert (tmp_path / "thing.log").read_text() == "new\n"
    assert (tmp_path / "thing.log.1").read_text() == "x" * 11


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with listen_on(0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortInUse, match=str(port)):
            listen_on(port)
