"""Projects and reference images over HTTP."""

import io
from datetime import datetime

import httpx2
import pytest
from PIL import Image

from tests.api.conftest import sign_in
from tests.conftest import RunningApi


def test_a_project_is_made_renamed_and_deleted(ada: httpx2.Client) -> None:
    made = ada.post("/v1/projects", json={"name": "  Żółty zamek 🏰 "})
    assert made.status_code == 201
    project = made.json()
    assert (project["name"], project["head_snapshot_id"]) == ("Żółty zamek 🏰", None)
    assert ada.get(f"/v1/projects/{project['id']}").json() == project

    renamed = ada.patch(f"/v1/projects/{project['id']}", json={"name": "Tower"}).json()
    assert renamed["name"] == "Tower"
    assert datetime.fromisoformat(renamed["updated_at"]) > datetime.fromisoformat(project["updated_at"])

    assert ada.delete(f"/v1/projects/{project['id']}").status_code == 204
    assert ada.get(f"/v1/projects/{project['id']}").status_code == 404
    assert project["id"] not in [one["id"] for one in ada.get("/v1/projects").json()["items"]]


def test_pages_hold_every_project_once_newest_first_while_more_are_added(api: RunningApi) -> None:
    client = sign_in(api)
    made = [client.post("/v1/projects", json={"name": str(number)}).json()["id"] for number in range(7)]
    seen: list[str] = []
    cursor = None
    while cursor is not None or not seen:
        page = client.get("/v1/projects", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["items"]) <= 3
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        client.post("/v1/projects", json={"name": "added meanwhile"})

    assert seen == made[::-1]


def test_deleting_a_project_cancels_its_jobs(ada: httpx2.Client, api: RunningApi, project: str) -> None:
    import psycopg

    from cloud.db.engine import libpq_url

    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]

    ada.delete(f"/v1/projects/{project}")

    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        assert connection.execute("SELECT state FROM jobs WHERE id = %s", (job,)).fetchone() == ("cancelled",)


def _upload(client: httpx2.Client, project: str, picture: Image.Image, kind: str, **options: object) -> dict[str, str]:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    answer = client.post(f"/v1/projects/{project}/images", content=buffer.getvalue())
    assert answer.status_code == 201, answer.text
    return answer.json()


def _download(client: httpx2.Client, artifact: dict[str, str]) -> Image.Image:
    answer = client.get(f"/v1/artifacts/{artifact['id']}/content")
    assert answer.headers["Content-Type"] == artifact["media_type"]
    return Image.open(io.BytesIO(answer.content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_an_image_of_each_kind_is_kept_as_a_reference(ada: httpx2.Client, project: str, kind: str) -> None:
    artifact = _upload(ada, project, Image.new("RGB", (60, 40), "red"), kind)

    assert (artifact["kind"], artifact["job_id"]) == ("reference", None)
    kept = _download(ada, artifact)
    assert kept.size == (60, 40)
    pixel = kept.convert("RGB").getpixel((30, 20))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 240
    assert max(pixel[1:]) < 15
    assert [one["id"] for one in ada.get(f"/v1/projects/{project}/artifacts").json()["items"]] == [artifact["id"]]


def test_a_photo_is_turned_upright_scaled_and_loses_its_metadata(ada: httpx2.Client, project: str) -> None:
    photo = Image.new("RGB", (4000, 1000), "blue")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Secret Camera"

    kept = _download(ada, _upload(ada, project, photo, "JPEG", exif=exif, comment=b"secret place"))

    assert kept.size == (392, 1568)
    assert not kept.getexif()
    assert "comment" not in kept.info


def test_transparency_is_kept(ada: httpx2.Client, project: str) -> None:
    kept = _download(ada, _upload(ada, project, Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "WEBP"))

    assert kept.convert("RGBA").getpixel((4, 4))[3] == 0  # type: ignore[index]


def test_a_noisy_image_stays_within_what_the_model_takes(ada: httpx2.Client, project: str) -> None:
    noise = Image.effect_noise((2000, 2000), 90).convert("RGB")

    assert int(_upload(ada, project, noise, "PNG", compress_level=1)["bytes"]) < 3_600_000
