"""Sessions, API tokens, devices and the password, as the stand-in of the API has them."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.ui.fake_answers import now, page, problem


@dataclass
class FakeAccount:
    """`ended`: sessions that were ended, or `others`, or `sessions` (all). `answered`: codes, and what was said."""

    other_sessions: list[dict[str, Any]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    api_tokens: list[dict[str, Any]] = field(default_factory=list)
    identities: list[dict[str, Any]] = field(default_factory=list)
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    answered: list[tuple[str, str]] = field(default_factory=list)
    used_bytes: int = 1000
    quotas: list[dict[str, Any]] = field(default_factory=list)


def signed_in_client(client: str, device: str) -> dict[str, Any]:
    """One session, as the list shows it."""
    times = {"created_at": now(), "last_used_at": now(), "expires_at": now(), "ends_at": None}
    return {"id": str(uuid.uuid4()), "client": client, "device": device, "address": "203.0.113.7", **times} | {
        "is_current": False
    }


def quota(name: str, limit: float | None, used: float, renews_at: str | None = None) -> dict[str, Any]:
    """One quota, as the list shows it."""
    left = None if limit is None else max(0, limit - used)
    return {"name": name, "limit": limit, "used": used, "left": left, "renews_at": renews_at}


def waiting_device(code: str, device: str = "Linux, host lab") -> dict[str, Any]:
    """A device that asks to be let in."""
    times = {"created_at": now(), "expires_at": now()}
    return {"user_code": code, "client": "cli", "device": device, "address": "203.0.113.7", **times}


@dataclass(frozen=True)
class AccountRoutes:
    """Routes on this account; `passwords` by user name."""

    account: FakeAccount
    passwords: dict[str, str]

    def table(self) -> dict[str, Callable[[Request], Any]]:
        """Each route, by its method and path."""
        return {
            "GET /v1/sessions": self.sessions,
            "DELETE /v1/sessions": self.end_sessions,
            "DELETE /v1/sessions/others": self.end_sessions,
            "DELETE /v1/sessions/{session}": self.end_sessions,
            "GET /v1/account/quotas": self.quotas,
            "GET /v1/account/tokens": self.api_tokens,
            "POST /v1/account/tokens": self.make_api_token,
            "DELETE /v1/account/tokens/{token}": self.revoke_api_token,
            "GET /v1/account/identities": self.identities,
            "POST /v1/account/identity-tickets": self.ticket,
            "DELETE /v1/account/identities/{identity}": self.disconnect,
            "PUT /v1/account/password": self.change_password,
            "POST /v1/account/export": self.export,
            "DELETE /v1/account": self.delete_account,
            "GET /v1/deletions/{report}": self.deletion,
            "GET /v1/users/me/storage": self.storage,
            "POST /v1/device/lookup": self.device,
            "POST /v1/device/approve": self.device,
            "POST /v1/device/deny": self.device,
        }

    async def identities(self, request: Request) -> Response:
        return page(self.account.identities)

    async def ticket(self, request: Request) -> Response:
        return JSONResponse({"url": "http://127.0.0.1:9/v1/oidc/login?ticket=the-ticket&to=/account"}, 201)

    async def disconnect(self, request: Request) -> Response:
        gone = request.path_params["identity"]
        self.account.identities = [one for one in self.account.identities if one["id"] != gone]
        return Response(status_code=204)

    async def sessions(self, request: Request) -> Response:
        own = self.account.other_sessions
        return page([*own, {**signed_in_client("web", "Firefox on Windows"), "is_current": True}])

    async def end_sessions(self, request: Request) -> Response:
        """`all`, `others`, or an id."""
        self.account.ended.append(request.path_params.get("session") or request.url.path.rpartition("/")[2])
        self.account.other_sessions.clear()
        return Response(status_code=204)

    async def quotas(self, request: Request) -> Response:
        return JSONResponse({"items": self.account.quotas})

    async def api_tokens(self, request: Request) -> Response:
        return page(
            [{name: value for name, value in one.items() if name != "token"} for one in self.account.api_tokens]
        )

    async def make_api_token(self, request: Request) -> Response:
        body = await request.json()
        ends = now() if body["expires_in_days"] else None
        facts = {"id": str(uuid.uuid4()), "hint": "wxyz", "created_at": now(), "last_used_at": None}
        made = {**facts, "name": body["name"], "scopes": body["scopes"], "expires_at": ends, "token": "p2m_pat_wxyz"}
        self.account.api_tokens.append(made)
        return JSONResponse(made, 201)

    async def revoke_api_token(self, request: Request) -> Response:
        self.account.api_tokens[:] = [
            one for one in self.account.api_tokens if one["id"] != request.path_params["token"]
        ]
        return Response(status_code=204)

    async def change_password(self, request: Request) -> Response:
        body = await request.json()
        if self.passwords[request.state.username] != body["old_password"]:
            return problem(403, "wrong_password", "The present password is wrong.")
        self.passwords[request.state.username] = body["new_password"]
        return Response(status_code=204)

    async def storage(self, request: Request) -> Response:
        return JSONResponse({"used_bytes": self.account.used_bytes, "limit_bytes": None, "by_project": []})

    async def export(self, request: Request) -> Response:
        return Response(b"PK all of it", media_type="application/zip")

    async def delete_account(self, request: Request) -> Response:
        body = await request.json()
        if body["username"] != request.state.username:
            return problem(422, "invalid_input", "The username is not yours.")
        if self.passwords[request.state.username] != body["password"]:
            return problem(403, "wrong_password", "The password is wrong.")
        del self.passwords[request.state.username]
        self.account.ended.append("account")
        return JSONResponse(_deletion("stopping"), 202)

    async def deletion(self, request: Request) -> Response:
        return JSONResponse(_deletion("finished"))

    async def device(self, request: Request) -> Response:
        code = (await request.json())["user_code"].upper()
        if code not in self.account.devices:
            return problem(404, "not_found", "No device waits with this code.")
        if request.url.path.endswith("/lookup"):
            return JSONResponse(self.account.devices[code])
        del self.account.devices[code]
        self.account.answered.append((code, request.url.path.rpartition("/")[2]))
        return Response(status_code=204)


def _deletion(state: str) -> dict[str, Any]:
    facts = {"finished_at": None, "rows": {"projects": 3}, "bytes": {}, "audit_entries_blanked": 1}
    return {"report_id": str(uuid.uuid4()), "state": state, "requested_at": now(), **facts}
