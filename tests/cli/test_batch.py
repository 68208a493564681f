"""`make --batch`: many prompts of a file, each into a folder of its own, with the failures told apart."""

import csv
import io
import json
import os
import signal
import stat
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cloud.cli.batch import BatchRequest, UnsafeArchive, make_batch, read_batch, unpack
from cloud.cli.batch_display import BatchDisplay, JsonBatchDisplay, TerminalBatchDisplay
from cloud.cli.connection import Stopwatch, Where
from cloud.errors import InvalidInput
from cloud.settings import Settings
from tests.cli.conftest import CommandLine, json_lines
from tests.ui.scripted_server import Exchange, serve

SETTINGS = Settings(batch_limit=3, body_limit_bytes=1000)


@pytest.mark.parametrize(
    ("name", "content", "prompts"),
    [
        ("My toys.csv", "prompt\na\nb\n", ["a", "b"]),
        ("My toys.JSONL", '"a"\n{"prompt": "b"}', ["a", "b"]),
        ("My toys.txt", "prompt\n\nb\n", ["prompt", "b"]),
        ("My toys", "prompt\na\n", ["a"]),
    ],
)
def test_a_file_is_read_by_its_name_or_by_how_it_begins(
    tmp_path: Path, name: str, content: str, prompts: list[str]
) -> None:
    (tmp_path / name).write_text(content)

    called, items = read_batch(str(tmp_path / name), SETTINGS)

    assert (called, [item.prompt for item in items]) == ("My toys", prompts)


def test_prompts_can_come_from_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\nb\n")))

    called, items = read_batch("-", SETTINGS)

    assert (called, [item.prompt for item in items]) == ("batch", ["a", "b"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            "prompt\n \na,b\n",
            "Line 2: the prompt is empty; say what you want to see built.\nLine 3: the row has 2 fields",
        ),
        ("prompt\na\nb\nc\nd\n", "The batch has 4 prompts; at most 3 are allowed: split it."),
        ("x" * 1001, "has more than 0 MiB; split it."),
        (None, "cannot be read: No such file or directory."),
    ],
)
def test_what_is_wrong_with_a_file_is_said_line_by_line(tmp_path: Path, content: str | None, told: str) -> None:
    file = tmp_path / "batch.csv"
    if content is not None:
        file.write_text(content)

    with pytest.raises(InvalidInput) as caught:
        read_batch(str(file), SETTINGS)

    assert told in str(caught.value)


def zip_of(**files: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "..\\x", "C:x", "link"])
def test_an_archive_that_leads_out_of_its_folder_is_not_unpacked(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("fine.txt", b"x")
        entry = zipfile.ZipInfo(name)
        if name == "link":
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, b"/etc")
    folder = tmp_path / "folder"
    folder.mkdir()

    with pytest.raises(UnsafeArchive, match="leads out of the folder"):
        unpack(tmp_path / "a.zip", folder)

    assert list(folder.iterdir()) == []


def test_a_folder_that_is_a_link_to_elsewhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of(**{"sub/x": b"x"}))
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "sub").symlink_to(elsewhere)

    with pytest.raises(UnsafeArchive):
        unpack(tmp_path / "a.zip", folder)

    assert list(elsewhere.iterdir()) == []


def test_a_damaged_archive_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK nonsense")

    with pytest.raises(UnsafeArchive, match="damaged"):
        unpack(tmp_path / "a.zip", tmp_path)


def _item(position: int, state: str, **facts: Any) -> dict[str, Any]:
    usual = {"prompt": "a chair", "stage": None, "error": None, "triangles": 12, "seconds": 1.5, "usd": 0.1}
    return {"position": position, "state": state, **usual, **facts}


def _batch(*states: str) -> dict[str, Any]:
    names = ("queued", "running", "succeeded", "failed", "cancelled")
    error = {"code": "nothing_built", "message": "No unicorns."}
    items = [_item(n, state, error=error if state == "failed" else None) for n, state in enumerate(states, 1)]
    counts = {name: states.count(name) for name in names}
    return {"id": "b", "name": "S", "total": len(states), "counts": counts, "done": 0, "usage": {"usd": 0.2}} | {
        "items": items
    }


def _report(*states: str) -> dict[str, Any]:
    batch = _batch(*states)
    items = [{**item, "folder": f"00{item['position']}-a-chair", "files": []} for item in batch["items"]]
    return {"total": len(states), "counts": batch["counts"], "usd": 0.2, "items": items}


def _run_against(
    display: BatchDisplay, folder: Path, monkeypatch: pytest.MonkeyPatch, *states: str, is_shaky: bool = False
) -> tuple[int, list[Exchange]]:
    """`make --batch` on a server that builds with this end."""
    monkeypatch.setattr("cloud.cli.batch.POLL_S", 0.01)
    (folder / "S.txt").write_text("a chair\n" * len(states))
    answers = [
        lambda exchange: exchange.reply(202, _batch(*("queued" for _ in states))),
        lambda exchange: exchange.reply(200, _batch("running", *("queued" for _ in states[1:]))),
        *([lambda exchange: None, lambda exchange: exchange.reply(503)] if is_shaky else []),
        lambda exchange: exchange.reply(200, _batch(*states)),
        lambda exchange: exchange.reply(
            200, zip_of(**{"batch.json": json.dumps(_report(*states)).encode()}), "application/zip"
        ),
    ]
    with serve(*answers) as server, display:
        request = BatchRequest(str(folder / "S.txt"), folder / "out", ("blend", "glb"), "m", Where(server.url, "p2m_x"))
        return make_batch(request, Settings(), display, Stopwatch()), server.seen


def test_all_built_is_success_and_the_whole_is_sent_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code, seen = _run_against(JsonBatchDisplay(), tmp_path, monkeypatch, "succeeded", "succeeded")

    assert exit_code == 0
    sent = {"prompt": "a chair", "name": "a chair", "model": "m", "formats": ["blend", "glb"]}
    plain = {"quality": None, "detail": None, "max_usd": None, "brief": None}
    assert json.loads(seen[0].body) == {"name": "S", "items": [sent | plain, sent | plain]}
    told = json_lines(capsys.readouterr().out)
    assert [line["state"] for line in told if line["type"] == "item"] == ["running", "succeeded", "succeeded"]
    assert told[-1]["type"] == "result"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["batch.json"]


def test_a_failure_is_told_apart_and_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code, _ = _run_against(TerminalBatchDisplay(), tmp_path, monkeypatch, "succeeded", "failed")

    assert exit_code == 1
    told = capsys.readouterr()
    assert "No unicorns." in told.out
    assert "1 of 2 built" in told.out
    assert "1 of 2 prompts was not built" in told.err


def test_a_server_that_is_started_anew_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exit_code, _ = _run_against(JsonBatchDisplay(), tmp_path, monkeypatch, "succeeded", is_shaky=True)

    assert exit_code == 0


@pytest.mark.heavy
@pytest.mark.blender
def test_three_prompts_are_built_and_the_one_that_cannot_be_is_told(command_line: CommandLine) -> None:
    (command_line.cwd / "toys.csv").write_text(
        'prompt,formats\na red cube,obj\n"a table, with a mug on it",\na unicorn,\n'
    )

    done = command_line.run("make", "--batch", "toys.csv", "--json", timeout_s=400)

    assert done.returncode == 1, done.stdout + done.stderr
    folder = command_line.cwd / "out" / "toys"
    usual = {"scene.blend", "scene.glb", "preview.png", "script.py"}
    assert {path.name for path in (folder / "001-a-red-cube").iterdir()} >= usual | {"scene.obj"}
    assert {path.name for path in (folder / "002-a-table-with-a-mug-on-it").iterdir()} == usual
    assert not (folder / ".batch.zip").exists()
    with (folder / "batch.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [(row["state"], row["error_code"]) for row in rows] == [
        ("succeeded", ""),
        ("succeeded", ""),
        ("failed", "nothing_built"),
    ]
    assert json.loads((folder / "batch.json").read_text())["finished"] is True
    command_line.assert_nothing_runs()


@pytest.mark.heavy
@pytest.mark.blender
def test_ctrl_c_cancels_the_rest_and_brings_home_what_is_done(command_line: CommandLine) -> None:
    (command_line.cwd / "many.txt").write_text("a red cube\n" + "a table with a mug on it\n" * 5)
    run = command_line.start("make", "--batch", "many.txt", "--json")
    assert run.stdout is not None
    for line in run.stdout:
        told = json.loads(line)
        if told["type"] == "item" and told["state"] == "succeeded":
            break
    os.kill(run.pid, signal.SIGINT)

    output, errors = run.communicate(timeout=60)

    assert run.returncode == 128 + signal.SIGINT, output + errors
    report = json.loads((command_line.cwd / "out" / "many" / "batch.json").read_text())
    states = [item["state"] for item in report["items"]]
    assert states[0] == "succeeded"
    assert states.count("cancelled") >= 4
    assert (command_line.cwd / "out" / "many" / "001-a-red-cube" / "scene.blend").exists()
    command_line.assert_nothing_runs()
