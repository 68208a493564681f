"""The way from a command to an API that answers: a named server, or the local stack, signed in."""

import contextlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from cloud.cli import credentials
from cloud.cli.display import Display
from cloud.cli.home import claim_folder
from cloud.cli.local_stack import local_stack
from cloud.errors import InvalidInput
from cloud.settings import Settings
from ui.api_client import ApiClient, ApiError

if TYPE_CHECKING:
    from cloud.db.engine import Transaction

DATABASE_WAIT_S = 30.0
# The database does not answer yet, or too many sign in at once.
_NOT_NOW = frozenset({429, 503})


@dataclass(frozen=True)
class Where:
    """Which server to use, as whom. `server` None: the local stack, which `keep` leaves running.

    Without `token` it is who has signed in to the server with `prompt2mesh login`, or the local stack's own user.
    """

    server: str | None = None
    token: str | None = None
    keep: bool = False

    def check(self) -> None:
        """Raises: InvalidInput: a server that does not know who we are."""
        if self.server and not self.known_token:
            raise InvalidInput(
                f"You are not signed in to {self.server}: run `prompt2mesh login --server {self.server}`, or give a "
                "token with --token or P2M_TOKEN."
            )

    @property
    def known_token(self) -> str | None:
        """The token to send; None: there is none (for the local stack: none yet). Raises: InvalidInput."""
        if self.token or not self.server:
            return self.token
        kept = credentials.find(self.server)
        return kept.token if kept else None


@dataclass
class Stopwatch:
    """Seconds by part, in the order in which the parts ended."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - started, 3)


@contextlib.contextmanager
def at_work(
    where: Where, out: Path | None, named_after: str, settings: Settings, display: Display, watch: Stopwatch
) -> Iterator[tuple[ApiClient, Path]]:
    """A signed-in client, and the folder for what comes home; a folder of our choice goes again if nothing came.

    Raises: what `claim_folder` and `connect` raise.
    """
    folder = claim_folder(out, named_after)
    try:
        with contextlib.ExitStack() as held:
            yield connect(held, where, settings, display, watch), folder
            stopping = time.monotonic()
            if not where.server:
                display.note("the stack keeps running" if where.keep else "stopping the stack")
    except BaseException:
        if out is None:
            with contextlib.suppress(OSError):  # what has come home stays
                folder.rmdir()
        raise
    watch.seconds["stack stop"] = round(time.monotonic() - stopping, 3)


def connect(
    held: contextlib.ExitStack, where: Where, settings: Settings, display: Display, watch: Stopwatch
) -> ApiClient:
    """A signed-in client, of the named server or of the local stack, which `held` then holds."""
    if where.server:
        return held.enter_context(ApiClient(where.server, where.known_token))
    with watch.part("stack start"):
        info = held.enter_context(local_stack(settings, keep=where.keep, on_wait=display.note))
    watch.seconds |= {f"  {name}": seconds for name, seconds in info.timings_s.items()}
    client = held.enter_context(ApiClient(info.api_url, where.token))
    if where.token is None:
        with watch.part("sign-in"):
            # The database of a stack that runs may be recovering from a crash, or another run be signing in.
            for attempt in Retrying(
                retry=retry_if_exception(lambda error: isinstance(error, ApiError) and error.status in _NOT_NOW),
                stop=stop_after_delay(DATABASE_WAIT_S),
                wait=wait_fixed(0.5),
                before_sleep=lambda state: display.note("waiting for the server"),
                reraise=True,
            ):
                with attempt:
                    _sign_in_locally(client, settings)
        held.callback(_sign_out, client)
    return client


def _sign_out(client: ApiClient) -> None:
    """A session for each command would fill the list of sessions; if the server has gone, it ends by itself."""
    with contextlib.suppress(ApiError):
        client.log_out()


def _sign_in_locally(client: ApiClient, settings: Settings) -> None:
    """Sign in as this data folder's own user; the password lies beside the database, readable by its owner alone."""
    secret_file = settings.data_dir / "local-user.json"
    if not secret_file.exists():
        draft = secret_file.with_name(f"{secret_file.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"username": "local", "password": secrets.token_urlsafe(24)}, file)
        with contextlib.suppress(FileExistsError):  # another run was first: its password counts
            os.link(draft, secret_file)
        draft.unlink()
    local = json.loads(secret_file.read_text())
    try:
        client.log_in(local["username"], local["password"], client="cli")
    except ApiError as refused:
        if refused.status != 401:
            raise
        _add_local_user(settings, local["username"], local["password"])
        # If the name belongs to somebody else, this tells.
        client.log_in(local["username"], local["password"], client="cli")


def _add_local_user(settings: Settings, username: str, password: str) -> None:
    """Make the user in the database itself, as the operator that whoever has it is; the machine's admin, if none is."""
    # Here, as it is done once in a data folder's life, and these imports take half a second.
    from cloud.accounts import operator
    from cloud.accounts.password_rules import LEAST_CHARS
    from cloud.cli.users import run_on_database

    async def work(session: "Transaction") -> None:
        kept = await operator.hash_of(password, username, LEAST_CHARS)
        await operator.add_local_user(session, username, kept)

    run_on_database(settings, work)
