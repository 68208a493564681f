"""`prompt2mesh login`, `logout` and `whoami`: who one is on a server. The local stack needs none of it."""

import json
import os
import platform
import sys
import time
import webbrowser
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from cloud.cli import credentials
from cloud.cli.asking import AnswerDisplay, JsonOption, ServerOption, TokenOption, answer_of_server
from cloud.cli.connection import Where
from cloud.cli.credentials import Credential
from cloud.cli.display import Display, TerminalDisplay, plain
from cloud.cli.guard import guarded
from cloud.errors import InvalidInput, Prompt2MeshError
from cloud.settings import Settings
from ui.account_types import DeviceGrant
from ui.api_client import ApiClient, ApiError, ApiUnreachable, ClientError
from ui.api_types import User

CLIENT = "cli"
_SLOWER_BY_S = 5.0
_UNREACHABLE_WAIT_LIMIT_S = 60.0


class NotSignedIn(Prompt2MeshError):
    """The sign-in has come to nothing."""

    code = "not_signed_in"


def login(
    server: ServerOption = None,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser, if there is one.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Sign in to a server: shows a code, which you confirm in the web page of the server, on any device."""
    console = Console(stderr=True, highlight=False)
    settings = Settings()
    display: Display = AnswerDisplay() if as_json else TerminalDisplay(console=console)
    signed_in: list[dict[str, Any]] = []

    def body() -> int:
        address = _demanded(server)
        before = credentials.find(address)
        if credentials.is_in_the_clear(address):
            console.print(
                "This server is not reached by https: whoever is on the way can read your token.", style="yellow"
            )
        with ApiClient(address) as client:
            grant = client.begin_device_sign_in(CLIENT, f"{platform.system()}, host {platform.node()}")
            _tell(console, grant)
            page = grant["verification_uri_complete"]
            if browser and _has_browser() and page.startswith(("http://", "https://")):
                webbrowser.open(page)
            display.note("waiting for you to confirm the code")
            token = _wait_for_token(client, grant)
            username = client.me()["username"]
            credentials.keep(address, Credential(username, token))
        if before is not None:
            _end(address, before.token)
        signed_in.append({"server": address, "username": username})
        return 0

    exit_code = guarded(display, settings, body)
    for found in signed_in:
        if as_json:
            print(json.dumps(found, ensure_ascii=False))
        else:
            line = Text("Signed in to ") + plain(found["server"]) + Text(" as ") + plain(found["username"])
            Console(highlight=False).print(line + Text("."), soft_wrap=True)
    raise typer.Exit(exit_code)


def logout(server: ServerOption = None, as_json: JsonOption = False) -> None:
    """Sign out of a server: its session ends, and its entry on this machine goes."""
    settings = Settings()
    display: Display = AnswerDisplay() if as_json else TerminalDisplay(console=Console(stderr=True, highlight=False))
    done: list[dict[str, Any]] = []

    def body() -> int:
        address = _demanded(server)
        known = credentials.find(address)
        if known is None:
            raise InvalidInput(f"You are not signed in to {address}.")
        has_ended = _end(address, known.token)
        credentials.forget(address)
        done.append({"server": address, "username": known.username, "session_ended": has_ended})
        return 0

    exit_code = guarded(display, settings, body)
    for found in done:
        if as_json:
            print(json.dumps(found, ensure_ascii=False))
        else:
            rest = "" if found["session_ended"] else " The server did not answer: end the session there, when it does."
            Console(highlight=False).print(Text(f"Signed out of {found['server']}.{rest}"), soft_wrap=True)
    raise typer.Exit(exit_code)


def whoami(server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False) -> None:
    """Who you are on the server, or on the local stack."""

    def tell(console: Console, user: User) -> None:
        there = Text(" on ") + plain(server) if server else Text(" on the local stack")
        console.print(plain(user["username"]) + there, soft_wrap=True)

    answer_of_server(Where(server, token), as_json, lambda client, _: client.me(), tell)


def _demanded(server: str | None) -> str:
    if not server:
        raise InvalidInput("Name the server with --server URL or P2M_SERVER; the local stack needs no sign-in.")
    return credentials.canonical(server)


def _tell(console: Console, grant: DeviceGrant) -> None:
    """What the person has to do; on stderr, as a program may read the answer."""
    console.print(Text("Open ") + Text(plain(grant["verification_uri"]).plain, style="cyan underline"), soft_wrap=True)
    console.print(Text("and confirm the code ") + Text(plain(grant["user_code"]).plain, style="bold"))
    console.print(
        Text("or open ", style="dim") + Text(plain(grant["verification_uri_complete"]).plain, style="dim"),
        soft_wrap=True,
    )


def _has_browser() -> bool:
    """Whether a page can be shown to whoever sits here; one in this very terminal would be in our way."""
    if not sys.stderr.isatty() or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _wait_for_token(client: ApiClient, grant: DeviceGrant) -> str:
    """Ask until the person has answered, as slowly as the server wants it. Raises: NotSignedIn. ApiError."""
    deadline = time.monotonic() + grant["expires_in"]
    interval_s = float(grant["interval"])
    wait_s = interval_s
    while time.monotonic() < deadline:
        time.sleep(wait_s)
        wait_s = interval_s
        try:
            return client.ask_for_device_token(grant["device_code"], CLIENT)["access_token"]
        except ApiUnreachable:
            wait_s = min(wait_s * 2, _UNREACHABLE_WAIT_LIMIT_S)
        except ApiError as error:
            match error.code:
                case "authorization_pending":
                    pass
                case "slow_down":
                    interval_s += _SLOWER_BY_S
                    wait_s = interval_s
                case "access_denied":
                    raise NotSignedIn("The sign-in was turned down.") from None
                case "expired_token":
                    break
                case _ if error.retryable:
                    wait_s = min(wait_s * 2, _UNREACHABLE_WAIT_LIMIT_S)
                case _:
                    raise
    raise NotSignedIn("Nobody confirmed the code in time; run the command again.")


def _end(address: str, token: str) -> bool:
    """End the session. Returns: False: the server could not be asked."""
    try:
        with ApiClient(address, token) as client:
            client.log_out()
    except ApiError as error:
        return error.status == 401  # it has ended already
    except ClientError:
        return False
    return True
