"""What a fleet is: it gives each user a Blender pod of their own and takes it back.

A user's pod is in one of these states:

- *absent*: nothing runs for this user. `acquire` starts (or claims a warm) one.
- *starting*: `acquire` is waiting; it returns when the pod's MCP endpoint answers.
- *ready*: `acquire` returns the same endpoint again, without a wait.
- *gone*: the pod died or was stopped by someone. The next `acquire` replaces it. Its scene is not lost:
  snapshots live in the artifact store, and whoever acquires a pod loads the snapshot that it needs.
- after a restart of the backend: a local fleet's pods died with it (absent); a Kubernetes fleet finds its
  users' pods again (ready).

A pod that was acquired holds an unknown scene. The caller loads a snapshot or empties it first.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from cloud.errors import Prompt2MeshError


class PodNotReady(Prompt2MeshError):
    """A pod did not answer in time."""

    code, http_status, retryable = "pod_not_ready", 503, True

    def __init__(self, pod: str, waited_s: float, why: str = "") -> None:
        self.waited_s = waited_s
        super().__init__(f"Blender pod {pod!r} was not ready after {waited_s:.0f} s{': ' + why if why else '.'}")


@dataclass(frozen=True)
class Endpoint:
    """How to reach a pod. `base_url` has no trailing slash: MCP is at `{base_url}/mcp`, files at `{base_url}/files/…`.

    `bearer` makes a fresh short-lived token for the `Authorization` header of one call. `gone`, where the fleet can
    know it, returns once the pod is lost or about to be: a call to it need not run into its time limit.
    """

    pod: str
    base_url: str
    bearer: Callable[[], str]
    gone: Callable[[], Awaitable[object]] | None = None


class Fleet(Protocol):
    """One Blender pod a user. All methods may be called from many tasks at once."""

    async def acquire(self, user_id: str) -> Endpoint:
        """The user's pod, ready. Raises: PodNotReady."""
        ...

    async def release(self, user_id: str) -> None:
        """The user does not need the pod now; the fleet may keep it warm. No error if absent."""
        ...

    async def stop(self, user_id: str) -> None:
        """End the user's pod and everything in it. No error if absent."""
        ...

    async def list(self) -> dict[str, Endpoint]:
        """The ready pods by user id."""
        ...

    async def aclose(self) -> None:
        """Stop every pod that dies with the backend, spares included."""
        ...


@runtime_checkable
class TellsWhy(Protocol):
    """A fleet that knows more of a wait than that a pod is starting."""

    def why_waiting(self, user_id: str) -> str:
        """`pod_limit`: there are as many pods as there may be; "": what `acquire` waits for is a pod that starts."""
        ...
