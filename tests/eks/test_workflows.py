"""GitHub's workflows: least rights, nothing unpinned, nothing endless, no key that is stored.

Their schema is GitHub's own and not to be had here, so what matters of it is checked by hand.
"""

import re
from typing import Any

import pytest
import yaml

from tests.eks.conftest import ROOT

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
_JOB_KEYS = {
    *("concurrency", "env", "environment", "if", "name", "needs", "outputs", "permissions", "runs-on", "steps"),
    *("strategy", "timeout-minutes"),
}
_STEP_KEYS = {"env", "id", "if", "name", "run", "uses", "with", "working-directory"}


def _read(text: str) -> dict[str, Any]:
    read = yaml.safe_load(text)
    read["on"] = read.pop(True)  # YAML 1.1 takes `on` for a truth
    return read


def _jobs() -> list[Any]:
    return [
        pytest.param(_read(file.read_text()), job, id=f"{file.stem}-{name}")
        for file in FILES
        for name, job in _read(file.read_text())["jobs"].items()
    ]


def test_there_are_three() -> None:
    assert [file.stem for file in FILES] == ["build", "deploy", "test"]


@pytest.mark.parametrize(("workflow", "job"), _jobs())
def test_a_job_has_known_keys_an_end_and_no_more_rights_than_it_says(
    workflow: dict[str, Any], job: dict[str, Any]
) -> None:
    assert set(job) <= _JOB_KEYS
    assert 0 < job["timeout-minutes"] <= 120
    assert "concurrency" in workflow
    assert workflow["permissions"] in ({}, {"contents": "read"})
    rights = job.get("permissions", workflow["permissions"])
    assert {name: right for name, right in rights.items() if right == "write"}.keys() <= {"id-token", "attestations"}
    for step in job["steps"]:
        assert set(step) <= _STEP_KEYS
        assert ("run" in step) != ("uses" in step)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_action_is_pinned_by_its_commit_and_says_its_version(file: Any) -> None:
    used = re.findall(r"uses: (.*)", file.read_text())
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


@pytest.mark.parametrize(("workflow", "job"), _jobs())
def test_nothing_from_outside_is_pasted_into_a_shell(workflow: dict[str, Any], job: dict[str, Any]) -> None:
    del workflow
    assert [step["run"] for step in job["steps"] if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_stored_key_is_used(file: Any) -> None:
    assert "secrets." not in file.read_text()


@pytest.mark.parametrize(("workflow", "job"), _jobs())
def test_credentials_of_the_checkout_are_not_left_behind(workflow: dict[str, Any], job: dict[str, Any]) -> None:
    del workflow
    checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_production_comes_after_staging_and_needs_its_environment() -> None:
    jobs = _read((ROOT / ".github" / "workflows" / "deploy.yml").read_text())["jobs"]
    assert jobs["production"]["needs"] == "staging"
    assert (jobs["staging"]["environment"], jobs["production"]["environment"]) == ("staging", "production")
    assert jobs["staging"]["steps"] == jobs["production"]["steps"]


def test_roles_of_the_workflows_are_those_that_terraform_lets_in() -> None:
    github = (ROOT / "k8s" / "eks" / "github.tf").read_text()
    deploy = _read((ROOT / ".github" / "workflows" / "deploy.yml").read_text())
    assert {job["environment"] for job in deploy["jobs"].values()} == set(re.findall(r'"(staging|production)"', github))
    longest = int(re.findall(r"max_session_duration = (\d+)", github)[0])
    options = [step.get("with", {}) for step in deploy["jobs"]["staging"]["steps"]]
    asked = [one["role-duration-seconds"] for one in options if "role-duration-seconds" in one]
    assert asked
    assert max(asked) <= longest
    assert _read((ROOT / ".github" / "workflows" / "build.yml").read_text())["on"]["push"]["branches"] == ["main"]
    assert "ref:refs/heads/main" in github
