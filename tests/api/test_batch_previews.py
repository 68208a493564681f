"""A batch read before it is sent: as it would be built, or the sentence that sending it would get; nothing is made."""

import httpx2
import pytest

CSV = 'prompt,name,quality,max_usd\n"a chair, red",Seat,draft,0.2\na table,,,\n'


def test_a_batch_is_read_as_it_would_be_built_and_nothing_is_made(ada: httpx2.Client) -> None:
    answer = ada.post(
        "/v1/batch-previews", content=CSV, params={"quality": "high"}, headers={"Content-Type": "text/csv"}
    )

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["total"], told["limit"], told["most_usd"]) == (2, 500, 15.2)
    first, second = told["items"]
    assert (first["prompt"], first["name"]) == ("a chair, red", "Seat")
    assert (first["quality"], first["max_usd"]) == ("draft", 0.2)
    assert (second["name"], second["quality"], second["formats"]) == ("a table", "high", [])
    for what in ("batches", "projects", "jobs"):
        assert ada.get(f"/v1/{what}").json()["items"] == []


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/csv", "name\nx\n"),
        ("application/x-ndjson", '"a chair"\n{"promt": "x"}\n'),
        ("text/plain", " \n"),
        ("application/json", '{"items": []}'),
        ("application/pdf", "x"),
    ],
)
def test_what_is_wrong_is_said_as_when_it_is_sent(ada: httpx2.Client, media_type: str, body: str) -> None:
    headers = {"Content-Type": media_type}
    read = ada.post("/v1/batch-previews", content=body, headers=headers)
    sent = ada.post("/v1/batches", content=body, headers=headers)
    assert read.status_code == sent.status_code == 422
    assert read.json()["detail"] == sent.json()["detail"]


def test_nobody_reads_a_batch_signed_out(ada: httpx2.Client) -> None:
    answer = httpx2.post(f"{ada.base_url}/v1/batch-previews", json={"items": ["a chair"]})
    assert answer.status_code == 401
