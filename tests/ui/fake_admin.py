"""What admins ask of the API, and what calls cost, as the stand-in has it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.ui.fake_account import quota
from tests.ui.fake_answers import now, page, problem

PARTS = {"api": "It answers.", "database": "It answers.", "storage": "It takes writes.", "queue": "Nothing waits."}


def sums(name: str = "", usd: float | None = 0.5, cached: int = 300) -> dict[str, Any]:
    """What some calls used; with a name, as a group."""
    facts = {"calls": 2, "estimates": 0, "input_tokens": 60, "output_tokens": 40, "cache_read_tokens": cached}
    return {**({"name": name} if name else {}), **facts, "cache_write_tokens": 40, "usd": usd}


def account(name: str, *, is_admin: bool = False) -> dict[str, Any]:
    """A user, as admins see one."""
    counts = {"queued_jobs": 0, "running_jobs": 0, "day_jobs": 3, "month_tokens": 10, "storage_bytes": 2048}
    standing = {"suspended_at": None, "suspended_for": "", "deletion_requested_at": None}
    facts = {"id": str(uuid.uuid4()), "username": name, "is_admin": is_admin, "created_at": now(), "month_usd": 0.25}
    return {**facts, **counts, **standing}


@dataclass
class FakeAdmin:
    """`acts`: what was done to whom. `asked`: the queries of the audit log. `usage`: groups by day."""

    users: list[dict[str, Any]] = field(default_factory=list)
    acts: list[tuple[str, str, Any]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    usage: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    invites: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    runners: int = 1


@dataclass(frozen=True)
class AdminRoutes:
    """Routes for admins, and the ledger; `admins`: the names of those."""

    admin: FakeAdmin
    admins: set[str]

    def table(self) -> dict[str, Callable[[Request], Any]]:
        """Each route, by its method and path."""
        for_admins = {
            "GET /v1/admin/health": self.health,
            "GET /v1/admin/claims": self.claims,
            "GET /v1/admin/jobs": self.nothing,
            "GET /v1/admin/usage": self.all_usage,
            "GET /v1/admin/deployment": self.deployment,
            "GET /v1/admin/audit": self.audit,
            "GET /v1/admin/users": self.users,
            "GET /v1/admin/users/{user}": self.user,
            "PATCH /v1/admin/users/{user}/quotas": self.act,
            "POST /v1/admin/users/{user}/suspend": self.act,
            "POST /v1/admin/users/{user}/restore": self.act,
            "POST /v1/admin/users/{user}/make-admin": self.act,
            "POST /v1/admin/users/{user}/reset-link": self.link,
            "GET /v1/admin/invites": self.invites,
            "POST /v1/admin/invites": self.link,
        }
        return {"GET /v1/usage": self.usage} | {route: self._guarded(do) for route, do in for_admins.items()}

    def _guarded(self, do: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if request.state.username not in self.admins:
                return problem(403, "scope_missing", "This is for admins.")
            return await do(request)

        return endpoint

    async def usage(self, request: Request) -> Response:
        month = {"began": now(), "ends": now(), "spent_usd": 0.5, "limit_usd": None, "left_usd": None}
        return JSONResponse({**self._report(), "month": month, "unpriced_models": ["*odd*"]})

    async def all_usage(self, request: Request) -> Response:
        return JSONResponse({**self._report(), "by_user": [sums("ada *the* first")] if self.admin.usage else []})

    def _report(self) -> dict[str, Any]:
        groups: dict[str, list[dict[str, Any]]] = {"by_model": [], "by_purpose": [], "by_payer": []}
        return {"totals": sums(), "by_day": self.admin.usage, **groups}

    async def nothing(self, request: Request) -> Response:
        return page([])

    async def health(self, request: Request) -> Response:
        parts = [{"name": name, "is_well": True, "says": says} for name, says in PARTS.items()]
        says = "1 connected." if self.admin.runners else "None is connected, so no job begins."
        parts.append({"name": "runners", "is_well": self.admin.runners > 0, "says": says})
        sizes = {"database_ms": 1.0, "database_bytes": 2**20, "storage_bytes": 2**30}
        queue = {"queued_jobs": 0, "running_jobs": 0, "oldest_waiting_s": None}
        runners = [{"address": "", "since": now()}] * self.admin.runners
        facts = {"version": "0.1.0", "schema_version": "0042", "runners": runners}
        return JSONResponse({"parts": parts, **facts, **sizes, **queue})

    async def claims(self, request: Request) -> Response:
        return page(self.admin.claims)

    async def deployment(self, request: Request) -> Response:
        facts = {"users": 2, "admins": 1, "suspended_users": 0, "queued_jobs": 0, "running_jobs": 0}
        return JSONResponse({**facts, "quotas": [quota("day_jobs", 100, 20)]})

    async def audit(self, request: Request) -> Response:
        self.admin.asked.append(dict(request.query_params))
        return page(self.admin.entries)

    async def users(self, request: Request) -> Response:
        wanted, suspended = request.query_params.get("search", ""), request.query_params.get("suspended")
        found = [user for user in self.admin.users if wanted in user["username"]]
        return page([u for u in found if suspended is None or (u["suspended_at"] is not None) == (suspended == "true")])

    async def user(self, request: Request) -> Response:
        return JSONResponse(self._detail(request))

    def _detail(self, request: Request) -> dict[str, Any]:
        user = next(one for one in self.admin.users if one["id"] == request.path_params["user"])
        none = {"day_jobs": None, "month_usd": None, "month_tokens": None, "storage_mib": None}
        belongings = {"projects": 1, "sessions": 1, "api_tokens": 0, "own_limits": none}
        return {**user, **belongings, "quotas": [quota("day_jobs", 20, 3)]}

    async def act(self, request: Request) -> Response:
        what = request.url.path.rpartition("/")[2]
        user = next(one for one in self.admin.users if one["id"] == request.path_params["user"])
        body = await request.json() if await request.body() else None
        self.admin.acts.append((what, user["username"], body))
        if what in {"suspend", "restore"}:
            user["suspended_at"] = now() if what == "suspend" else None
            user["suspended_for"] = body["reason"] if body else ""
        if what == "make-admin":
            user["is_admin"] = True
        return JSONResponse(self._detail(request))

    async def link(self, request: Request) -> Response:
        note = (await request.json())["note"] if await request.body() else ""
        made = {"id": str(uuid.uuid4()), "note": note, "created_at": now(), "expires_at": now()}
        if request.url.path.endswith("/invites"):
            self.admin.invites.append(made)
        return JSONResponse({**made, "code": "p2m_lnk_x", "url": "http://127.0.0.1:9/?x=p2m_lnk_x"}, 201)

    async def invites(self, request: Request) -> Response:
        return page(self.admin.invites)
