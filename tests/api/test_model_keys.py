"""One's own Claude key over the real API: tested when it is entered, encrypted, never shown, nobody else's."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from cloud.accounts.secrets import Safe, new_key
from cloud.db.engine import Database
from cloud.settings import Settings
from tests.api.conftest import sign_in
from tests.conftest import RunningApi, serve_api
from tests.support.models_endpoint import GOOD_KEY, OTHER_KEY, SYSTEM_KEY, ModelsEndpoint, models_endpoint

SECRET_KEY = new_key()
ADDRESS = "/v1/account/model-key"


@pytest.fixture(scope="module")
def models() -> Iterator[ModelsEndpoint]:
    with models_endpoint() as running:
        yield running


@pytest.fixture(autouse=True)
def no_fault(models: ModelsEndpoint) -> None:
    models.fault = None


@pytest.fixture(scope="module")
def api(database_url: str, models: ModelsEndpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    """A deployment with a system key, a base URL and a key to encrypt with."""
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path_factory.mktemp("data"),
            "database_url": database_url,
            "anthropic_base_url": models.url,
            "anthropic_api_key": SYSTEM_KEY,
            "secret_keys": SECRET_KEY,
        }
    )
    with serve_api(settings) as running:
        yield running


@pytest.fixture
def someone(ada: httpx2.Client) -> httpx2.Client:
    """A user without a key of their own."""
    assert ada.delete(ADDRESS).status_code == 204
    return ada


def test_key_is_tested_kept_and_shown_by_its_end_alone(someone: httpx2.Client, models: ModelsEndpoint) -> None:
    asked = len(models.keys)
    put = someone.put(ADDRESS, json={"key": f" {GOOD_KEY}\n"})
    assert put.status_code == 200
    assert models.keys[asked:] == [GOOD_KEY]
    shown = someone.get(ADDRESS)
    assert shown.json() == put.json()
    assert shown.json()["hint"] == GOOD_KEY[-4:]
    assert shown.json()["tested_at"] is not None
    assert GOOD_KEY not in put.text + shown.text


async def test_key_is_encrypted_for_its_user_alone(
    someone: httpx2.Client, eve: httpx2.Client, database: Database
) -> None:
    someone.put(ADDRESS, json={"key": GOOD_KEY})
    user_id = someone.get("/v1/me").json()["id"]
    async with database.sessions() as session:
        row = await session.execute(text("SELECT user_id, sealed FROM model_keys WHERE user_id = :id"), {"id": user_id})
        owner, sealed = row.one()
    assert GOOD_KEY.encode() not in sealed
    assert Safe([SECRET_KEY]).open(owner, sealed) == GOOD_KEY
    assert eve.get(ADDRESS).status_code == 404


def test_key_that_is_removed_is_gone(someone: httpx2.Client) -> None:
    someone.put(ADDRESS, json={"key": GOOD_KEY})
    assert someone.delete(ADDRESS).status_code == 204
    gone = someone.get(ADDRESS)
    assert (gone.status_code, gone.json()["code"]) == (404, "no_model_key")
    assert someone.delete(ADDRESS).status_code == 204


def test_later_key_replaces_the_earlier(someone: httpx2.Client) -> None:
    someone.put(ADDRESS, json={"key": GOOD_KEY})
    someone.put(ADDRESS, json={"key": OTHER_KEY})
    assert someone.get(ADDRESS).json()["hint"] == OTHER_KEY[-4:]


def test_refused_key_is_not_kept_and_not_repeated(someone: httpx2.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    someone.put(ADDRESS, json={"key": GOOD_KEY})
    wrong = "sk-ant-wrong-key-0123456789"
    answer = someone.put(ADDRESS, json={"key": wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "model_key_refused")
    assert answer.json()["detail"].endswith(".")
    assert wrong not in answer.text + caplog.text
    assert GOOD_KEY not in caplog.text
    assert someone.get(ADDRESS).json()["hint"] == GOOD_KEY[-4:]


@pytest.mark.parametrize("fault", [(529, b"{}"), (500, b"<html>"), (200, b"<html>"), (429, b"")], ids=str)
def test_key_that_cannot_be_tested_now_is_not_kept(
    someone: httpx2.Client, models: ModelsEndpoint, fault: tuple[int, bytes]
) -> None:
    models.fault = fault
    answer = someone.put(ADDRESS, json={"key": GOOD_KEY})
    assert (answer.status_code, answer.json()["code"]) == (503, "model_unreachable")
    assert GOOD_KEY not in answer.text
    assert someone.get(ADDRESS).status_code == 404


def test_server_without_a_list_takes_the_key_untested(someone: httpx2.Client, models: ModelsEndpoint) -> None:
    models.fault = (404, b"{}")
    assert someone.put(ADDRESS, json={"key": GOOD_KEY}).json()["tested_at"] is None


@pytest.mark.parametrize(
    "key", ["", " ", "short", "two words here", "sk-änt-0123456789", "sk-ant-1\r\nx: y", "x" * 600]
)
def test_what_is_no_key_is_refused_unasked(someone: httpx2.Client, models: ModelsEndpoint, key: str) -> None:
    asked = len(models.keys)
    answer = someone.put(ADDRESS, json={"key": key})
    assert answer.status_code == 422
    assert models.keys[asked:] == []
    if len(key) > 5:
        assert key not in answer.text


def test_picker_lists_ones_own_models_else_the_systems(someone: httpx2.Client, models: ModelsEndpoint) -> None:
    before = someone.get("/v1/models").json()
    assert [each["id"] for each in before["items"]] == ["claude-sonnet-5-5", "claude-opus-5-5", "offline-modeller"]
    assert [each["is_default"] for each in before["items"]] == [True, False, False]
    assert before["items"][0]["usd_per_mtok"] == {"input": 2.0, "output": 10.0}
    assert (before["billed_to"], before["notice"]) == ("system", None)
    someone.put(ADDRESS, json={"key": GOOD_KEY})
    asked = len(models.keys)
    first, own = (someone.get("/v1/models").json() for _ in range(2))
    assert first == own
    ids = {each["id"]: each["usd_per_mtok"] for each in own["items"]}
    assert list(ids) == ["claude-sonnet-5-5", "claude-opus-5-5", "claude-next", "offline-modeller"]
    assert ids["claude-next"] is None
    assert own["billed_to"] == "user"
    assert models.keys[asked:] in ([GOOD_KEY], [])  # kept for a few minutes


def test_picker_says_what_is_amiss(someone: httpx2.Client, models: ModelsEndpoint) -> None:
    someone.put(ADDRESS, json={"key": OTHER_KEY})
    models.fault = (401, b"{}")
    shown = someone.get("/v1/models").json()
    assert [each["id"] for each in shown["items"]] == ["claude-sonnet-5-5", "offline-modeller"]
    assert "was refused" in shown["notice"]
    assert OTHER_KEY not in str(shown)


def test_deployment_without_any_key_has_the_offline_modeller(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path, "database_url": database_url})
    with serve_api(settings) as bare, contextlib.closing(sign_in(bare)) as client:
        shown = client.get("/v1/models").json()
        assert [(each["id"], each["is_default"]) for each in shown["items"]] == [("offline-modeller", True)]
        refused = client.put(ADDRESS, json={"key": GOOD_KEY})
        assert (refused.status_code, refused.json()["code"]) == (409, "keys_not_kept")
        project = client.post("/v1/projects", json={"name": "Castle"}).json()["id"]
        jobs = f"/v1/projects/{project}/jobs"
        named = client.post(jobs, json={"prompt": "a chair", "model": "claude-opus-5-5"})
        assert (named.status_code, named.json()["code"]) == (409, "model_needs_key")
        assert "prompt2mesh key set" in named.json()["detail"]
        assert client.post(jobs, json={"prompt": "a chair", "model": "offline-modeller"}).status_code == 202
    assert GOOD_KEY not in caplog.text


def test_audit_log_has_a_key_by_its_end_alone(someone: httpx2.Client) -> None:
    seen = len(_entries(someone))
    assert someone.put(ADDRESS, json={"key": GOOD_KEY}).status_code == 200
    assert someone.delete(ADDRESS).status_code == 204
    assert someone.delete(ADDRESS).status_code == 204, "there is none: nothing to note"
    removed, put = _entries(someone)[: len(_entries(someone)) - seen]
    assert (put["action"], put["details"]) == ("model_key.set", {"hint": GOOD_KEY[-4:]})
    assert removed["action"] == "model_key.removed"
    assert GOOD_KEY not in someone.get("/v1/account/audit").text


def _entries(client: httpx2.Client) -> list[dict[str, Any]]:
    return client.get("/v1/account/audit", params={"action": "model_key."}).json()["items"]
