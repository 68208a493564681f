"""Asking for a brief over HTTP, and sending it with a prompt."""

from uuid import uuid4

import httpx2
import pytest

BRIEF = {"title": "Chair", "parts": [{"name": "Leg", "size_m": [0.04, 0.04, 0.4], "count": 4}]}


def test_a_brief_is_a_job_that_holds_what_was_asked(ada: httpx2.Client, project: str, png: bytes) -> None:
    image = ada.post(f"/v1/projects/{project}/images", content=png).json()["id"]
    asked = {"prompt": " a chair ", "detail": "concise", "model": "offline-modeller", "image_ids": [image]}
    asked |= {"quality": "high", "max_usd": 2.5, "formats": ["stl"]}

    answer = ada.post(f"/v1/projects/{project}/briefs", json=asked)

    assert answer.status_code == 202
    job = answer.json()
    assert (job["kind"], job["prompt"], job["model"], job["state"]) == (
        "refine",
        "a chair",
        "offline-modeller",
        "queued",
    )
    wanted = {"quality": "high", "detail": "concise", "max_usd": 2.5, "formats": ["stl"], "image_ids": [image]}
    assert job["options"] == wanted
    assert ada.get(f"/v1/jobs/{job['id']}").json() == job


def test_the_same_key_makes_one_brief(ada: httpx2.Client, project: str) -> None:
    def ask() -> str:
        headers = {"Idempotency-Key": "brief-1"}
        return ada.post(f"/v1/projects/{project}/briefs", json={"prompt": "a chair"}, headers=headers).json()["id"]

    assert ask() == ask()


def test_asking_for_a_brief_does_not_hold_the_scene(ada: httpx2.Client, project: str) -> None:
    ada.post(f"/v1/projects/{project}/briefs", json={"prompt": "a chair"})
    answer = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair", "expected_head": None})
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"prompt": " "}, 422, "The prompt is empty"),
        ({"prompt": "a", "detail": "as-is"}, 422, "detail"),
        ({"prompt": "a", "image_ids": [str(uuid4())]}, 404, ""),
        ({"prompt": "a", "max_usd": 0}, 422, "max_usd"),
    ],
    ids=["empty", "as-is", "no-such-image", "no-money"],
)
def test_a_brief_that_cannot_be_made_is_refused(
    ada: httpx2.Client, project: str, body: dict, status: int, told: str
) -> None:
    answer = ada.post(f"/v1/projects/{project}/briefs", json=body)
    assert (answer.status_code, told in answer.json()["detail"]) == (status, True), answer.text


def test_anothers_project_is_not_found(eve: httpx2.Client, project: str) -> None:
    assert eve.post(f"/v1/projects/{project}/briefs", json={"prompt": "a"}).status_code == 404


@pytest.mark.parametrize(
    ("brief", "told"),
    [
        ({"title": "A", "summary": "word " * 700, "style": "b " * 900}, "1,6"),
        ({"title": "A\x07"}, "control character U+0007"),
        ({"title": "A", "parts": [{"name": "Leg", "size_m": [1, 1]}]}, "size_m"),
        ({"title": "A", "colour": "red"}, "colour"),
    ],
    ids=["long", "bell", "two-sizes", "unknown-field"],
)
def test_a_brief_that_cannot_be_used_is_refused_with_the_reason(
    ada: httpx2.Client, project: str, brief: dict, told: str
) -> None:
    answer = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair", "brief": brief})
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


def test_a_prompt_takes_the_brief_along(ada: httpx2.Client, project: str) -> None:
    answer = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair", "brief": BRIEF, "quality": "high"})
    assert answer.status_code == 202, answer.text
