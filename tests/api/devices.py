"""A device that signs in, as the RFC says, for tests; time is moved in the database."""

from dataclasses import dataclass
from typing import Any

import httpx2
import psycopg

from cloud.db.engine import libpq_url
from tests.conftest import RunningApi

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True)
class Device:
    """One device authorization, and the polls for it."""

    http: httpx2.Client
    api: RunningApi
    answer: dict[str, Any]
    client: str

    @property
    def user_code(self) -> str:
        return self.answer["user_code"]

    def poll(self, **changed: str) -> httpx2.Response:
        form = {"grant_type": GRANT_TYPE, "device_code": self.answer["device_code"], "client_id": self.client}
        return self.http.post("/v1/device/token", data={**form, **changed})

    def error(self, **changed: str) -> str:
        """The code of the refusal, which is as RFC 6749 says."""
        answer = self.poll(**changed)
        assert answer.status_code == 400, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert set(answer.json()) == {"error", "error_description"}
        assert answer.json()["error_description"].isascii()
        return answer.json()["error"]

    def interval_s(self) -> int:
        with psycopg.connect(libpq_url(self.api.settings.database_url)) as connection:
            statement = "SELECT interval_s FROM device_grants WHERE user_code = %s"
            row = connection.execute(statement, [self.user_code.replace("-", "")]).fetchone()
        assert row is not None
        return row[0]

    def pass_s(self, seconds: float) -> None:
        """As if so much time had passed."""
        with psycopg.connect(libpq_url(self.api.settings.database_url)) as connection:
            connection.execute(
                "UPDATE device_grants SET last_polled_at = last_polled_at - make_interval(secs => %(s)s), "
                "created_at = created_at - make_interval(secs => %(s)s), "
                "expires_at = expires_at - make_interval(secs => %(s)s) WHERE user_code = %(code)s",
                {"s": seconds, "code": self.user_code.replace("-", "")},
            )


def begin(http: httpx2.Client, api: RunningApi, client: str = "cli", **more: str) -> Device:
    """A device that has asked for a code."""
    answer = http.post("/v1/device/authorize", data={"client_id": client, **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return Device(http, api, answer.json(), client)
