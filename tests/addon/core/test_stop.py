"""Whatever the worker waits for, `stop` ends all of its threads at once; what was cancelled leaves nothing behind."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from addon.core import messages as m
from addon.core.lane import Lane
from addon.core.lines import Guard, Line
from addon.core.problems import Stopped
from addon.core.worker import Worker
from tests.addon.core.hostile import BLEND, JOB, PROJECT, RUNNING, TOKEN, Hostile, answer, event, offers, stream
from tests.addon.core.player import Player, home_in, player_in

WITHIN_S = 5.0
"""Generous: `stop` waits for a second at most in Blender, and the machine of the tests may be busy."""


def threads_of_ours() -> set[str]:
    return {each.name for each in threading.enumerate() if each.name.startswith("prompt2mesh-")} - {"prompt2mesh-name"}


def waits_for_head(player: Player, server: Hostile) -> None:
    server.answers["/v1/projects"] = server.hang
    player.submit(m.ListProjects(query="hangs"))
    server.until_asked("GET /v1/projects?query=hangs")


def waits_for_body(player: Player, server: Hostile) -> None:
    def half(client: socket.socket) -> None:
        client.sendall(answer({}, length=9_000))
        server.hang(client)

    server.answers["/v1/projects"] = half
    player.submit(m.ListProjects(query="hangs"))
    server.until_asked("GET /v1/projects?query=hangs")


def follows(player: Player, server: Hostile) -> None:
    server.answers |= {
        f"/v1/jobs/{JOB}": answer(RUNNING),
        f"/v1/jobs/{JOB}/events": stream(event(1, "stage", stage="build"), then=server.hang),
    }
    player.submit(m.Watch(job_id=JOB))
    player.until(lambda state: state.job is not None and state.job.stage == "build")


def waits_to_follow_again(player: Player, server: Hostile) -> None:
    follows(player, server)
    server.answers[f"/v1/jobs/{JOB}/events"] = b""
    server.hung.set()
    player.until(lambda state: state.job is not None and state.job.link == "lost")


def downloads(player: Player, server: Hostile) -> None:
    def half(client: socket.socket) -> None:
        client.sendall(answer(raw=BLEND[:1000], length=len(BLEND)))
        server.hang(client)

    offers(server, BLEND, half)
    player.submit(m.Download(project_id=PROJECT))
    server.until_asked("GET /v1/artifacts")
    player.until(lambda state: any(each.got_bytes for each in state.downloads.values()))


def uploads(player: Player, server: Hostile) -> None:
    scene = player.home.cache / "selection.glb"
    scene.parent.mkdir(parents=True, exist_ok=True)
    scene.write_bytes(bytes(64 << 20))  # more than any socket's buffer takes
    server.answers |= {
        f"POST /v1/projects/{PROJECT}/imports": server.hang,
        "POST /v1/projects": answer({"id": PROJECT, "name": "x"}, status="201 Created"),
    }
    player.submit(m.Build(prompt="a table", scene=scene, temporary=(scene,)))
    server.until_asked(f"POST /v1/projects/{PROJECT}/imports")


def shows_a_code(player: Player, server: Hostile) -> None:
    page = "https://x.example.org/device"
    grant = {"device_code": "d", "user_code": "A", "verification_uri": page, "verification_uri_complete": page}
    server.answers["/v1/device/authorize"] = answer({**grant, "expires_in": 900, "interval": 60})
    player.submit(m.SignOut())
    player.until(lambda state: state.connection == "signed_out" and not state.working)
    player.submit(m.SignInWithCode())
    player.until(lambda state: state.code is not None)


def works_at_nothing(player: Player, server: Hostile) -> None:
    """All is quiet."""


MOMENTS: list[Callable[[Player, Hostile], None]] = [
    works_at_nothing,
    waits_for_head,
    waits_for_body,
    follows,
    waits_to_follow_again,
    downloads,
    uploads,
    shows_a_code,
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
def test_stop_ends_all_threads_at_any_moment(
    moment: Callable[[Player, Hostile], None], server: Hostile, tmp_path: Path
) -> None:
    with player_in(tmp_path) as player:
        assert player.sign_in(server.url, TOKEN).signed_in
        player.until(lambda state: not state.working)
        moment(player, server)
        assert player.worker.stop(WITHIN_S)
        assert threads_of_ours() == set()
        player.worker.submit(m.Diagnose())
        while not player.worker.inbox.empty():
            message = player.worker.inbox.get()
            assert not isinstance(message, m.Failed | m.Diagnosed), "a stopped worker says something"
        assert list(player.home.cache.rglob("*.part")) == []


@contextmanager
def a_port_that_never_answers() -> Iterator[int]:
    """Its queue is full, so that a connection to it is neither made nor refused."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_stop_ends_a_connection_that_is_being_made(tmp_path: Path) -> None:
    with a_port_that_never_answers() as port, player_in(tmp_path) as player:
        player.connect(f"http://127.0.0.1:{port}")
        player.submit(m.Diagnose())
        player.hear(m.Working)
        assert player.worker.stop(WITHIN_S)
        assert threads_of_ours() == set()


def test_stop_ends_a_look_up_of_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, over = threading.Event(), threading.Event()
    really = socket.getaddrinfo

    def slow(host: str, *more: object, **named: object) -> list[object]:
        if named.get("flags") == socket.AI_NUMERICHOST:
            return really(host, *more, **named)  # type: ignore[arg-type]
        asked.set()
        over.wait(30)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with player_in(tmp_path) as player:
        player.connect("https://slow.example.org")
        player.submit(m.Diagnose())
        assert asked.wait(20)
        assert player.worker.stop(WITHIN_S)
        over.set()


def test_a_worker_that_never_started_stops(tmp_path: Path) -> None:
    worker = Worker(home_in(tmp_path))
    worker.submit(m.Diagnose())
    assert worker.stop()
    assert worker.stop()
    assert worker.inbox.empty()


def test_watching_another_job_ends_the_first(server: Hostile, tmp_path: Path) -> None:
    other = JOB.replace("3", "7")
    with player_in(tmp_path) as player:
        assert player.sign_in(server.url, TOKEN).signed_in
        follows(player, server)
        server.answers |= {
            f"/v1/jobs/{other}": answer({**RUNNING, "id": other}),
            f"/v1/jobs/{other}/events": stream(event(1, "stage", stage="review"), then=server.hang),
        }
        player.submit(m.Watch(job_id=other))
        player.until(lambda state: state.job is not None and state.job.stage == "review")
        player.submit(m.StopWatching())
        player.until(lambda state: state.job is None)


def test_an_upload_that_is_cancelled_leaves_no_project(server: Hostile, tmp_path: Path) -> None:
    with player_in(tmp_path) as player:
        assert player.sign_in(server.url, TOKEN).signed_in
        uploads(player, server)
        player.until(lambda state: state.at_work("Build"))
        order = next(number for number, name in player.state.working.items() if name == "Build")
        player.submit(m.CancelOrder(order=order))
        player.until(lambda state: order not in state.working)
        assert player.state.trouble is None
        assert not (player.home.cache / "selection.glb").exists()
        server.until_asked(f"DELETE /v1/projects/{PROJECT}")


def test_a_line_that_was_cut_does_no_more_until_it_begins_anew() -> None:
    guard = Guard()
    line = Line(guard)
    line.begin()
    line.cut()
    with pytest.raises(Stopped), line.call(5):
        pass
    with pytest.raises(Stopped):
        line.wait(5)
    line.begin()
    with line.call(5):
        line.wait(0)
    guard.stop()
    assert guard.join(WITHIN_S)


def test_an_order_that_fails_does_not_end_its_lane() -> None:
    done: list[m.Order] = []

    def work(_lane: Lane, order: m.Order) -> None:
        if isinstance(order, m.SignOut):
            raise RuntimeError("a mistake of ours")
        done.append(order)

    guard = Guard()
    lane = Lane("test", guard, work)
    lane.put(m.SignOut())
    lane.put(m.Diagnose())
    end = time.monotonic() + 20
    while not done and time.monotonic() < end:
        time.sleep(0.005)
    assert done
    lane.close()
    assert lane.join(WITHIN_S)
