"""A job may ask to be built with less help only where the deployment says so."""

import httpx2
import pytest

from cloud.api.ablations import AblationsOff, allowed_ablations
from cloud.settings import Settings


def test_a_server_that_does_not_evaluate_refuses_ablations(ada: httpx2.Client, project: str) -> None:
    answer = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a box", "without": ["pictures"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "ablations_off")
    assert ada.get("/v1/jobs", params={"project_id": project}).json()["items"] == []


def test_an_ablation_that_does_not_exist_is_refused(ada: httpx2.Client, project: str) -> None:
    answer = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a box", "without": ["gravity"]})
    assert answer.status_code == 422


def test_a_server_that_evaluates_takes_each_once() -> None:
    settings = Settings(allow_ablations=True)
    assert allowed_ablations(["lookup", "check", "lookup"], settings) == ["check", "lookup"]
    assert allowed_ablations([], Settings()) == []
    with pytest.raises(AblationsOff):
        allowed_ablations(["check"], Settings())
