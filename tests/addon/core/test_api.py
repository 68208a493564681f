"""The worker against the real API on a real database; what the runner would do is written by the test."""

import stat
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest

from addon.core import messages as m
from cloud.db.engine import Database, libpq_url
from cloud.jobs.events import JobStarted, StageChanged, StepFinished, StepStarted, UsageChanged, UsageTotals, Waiting
from tests.addon.core.player import Player, player_in
from tests.api.conftest import sign_in
from tests.api.rows import emit, finish_job, give_steps, start_job
from tests.conftest import RunningApi


@pytest.fixture(scope="module")
def browser(api: RunningApi) -> Iterator[httpx2.Client]:
    """The user, signed in elsewhere."""
    client = sign_in(api)
    yield client
    client.close()


@pytest.fixture
def signed_in(player: Player, api: RunningApi, browser: httpx2.Client) -> Player:
    assert player.sign_in(api.url, api_token(browser)).signed_in, player.state.connection_words
    return player


def api_token(browser: httpx2.Client) -> str:
    made = browser.post("/v1/account/tokens", json={"name": "Blender"})
    assert made.status_code == 201, made.text
    return made.json()["token"]


def move_clock(api: RunningApi, seconds: float) -> None:
    """As if so much time had passed for all devices that wait."""
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        connection.execute(
            "UPDATE device_grants SET last_polled_at = last_polled_at - make_interval(secs => %(s)s), "
            "expires_at = expires_at - make_interval(secs => %(s)s)",
            {"s": seconds},
        )


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code is asked for at once, again and again; the server says `slow_down` to that."""
    from addon.core.lane import Lane

    later = Lane.later
    monkeypatch.setattr(Lane, "later", lambda lane, order, wait_s: later(lane, order, min(wait_s, 0.05)))


@pytest.mark.usefixtures("quick_polls")
def test_a_confirmed_code_signs_in_and_is_kept_for_the_next_start(
    player: Player, api: RunningApi, browser: httpx2.Client, tmp_path: Path
) -> None:
    assert player.connect(api.url).connection == "signed_out"
    player.submit(m.SignInWithCode())
    code = player.until(lambda state: state.code).code
    assert code is not None
    assert code.url == f"{api.url}/device?code={code.user_code}"
    browser.post("/v1/device/approve", json={"user_code": code.user_code}).raise_for_status()
    player.until(lambda state: state.signed_in)
    assert player.state.user is not None
    assert player.state.user.username.startswith("user ")
    assert player.state.code is None
    kept = player.home.config / "credentials.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    token = kept.read_text()
    assert "p2m_ses_" in token
    assert "p2m_" not in repr(player.heard)

    with player_in(tmp_path / "addon") as next_start:
        next_start.submit(m.Connect(server=f"{api.url}/"))
        next_start.until(lambda state: state.signed_in)
        next_start.submit(m.SignOut())
        next_start.until(lambda state: state.connection == "signed_out" and not state.working)
        assert next_start.state.connection_words == ""
        assert "p2m_" not in kept.read_text()
    sessions = browser.get("/v1/sessions").json()["items"]
    assert [each["client"] for each in sessions] == ["api"], "the session was not revoked"

    player.submit(m.ListProjects())
    player.until(lambda state: state.connection == "signed_out")
    assert player.state.connection_words == "Your sign-in has ended; sign in again."


@pytest.mark.usefixtures("quick_polls")
def test_a_code_that_is_turned_down_says_so(player: Player, api: RunningApi, browser: httpx2.Client) -> None:
    player.connect(api.url)
    player.submit(m.SignInWithCode())
    code = player.until(lambda state: state.code).code
    assert code is not None
    browser.post("/v1/device/deny", json={"user_code": code.user_code}).raise_for_status()
    player.until(lambda state: state.connection == "signed_out")
    assert "turned down" in player.state.connection_words


@pytest.mark.usefixtures("quick_polls")
def test_a_code_that_nobody_confirms_expires(player: Player, api: RunningApi) -> None:
    player.connect(api.url)
    player.submit(m.SignInWithCode())
    player.until(lambda state: state.code)
    move_clock(api, 1_000)
    player.until(lambda state: state.connection == "signed_out")
    assert "in time" in player.state.connection_words


def test_a_code_that_is_given_up_is_not_asked_for(player: Player, api: RunningApi) -> None:
    player.connect(api.url)
    player.submit(m.SignInWithCode())
    player.until(lambda state: state.code)
    player.submit(m.CancelSignIn())
    player.until(lambda state: state.connection == "signed_out" and state.code is None)


def test_a_wrong_token_is_not_kept(player: Player, api: RunningApi) -> None:
    player.connect(api.url)
    player.submit(m.SignInWithToken(token=f"p2m_pat_{'a' * 49}"))
    player.until(lambda state: "does not know this token" in state.connection_words)
    player.submit(m.SignInWithToken(token="hunter2"))
    assert "This is no token" in player.hear(m.Failed).sentence
    assert not (player.home.config / "credentials.json").exists()


def test_a_token_that_was_given_holds_after_signing_out(signed_in: Player, browser: httpx2.Client) -> None:
    signed_in.submit(m.SignOut())
    signed_in.until(lambda state: "still holds" in state.connection_words)
    assert "Blender" in browser.get("/v1/account/tokens").text
    signed_in.submit(m.ListProjects())
    assert "not signed in" in signed_in.hear(m.Failed).sentence


async def test_a_job_is_followed_from_its_prompt_to_its_end(
    signed_in: Player, api: RunningApi, database: Database, png: bytes
) -> None:
    picture = signed_in.home.cache / "viewport.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(png)
    signed_in.submit(m.Build(prompt="a castle\nwith towers", images=(picture,), temporary=(picture,)))
    signed_in.until(lambda state: state.job is not None and state.project is not None)
    job = signed_in.job
    assert job.stage_words == "Waiting in the queue"
    assert signed_in.history.project.name == "a castle with towers"
    assert not picture.exists()

    await start_job(database, job.id)
    await emit(
        database,
        job.id,
        JobStarted(attempt=1, model="claude-x"),
        StageChanged(stage="build"),
        StepStarted(step=1, tool="run_python", title="Tower"),
        StepFinished(step=1, tool="run_python", title="Tower", ok=True, seconds=1.0),
        Waiting(reason="rate_limit", seconds=2.0),
        UsageChanged(usage=UsageTotals(input_tokens=10, output_tokens=5, usd=0.25), usd_limit=2.0),
    )
    signed_in.until(lambda state: state.job is not None and state.job.usage.tokens == 15)
    job = signed_in.job
    assert (job.state, job.stage_words, job.steps_done, job.usage.usd) == ("running", "Building", 1, 0.25)
    assert 0.1 < job.fraction < 0.9

    result = {"model": "claude-x", "objects": 3, "triangles": 12, "summary": "A castle.", "seconds": 9.5}
    result |= {"usage": {"input_tokens": 100, "output_tokens": 20, "usd": 0.5}}
    await finish_job(database, job.id, result)
    signed_in.until(lambda state: state.job is not None and state.job.ended)
    assert signed_in.job.result is not None
    assert signed_in.job.result.summary == "A castle."
    assert (signed_in.job.usage.tokens, signed_in.job.usage.usd) == (120, 0.5)
    assert signed_in.job.elapsed_s(0.0) == 9.5


async def test_a_job_that_goes_on_is_offered_after_a_restart_and_can_be_cancelled(
    signed_in: Player, api: RunningApi, browser: httpx2.Client, tmp_path: Path
) -> None:
    signed_in.submit(m.Build(prompt="a castle"))
    signed_in.until(lambda state: state.job is not None)
    with player_in(tmp_path / "addon") as next_start:
        next_start.submit(m.Connect(server=api.url))
        offered = next_start.until(lambda state: state.jobs_found).jobs_found
        next_start.submit(m.Watch(job_id=offered[0].id))
        next_start.until(lambda state: state.job is not None and state.job.prompt == "a castle")
        assert offered[0].id not in [job.id for job in next_start.state.jobs_found]
        next_start.submit(m.CancelJob(job_id=offered[0].id))
        next_start.until(lambda state: state.job is not None and state.job.state == "cancelled")
    signed_in.until(lambda state: state.job is not None and state.job.state == "cancelled")


async def test_history_moves_branches_and_comes_here(
    signed_in: Player, api: RunningApi, browser: httpx2.Client, database: Database
) -> None:
    project = browser.post("/v1/projects", json={"name": "../../Castle"}).json()["id"]
    job = browser.post(f"/v1/projects/{project}/jobs", json={"prompt": "a castle"}).json()["id"]
    first, second = await give_steps(database, api, job, ["one", "BLENDER two"])
    signed_in.submit(m.OpenProject(project_id=project))
    history = signed_in.until(lambda state: state.project).project
    assert history is not None
    assert [step.id for step in history.snapshots] == [second, first]
    assert history.project.head_snapshot_id == second

    signed_in.submit(m.Move(project_id=project, how="undo"))
    signed_in.until(lambda state: state.project is not None and state.project.project.head_snapshot_id == first)
    signed_in.submit(m.Move(project_id=project, how="redo"))
    signed_in.until(lambda state: state.project is not None and state.project.project.head_snapshot_id == second)
    signed_in.submit(m.Move(project_id=project, how="redo"))
    assert "redo" in signed_in.hear(m.Failed).sentence
    signed_in.submit(m.Move(project_id=project, how="restore", snapshot_id=first))
    signed_in.until(lambda state: state.project is not None and state.project.project.head_snapshot_id == first)
    signed_in.submit(m.Branch(project_id=project, snapshot_id=first, name="Other"))
    signed_in.until(lambda state: state.project is not None and state.project.project.name == "Other")

    order = signed_in.submit(m.Download(project_id=project))
    failed = signed_in.hear(m.Failed)
    assert "is no .blend" in failed.sentence, "the first step of the test is no .blend"
    assert order not in signed_in.state.downloads


def test_projects_are_listed_page_by_page_and_searched(
    signed_in: Player, browser: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("addon.core.calls.PAGE", 2)
    for name in ("zebra Castle", "zebra Chair", "zebra Table"):
        browser.post("/v1/projects", json={"name": name}).raise_for_status()
    signed_in.submit(m.ListProjects(query="zebra", sort="name"))
    signed_in.until(lambda state: len(state.cards) == 2 and state.more_cards)
    signed_in.submit(m.ListProjects(query="zebra", sort="name", more=True))
    signed_in.until(lambda state: len(state.cards) == 3 and not state.more_cards)
    assert [card.name for card in signed_in.state.cards] == ["zebra Castle", "zebra Chair", "zebra Table"]
    signed_in.submit(m.ListProjects(query="zebra chair"))
    signed_in.until(lambda state: [card.name for card in state.cards] == ["zebra Chair"])


def test_a_diagnosis_tells_no_secret(signed_in: Player, api: RunningApi, browser: httpx2.Client) -> None:
    signed_in.submit(m.Diagnose())
    diagnosed = signed_in.hear(m.Diagnosed)
    assert diagnosed.sentence == "", diagnosed.report
    assert "signed in with a token" in diagnosed.report
    assert "differs by" in diagnosed.report
    for secret in ("p2m_", "127.0.0.1", str(Path.home()), str(signed_in.home.config)):
        assert secret not in diagnosed.report


def test_a_diagnosis_names_what_is_amiss(player: Player) -> None:
    player.submit(m.Connect(server="https://nobody.invalid", online=False))
    player.until(lambda state: state.connection == "offline")
    player.submit(m.Diagnose())
    assert "online access is off" in player.hear(m.Diagnosed).sentence
    player.connect("http://127.0.0.1:9")
    player.submit(m.Diagnose())
    assert "Nothing answers" in player.hear(m.Diagnosed).sentence


def test_nothing_leaves_before_somebody_asks(player: Player, api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    assert player.connect(api.url).connection == "signed_out"
    player.submit(m.Connect(server=api.url, online=False))
    player.until(lambda state: state.connection == "offline")
    player.submit(m.SignInWithCode())
    assert "online access is off" in player.hear(m.Failed).sentence


def test_without_a_network_it_waits_for_the_server(
    player: Player, signed_in: Player, api: RunningApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("addon.core.duties.sign_in.RECONNECT_WAITS_S", (0.05,))
    monkeypatch.setattr("addon.core.transport.RETRY_WAITS_S", ())
    import socket

    really = socket.socket.connect_ex
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: 101)
    with player_in(tmp_path / "addon") as next_start:
        next_start.submit(m.Connect(server=api.url))
        next_start.until(lambda state: state.connection == "offline")
        assert "tried again" in next_start.state.connection_words
        monkeypatch.setattr(socket.socket, "connect_ex", really)
        next_start.until(lambda state: state.signed_in)


def test_a_worker_that_was_stopped_holds_no_connection(signed_in: Player) -> None:
    signed_in.until(lambda state: not state.working)
    assert signed_in.worker.connections > 0
    assert signed_in.worker.stop(timeout_s=5.0)
    assert signed_in.worker.connections == 0
