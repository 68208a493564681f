"""The API as an ASGI app."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, Depends, FastAPI

from cloud.accounts.sign_in import Accounts
from cloud.api import problems
from cloud.api.dependencies import Services, require_identity
from cloud.api.routes import accounts, artifacts, health, jobs, projects
from cloud.db.engine import Database
from cloud.errors import InvalidInput
from cloud.jobs.feed import EventFeed
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore

_DESCRIPTION = """
Say what you want, watch it being built in a real Blender, download a `.blend` that you can edit.

Sign up (`POST /v1/users`), log in (`POST /v1/sessions`), create a project, send a prompt, follow its events, download
its files. Every error is a problem document (RFC 9457) whose `detail` is one sentence for people and whose `code` is
stable. Lists come in pages: pass `next_cursor` as `cursor`.
"""


def create_app(settings: Settings) -> FastAPI:
    """The app; it opens its database, store and feed when it is started, and closes them when it is stopped.

    Raises: InvalidInput: the settings name no database.
    """
    if not settings.database_url:
        raise InvalidInput("DATABASE_URL is not set: the API needs the address of a PostgreSQL.")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _open_services(settings) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="Prompt2Mesh",
        version=_version(),
        description=_DESCRIPTION,
        lifespan=lifespan,
        max_body_size=settings.body_limit_bytes,
    )
    problems.install(app)
    app.include_router(health.router)
    app.include_router(_versioned_routes())
    return app


def _versioned_routes() -> APIRouter:
    """Whatever is not put on the public router demands a user."""
    protected = APIRouter(dependencies=[Depends(require_identity)], responses=problems.documented(401))
    for module in (accounts, projects, jobs, artifacts):
        protected.include_router(module.router)
    versioned = APIRouter(prefix="/v1")
    versioned.include_router(accounts.public)
    versioned.include_router(protected)
    return versioned


@asynccontextmanager
async def _open_services(settings: Settings) -> AsyncIterator[Services]:
    async with AsyncExitStack() as stack:
        database = Database.connect(settings.database_url)
        stack.push_async_callback(database.aclose)
        feed = EventFeed(settings.database_url)
        await feed.start()
        stack.push_async_callback(feed.aclose)
        yield Services(
            settings=settings,
            database=database,
            store=ArtifactStore.local(settings.artifacts_dir),
            accounts=Accounts(database.sessions, settings.session_ttl_s),
            feed=feed,
        )


def _version() -> str:
    try:
        return version("prompt2mesh")
    except PackageNotFoundError:
        return "0.0.0"
