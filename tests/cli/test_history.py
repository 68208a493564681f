"""`prompt2mesh history`: against a real API whose rows are written as a runner writes them, and with a whole stack."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from cloud.cli.commands import app
from cloud.cli.history_view import tree_order
from cloud.db.engine import Database
from tests.api.conftest import sign_in
from tests.api.rows import give_steps
from tests.cli.conftest import CommandLine
from tests.conftest import RunningApi

CODES = ("first = 1", "second = 2", f"third = 3{' + 0' * 100}")
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def ada(api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(api, "Ada")
    yield client
    client.close()


@pytest.fixture
def run(api: RunningApi, ada: httpx2.Client) -> Run:
    token = ada.headers["Authorization"].removeprefix("Bearer ")
    environment = {"P2M_SERVER": api.url, "P2M_TOKEN": token, "COLUMNS": "200"}
    return lambda *arguments: CliRunner().invoke(app, ["history", *arguments], env=environment)


@pytest.fixture
async def steps(ada: httpx2.Client, api: RunningApi, database: Database, request: pytest.FixtureRequest) -> list[str]:
    """The ids of three steps of a project that is named after the test."""
    project = ada.post("/v1/projects", json={"name": request.node.name}).json()["id"]
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "three things"}).json()
    return await give_steps(database, api, job["id"], CODES)


def answer(result: Any) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_list_is_a_tree_with_the_scene_marked(run: Run, steps: list[str]) -> None:
    name = "test_the_list_is_a_tree_with_the_scene_marked"
    assert run("undo", name).exit_code == 0
    assert run("label", name, steps[0][:6], "the base").exit_code == 0

    lines = run(name).stdout.splitlines()

    assert lines[0].startswith(name)
    assert lines[1] == "○ empty"
    labelled = f"○ {steps[0][:8]}  [the base]  Step 1"
    assert lines[2].startswith(f"{labelled}  added Thing 1  ·  0.5 s  ·  1,200 tokens $0.2500")
    assert lines[3].startswith(f"● {steps[1][:8]}  Step 2")
    assert lines[4].startswith(f"○ {steps[2][:8]}  Step 3")
    listed = answer(run(name, "--json"))
    assert [one["id"] for one in listed["snapshots"]] == steps[::-1]
    assert listed["project"]["head_snapshot_id"] == steps[1]


def test_steps_aside_of_the_way_to_the_scene_are_indented() -> None:
    facts = [("d", "a", True), ("c", "b", False), ("b", "a", False), ("a", None, False)]
    snapshots: Any = [{"id": one, "parent_id": parent, "is_head": head} for one, parent, head in facts]

    assert [(depth, one["id"]) for depth, one in tree_order(snapshots)] == [(0, "a"), (1, "b"), (1, "c"), (0, "d")]


def test_the_scene_moves_and_a_step_is_named_by_its_id_label_or_place(run: Run, steps: list[str]) -> None:
    name = "test_the_scene_moves_and_a_step_is_named_by_its_id_label_or_place"
    answer(run("label", name, "head", "done", "--json"))
    moves = [("undo", name), ("redo", name), ("restore", name, steps[0][:8]), ("restore", name, "empty")]
    heads = [answer(run(*move, "--json"))["head_snapshot_id"] for move in [*moves, ("restore", name, "done")]]

    assert heads == [steps[1], steps[2], steps[0], None, steps[2]]
    assert run("undo", name).stdout == f"The scene is step {steps[1][:8]} now.\n"


def test_code_goes_whole_into_a_file(run: Run, steps: list[str]) -> None:
    shown = run("show", "test_code_goes_whole_into_a_file", steps[2])
    assert CODES[2] in shown.stdout.splitlines()


def test_a_step_is_shown_with_its_code_its_script_and_its_file(run: Run, steps: list[str], tmp_path: Path) -> None:
    name = "test_a_step_is_shown_with_its_code_its_script_and_its_file"

    shown = run("show", name, steps[1])
    script = run("script", name, steps[1])
    exported = answer(run("export", name, steps[1], "--out", str(tmp_path / "new"), "--json"))

    assert "added Thing 2" in shown.stdout
    assert "second = 2" in shown.stdout
    compile(script.stdout, "script.py", "exec")
    assert "first = 1" in script.stdout
    assert exported["files"] == [str(tmp_path / "new" / "scene.blend")]
    assert (tmp_path / "new" / "scene.blend").read_bytes() == b"scene after second = 2"
    assert run("script", name, "head", "--out", str(tmp_path / "s.py")).exit_code == 0
    assert "third = 3" in (tmp_path / "s.py").read_text()


def test_a_branch_is_a_new_project(run: Run, ada: httpx2.Client, steps: list[str]) -> None:
    made = answer(run("branch", "test_a_branch_is_a_new_project", steps[0], "--name", "Try", "--json"))

    assert ada.get(f"/v1/projects/{made['id']}").json()["name"] == "Try"
    assert len(answer(run(made["id"], "--json"))["snapshots"]) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["no such project"], "There is no project named 'no such project'; give its exact name or its id."),
        (["show", "{name}", "abc"], "No step of this project can be meant by 'abc'; name it by the id in its history."),
        (["show", "{name}", "empty"], "The empty scene is no step; name one that the history lists."),
        (["redo", "{name}"], "There is no step to redo: nothing was undone since the scene's last change."),
        (
            ["--token", "p2m_wrong", "{name}"],
            "The token is wrong, expired or revoked; sign in again, or make a new API token.",
        ),
    ],
)
def test_bad_input_gets_one_sentence(
    run: Run, steps: list[str], request: pytest.FixtureRequest, arguments: list[str], sentence: str
) -> None:
    filled = [argument.format(name=request.node.name) for argument in arguments]

    for_people, for_programs = run(*filled), run(*filled, "--json")

    assert (for_people.exit_code, for_programs.exit_code) == (2, 2)
    assert sentence in for_people.stderr
    assert for_people.stdout == ""
    assert json.loads(for_programs.stdout)["message"] == sentence


@pytest.mark.heavy
@pytest.mark.blender
def test_on_the_local_stack_a_build_is_undone_compared_and_exported(command_line: CommandLine) -> None:
    for prompt in ("a red cube", "add a blue sphere next to it"):
        built = command_line.run("make", prompt, "--project", "Toys", "--keep")
        assert built.returncode == 0, built.stdout + built.stderr

    def history(*arguments: str) -> Any:
        done = command_line.run("history", *arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    newest, *_, oldest = history("Toys")["snapshots"]
    assert history("undo", "Toys")["head_snapshot_id"] == newest["parent_id"]
    compared = history("compare", "Toys", oldest["id"], newest["id"], "--out", "pictures")
    assert compared["changed"]["added"]
    assert sorted(path.name for path in (command_line.cwd / "pictures").iterdir()) == ["compare-a.png", "compare-b.png"]
    exported = history("export", "Toys", newest["id"], "--format", "glb")
    assert (command_line.cwd / exported["files"][0]).read_bytes()[:4] == b"glTF"
    assert history("Toys")["project"]["head_snapshot_id"] == newest["parent_id"]
    refused = command_line.run("history", "compare", "Toys", "head", "nonsense")
    assert (refused.returncode, refused.stdout) == (2, "")
