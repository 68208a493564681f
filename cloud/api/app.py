"""The API as an ASGI app."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from cloud.accounts.model_keys.keys import ModelKeys
from cloud.accounts.password_changes import PasswordChanges
from cloud.accounts.secrets import Safe
from cloud.accounts.sign_in import Accounts
from cloud.accounts.throttle.throttle import Throttle
from cloud.agent.access import ModelAccess
from cloud.agent.catalogue import ModelCatalogue
from cloud.api import problems
from cloud.api.access import Doors
from cloud.api.accounts_setup import account_rules, first_admin_announced
from cloud.api.dependencies import Demand, Services
from cloud.api.docs_page import install_docs
from cloud.api.document import complete_document
from cloud.api.floods import refuse_floods
from cloud.api.gateway.gateway import Gateway
from cloud.api.headers import SecureHeaders
from cloud.api.oidc_setup import oidc_client_of, oidc_sign_in
from cloud.api.open_streams import OpenStreams
from cloud.api.origins import cross_origin, refuse_rebinding
from cloud.api.rates import RequestRates
from cloud.api.routes import (
    account_export,
    accounts,
    admin_jobs,
    admin_oversight,
    admin_users,
    api_tokens,
    artifacts,
    audit,
    batch_previews,
    batches,
    briefs,
    deletion,
    devices,
    event_streams,
    extension,
    gallery,
    health,
    history,
    imports,
    jobs,
    links,
    mcp,
    model_keys,
    oidc,
    parameters,
    passwords,
    projects,
    quotas,
    sessions,
    shared,
    shares,
    step_models,
    storage,
    take_home,
    usage,
)
from cloud.api.telemetry import telemetry_of
from cloud.api.watching import WatchedRequests
from cloud.db.engine import Database
from cloud.errors import InvalidInput
from cloud.jobs.closing.work import Deletions, at_work
from cloud.jobs.feed import EventFeed
from cloud.jobs.measured_store import MeasuredStore
from cloud.jobs.takeout.archive import Exports
from cloud.projects.image_process import ImageProcesses
from cloud.settings import Settings
from cloud.start import version

_DESCRIPTION = """
Say what you want, watch it being built in a real Blender, download a `.blend` that you can edit.

Sign up (`POST /v1/users`), log in (`POST /v1/sessions`), create a project, send a prompt, follow its events, download
its files. Every error is a problem document (RFC 9457) whose `detail` is one sentence for people and whose `code` is
stable; the refusals of the device sign-in alone are OAuth's (RFC 8628). Programs sign in by a device code
(`POST /v1/device/authorize`) or have an API token (`POST /v1/account/tokens`). Lists come in pages: pass `next_cursor`
as `cursor`.
"""


class _Prompt2MeshApi(FastAPI):
    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(**options)
        self._settings = settings
        self._edge = WatchedRequests(SecureHeaders(cross_origin(self._admit, settings)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._edge(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or super().__call__)(scope, receive, send)

    def _refusal(self, scope: Scope) -> problems.ProblemResponse | None:
        """What to answer before anything is read; None: let the request in."""
        headers = Headers(scope=scope)
        # FastAPI's own limit answers a declared length in plain text; it stays for bodies that declare none.
        declared = headers.get("content-length", "")
        limit = imports.BODY_LIMIT_BYTES if scope["path"].endswith("/imports") else self.max_body_size
        if limit is not None and declared.isdecimal() and int(declared[:18]) > limit:
            return problems.body_too_large()
        if headers.get("content-encoding", "identity") != "identity":
            return problems.compressed_body()
        refusal = refuse_rebinding(scope, self._settings) or refuse_floods(self, scope)
        return problems.problem_of(refusal) if refusal else None

    def openapi(self) -> dict[str, Any]:
        return self.openapi_schema or complete_document(super().openapi())


def create_app(settings: Settings) -> FastAPI:
    """The app; it opens its database, store and feed when it is started, and closes them when it is stopped.

    Raises: InvalidInput: the settings name no database, keys to encrypt with that are none, or half an OpenID provider.
    UnguardedRoute: a route
    would answer anybody, and is not among those that may.
    """
    if not settings.database_url:
        raise InvalidInput("DATABASE_URL is not set: the API needs the address of a PostgreSQL.")

    secret_keys = settings.secret_keys
    safe = Safe.of_setting(secret_keys.get_secret_value()) if secret_keys else None
    oidc_client_of(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.doors = Doors.checked(app)  # again: routes may have been added since
        async with AsyncExitStack() as stack:
            services = await stack.enter_async_context(_open_services(settings, safe))
            app.state.services = services
            app.state.gateway = await stack.enter_async_context(Gateway().running())
            await stack.enter_async_context(telemetry_of(services))
            yield

    app = _Prompt2MeshApi(
        settings,
        title="Prompt2Mesh",
        version=version(),
        description=_DESCRIPTION,
        lifespan=lifespan,
        max_body_size=settings.body_limit_bytes,
        redirect_slashes=False,
        docs_url=None,  # FastAPI's own page takes its scripts from a public network
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install(app)
    install_docs(app)
    app.include_router(health.router)
    app.include_router(shared.pages)
    app.include_router(_demand(Demand("read"), (mcp.router,)))  # a tool that builds demands more itself
    app.include_router(_versioned_routes())
    app.state.doors = Doors.checked(app)
    return app


def demand_user(*routers: APIRouter) -> APIRouter:
    """The routes of `routers`, which answer nobody without a valid token, whatever they depend on themselves."""
    return _demand(Demand(), routers)


def demand_account(*routers: APIRouter) -> APIRouter:
    """Likewise, for a signed-in session alone: no API token reaches them."""
    return _demand(Demand("account"), routers)


def demand_admin(*routers: APIRouter) -> APIRouter:
    """Likewise, for admins."""
    return _demand(Demand("admin"), routers)


def _demand(demand: Demand, routers: Sequence[APIRouter]) -> APIRouter:
    protected = APIRouter(dependencies=[Depends(demand)], responses=problems.documented(401, 403, 429))
    for router in routers:
        protected.include_router(router)
    return protected


def _versioned_routes() -> APIRouter:
    versioned = APIRouter(prefix="/v1")
    for public in (accounts.public, sessions.public, passwords.public, oidc.public):
        versioned.include_router(public)
    versioned.include_router(devices.public)
    versioned.include_router(deletion.public)
    versioned.include_router(shared.files)
    versioned.include_router(extension.router)
    versioned.include_router(
        demand_user(
            accounts.router,
            sessions.current,
            model_keys.models,
            gallery.router,
            projects.router,
            history.router,
            step_models.router,
            imports.router,
            parameters.router,
            jobs.router,
            batch_previews.router,
            batches.router,
            briefs.router,
            event_streams.router,
            artifacts.router,
            shares.router,
            storage.router,
            take_home.router,
            usage.router,
            quotas.router,
        )
    )
    versioned.include_router(
        demand_account(
            model_keys.router,
            api_tokens.router,
            devices.router,
            sessions.router,
            passwords.router,
            deletion.router,
            account_export.router,
            links.claim,
            oidc.router,
            audit.router,
        )
    )
    versioned.include_router(
        demand_admin(links.router, admin_users.router, admin_jobs.router, admin_oversight.router, audit.admin)
    )
    return versioned


@asynccontextmanager
async def _open_services(settings: Settings, safe: Safe | None) -> AsyncIterator[Services]:
    async with AsyncExitStack() as stack:
        database = Database.connect(settings.database_url)
        stack.push_async_callback(database.aclose)
        feed = EventFeed(settings.database_url)
        await feed.start()
        stack.push_async_callback(feed.aclose)
        streams = OpenStreams(database, settings.user_streams)
        watching = asyncio.create_task(streams.run_forever(), name="watch over open streams")
        stack.push_async_callback(_end, watching)
        throttle = Throttle(database.sessions)
        people = Accounts(database.sessions, account_rules(settings), throttle)
        stack.callback(people.passwords.close)
        await stack.enter_async_context(first_admin_announced(database, settings.public_url))
        store = MeasuredStore.of_settings(settings)
        deletions = Deletions(database, store)
        await stack.enter_async_context(at_work(deletions))
        yield Services(
            settings=settings,
            database=database,
            store=store,
            accounts=people,
            password_changes=PasswordChanges(database.sessions, people, throttle),
            throttle=throttle,
            deletions=deletions,
            exports=Exports(database, store),
            feed=feed,
            images=ImageProcesses(),
            models=ModelAccess(
                offline_url="",  # only runners have one
                default_model=settings.model,
                api_key=settings.system_key,
                base_url=settings.anthropic_base_url,
            ),
            catalogue=ModelCatalogue(settings.anthropic_base_url),
            model_keys=ModelKeys(safe),
            oidc=oidc_sign_in(settings, safe, people, database, throttle),
            streams=streams,
            rates=RequestRates(settings.user_minute_requests),
        )


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
