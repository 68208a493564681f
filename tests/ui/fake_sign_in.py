"""The fake API's routes about who one is."""

import uuid
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.ui.fake_answers import problem

if TYPE_CHECKING:
    from tests.ui.fake_api import FakeApi

PUBLIC = {
    "POST /v1/users",
    "POST /v1/sessions",
    "GET /v1/sign-in/options",
    "POST /v1/password-resets",
    "GET /v1/deletions/{report}",
} | {"POST /v1/oidc/sessions", "GET /v1/version"}


_LATER = "2099-01-01T00:00:00+00:00"


class SignInRoutes:
    """Mixed into the fake's routes. A code of `api.codes` says whose password it resets; "" is an invite."""

    api: "FakeApi"

    def sign_in_table(self) -> dict[str, Any]:
        """The routes by method and path."""
        return {
            "GET /v1/sign-in/options": self.sign_in_options,
            "POST /v1/users": self.sign_up,
            "POST /v1/sessions": self.log_in,
            "DELETE /v1/sessions/current": self.log_out,
            "POST /v1/password-resets": self.reset_password,
            "POST /v1/admin/claim": self.claim_admin,
            "POST /v1/oidc/sessions": self.redeem,
            "GET /v1/me": self.me,
            "GET /v1/version": self.versions,
        }

    async def versions(self, request: Request) -> Response:
        newest = self.api.add_on
        path = f"/v1/extension/prompt2mesh-{newest}.zip" if newest else None
        add_on = {"oldest": "0.1.0", "newest": newest, "path": path, "repository": "/v1/extension/index.json"}
        return JSONResponse({"version": "0.1.0", "add_on": add_on})

    async def sign_in_options(self, request: Request) -> Response:
        lengths = {"password_least_chars": 8, "password_most_chars": 256}
        return JSONResponse({"sign_up": self.api.sign_up, **lengths, "oidc": self.api.oidc})

    async def redeem(self, request: Request) -> Response:
        """No browser under AppTest has a cookie."""
        return problem(403, "oidc_sign_in_gone", "This sign-in began in another browser; begin it again.")

    async def sign_up(self, request: Request) -> Response:
        body = await request.json()
        if self.api.sign_up != "open" and self.api.codes.pop(body.get("invite", ""), None) is None:
            return problem(403, "invite_wrong", "This invite is wrong.")
        if body["username"] in self.api.passwords:
            return problem(409, "conflict", f"The user name {body['username']!r} is taken.")
        self.api.passwords[body["username"]] = body["password"]
        return JSONResponse(self._user(body["username"]), 201)

    async def log_in(self, request: Request) -> Response:
        body = await request.json()
        if self.api.passwords.get(body["username"]) != body["password"]:
            return problem(401, "unauthorized", "The user name or the password is wrong.")
        token = self.api.add_user(body["username"], body["password"])
        user = self._user(body["username"])
        times = {"expires_at": _LATER, "ends_at": _LATER}
        return JSONResponse({"id": "s", "token": token, "user": user, **times}, 201)

    async def log_out(self, request: Request) -> Response:
        del self.api.tokens[request.headers["Authorization"].removeprefix("Bearer ")]
        return Response(status_code=204)

    async def reset_password(self, request: Request) -> Response:
        body = await request.json()
        username = self.api.codes.pop(body["code"], "")
        if not username:
            return problem(403, "link_wrong", "This code is wrong.")
        self.api.passwords[username] = body["new_password"]
        return Response(status_code=204)

    async def claim_admin(self, request: Request) -> Response:
        if self.api.codes.pop((await request.json())["code"], None) is None:
            return problem(403, "link_wrong", "This code is wrong.")
        self.api.admins.add(request.state.username)
        return JSONResponse(self._user(request.state.username))

    async def me(self, request: Request) -> Response:
        return JSONResponse(self._user(request.state.username))

    def _user(self, username: str) -> dict[str, Any]:
        facts: dict[str, Any] = {"is_admin": username in self.api.admins, "has_password": True}
        facts["id"] = str(uuid.uuid5(uuid.NAMESPACE_URL, username))
        return {"username": username, **facts, "created_at": "2026-11-22T10:00:00+00:00"}
