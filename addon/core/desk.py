"""What the threads of a worker share: where they talk to and as whom, and the way back to Blender's main thread."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from . import messages as m
from .address import Address
from .credentials import Credential, Credentials, CredentialsLost
from .messages import Order
from .problems import NotAllowed

OFFLINE = "Blender's online access is off, so the add-on sends nothing; allow it in Preferences > System > Network."


@dataclass(frozen=True)
class Home:
    """Where the add-on keeps its files, and what it says of itself.

    `config` and `cache` are the add-on's own folders of Blender's user configuration.
    """

    config: Path
    cache: Path
    addon_version: str
    blender_version: str = ""
    system: str = ""

    @property
    def client(self) -> str:
        return f"addon/{self.addon_version}"

    @property
    def agent(self) -> str:
        return f"prompt2mesh-addon/{self.addon_version} Blender/{self.blender_version or '0'} {self.system}".strip()


@dataclass(frozen=True)
class Standing:
    """How things stand: replaced as a whole. `number` changes with each sign-in, sign-out and server."""

    number: int = 0
    address: Address | None = None
    proxy: str = ""
    online: bool = True
    credential: Credential | None = None


class Desk:
    """Any thread may use it."""

    def __init__(self, home: Home, inbox: "queue.SimpleQueue[m.Message]", pass_on: Callable[[Order], None]) -> None:
        self.home = home
        self.pass_on = pass_on
        """Have another order of the worker done; it finds its lane."""
        self._inbox = inbox
        self._lock = threading.RLock()
        self._credentials = Credentials(home.config)
        self._standing = Standing()
        self._stopped = False
        self.settled = threading.Event()
        """Whether it is known which server to talk to: not while a Connect waits to be done."""
        self.settled.set()
        self.open_project: str | None = None
        self.followed: str | None = None
        """The job that is followed."""
        self.listing = m.ListProjects()
        """The list of projects that the user looks at."""

    def say(self, message: m.Message, standing: Standing | None = None) -> None:
        """Tell the main thread; with `standing` only if it is still so: no answer for one user reaches the next."""
        with self._lock:
            if not self._stopped and (standing is None or standing.number == self._standing.number):
                self._inbox.put(message)

    def stop(self) -> None:
        """Say nothing any more."""
        with self._lock:
            self._stopped = True

    @property
    def standing(self) -> Standing:
        with self._lock:
            return self._standing

    def connect(self, address: Address, proxy: str, *, online: bool) -> Standing:
        """Talk to this server from now on, as who one is there. Raises: CredentialsLost."""
        with self._lock:
            credential = self._credentials.find(address)
            return self._change(Standing(0, address, proxy, online, credential))

    def disconnect(self, *, online: bool) -> None:
        """There is no server to talk to."""
        with self._lock:
            self._change(Standing(online=online))

    def sign_in(self, standing: Standing, credential: Credential) -> Standing | None:
        """Be this user from now on; None: it is too late, the server is another. Raises: CredentialsLost."""
        with self._lock:
            if standing.number != self._standing.number or standing.address is None:
                return None
            self._credentials.keep(standing.address, credential)
            return self._change(replace(standing, credential=credential))

    def sign_out(self, standing: Standing) -> bool:
        """Forget the token, here and in the file. Returns: False: it was so already. Raises: CredentialsLost."""
        with self._lock:
            if standing.credential is None or standing.number != self._standing.number or standing.address is None:
                return False
            self._change(replace(standing, credential=None))
            self._credentials.forget(standing.address, standing.credential.token)
            return True

    def sign_in_ended(self, standing: Standing) -> None:
        """The server knows the token no more."""
        server = standing.address.origin if standing.address else ""
        try:
            if not self.sign_out(standing):
                return
            sentence = "Your sign-in has ended; sign in again."
        except CredentialsLost as error:
            sentence = error.sentence
        self.say(m.ConnectionChanged("signed_out", sentence, server))

    def list_again(self) -> None:
        """Read the list anew that the user looks at: something in it has changed."""
        self.pass_on(m.ListProjects(query=self.listing.query, sort=self.listing.sort))

    def _change(self, standing: Standing) -> Standing:
        self._standing = replace(standing, number=self._standing.number + 1)
        self.open_project = self.followed = None
        self.listing = m.ListProjects()
        return self._standing


def demanded(standing: Standing, *, signed_in: bool) -> Address:
    """The server, if a request may leave now. Raises: NotAllowed, with what is missing."""
    if not standing.online:
        raise NotAllowed(OFFLINE)
    if standing.address is None:
        raise NotAllowed("No server is set; give its address in the add-on's preferences.")
    if signed_in and standing.credential is None:
        raise NotAllowed("You are not signed in; sign in first.")
    return standing.address
