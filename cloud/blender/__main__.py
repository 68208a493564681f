"""The Blender pod's front: `python -m cloud.blender --workspace DIR --public-key FILE --audience POD`.

Prints one JSON line, `{"port": N}`, on stdout once it listens. With `--until-stdin-closes` it ends when its stdin
does: so it cannot outlive the process that started it.
"""

import argparse
import asyncio
import json
import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn

from cloud.blender.cache import PodCache, cache_folder
from cloud.blender.ground import Ground
from cloud.blender.isolation.container import Container, guard_front
from cloud.blender.isolation.limits import MIB, Limits
from cloud.blender.isolation.sandbox import UNSAFE_WORD, Folders, NoSandbox
from cloud.blender.server import build_app
from cloud.blender.store import PodStore
from cloud.blender.supervisor import BlenderSupervisor
from cloud.logs import configure_logging, log_uncaught

logger = logging.getLogger(__name__)


def main() -> None:
    """Parse the arguments and serve until told to stop."""
    arguments = _parse_arguments()
    configure_logging(arguments.log_level)
    log_uncaught()
    arguments.workspace.mkdir(parents=True, exist_ok=True)
    key = arguments.public_key
    public_key = key if key.startswith("-----BEGIN") else Path(key).read_text()
    try:
        asyncio.run(_serve(arguments, arguments.workspace.resolve(), public_key))
    except NoSandbox as error:
        logger.error("there are no walls for Blender here", extra={"why": str(error)})
        sys.exit(1)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cloud.blender", description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True, help="The folder that the pod keeps its files in.")
    parser.add_argument("--public-key", required=True, help="PEM file of the backend's Ed25519 public key, or the PEM.")
    parser.add_argument(
        "--audience",
        default=socket.gethostname(),
        help="This pod's name: the audience of its tokens. [default: the host's name, which is that in Kubernetes]",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: a free one.")
    parser.add_argument("--call-limit", type=float, default=120.0, help="Seconds that one tool call may take.")
    parser.add_argument("--no-spare", action="store_true", help="Keep no spare Blender.")
    parser.add_argument("--cache-dir", type=Path, help="What is made once for all pods. [default: in the workspace]")
    parser.add_argument("--cache-seed", type=Path, help="Such a folder, filled before; it is only read.")
    parser.add_argument("--memory-mib", type=int, default=4096, help="Memory of Blender and all that it starts.")
    parser.add_argument("--workspace-mib", type=int, default=1024, help="Disk space of the user's code.")
    parser.add_argument("--store-mib", type=int, default=8192, help="Disk space of snapshots, exports and uploads.")
    parser.add_argument("--processes", type=int, default=512, help="Processes and threads of Blender.")
    parser.add_argument(
        "--isolation",
        choices=["bubblewrap", "container", UNSAFE_WORD],
        default="bubblewrap",
        help="`container`: a container is the outer wall (README). The third choice is for a machine that holds "
        "nothing of value: model-written code may do what you may.",
    )
    parser.add_argument(
        "--landlock",
        choices=["required", "optional"],
        default="required",
        help="With `--isolation container`: whether to start where the kernel has no Landlock.",
    )
    parser.add_argument(
        "--child-root",
        type=Path,
        help="With `--isolation container`: the folder whose `workspace`, `tmp` and `scratch` are Blender's, one child "
        "after the other. ALL IN THEM IS REMOVED. `/` in the image. [default: folders of each child, in the workspace]",
    )
    # For the tests of older kernels' walls.
    parser.add_argument("--landlock-at-most", type=int, default=10**6, help=argparse.SUPPRESS)
    parser.add_argument("--until-stdin-closes", action="store_true", help="End at end-of-file on stdin.")
    parser.add_argument("--log-level", default="INFO")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace, workspace: Path, public_key: str) -> None:
    supervisor = build_supervisor(arguments, workspace)
    app = build_app(supervisor, workspace=workspace, public_key=public_key, audience=arguments.audience)
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with socket.create_server((arguments.host, arguments.port)) as listener:
        # asyncio sets this only on sockets that name TCP as their protocol, and without it an answer waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _notice_vanished_clients(listener)
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201
        if arguments.until_stdin_closes:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _stop_at_end_of_stdin, server)
        await server.serve(sockets=[listener])


def _notice_vanished_clients(listener: socket.socket) -> None:
    """A client whose machine or network is gone counts as gone within a minute, and so ends its call."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, seconds in ((socket.TCP_KEEPIDLE, 20), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 4)):
        listener.setsockopt(socket.IPPROTO_TCP, option, seconds)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)


def build_supervisor(arguments: argparse.Namespace, workspace: Path) -> BlenderSupervisor:
    """The supervisor of a pod that keeps its files in `workspace`."""
    guarded = arguments.isolation != UNSAFE_WORD
    if not guarded:
        logger.warning("NO ISOLATION: what the model writes runs with your rights, on your files, in your network")
    limits = Limits(
        memory_bytes=arguments.memory_mib * MIB,
        processes=arguments.processes,
        workspace_bytes=arguments.workspace_mib * MIB,
        store_bytes=arguments.store_mib * MIB,
    )
    store = PodStore(workspace, limit_bytes=limits.store_bytes, file_limit_bytes=limits.file_bytes)
    cache = PodCache(cache_folder((arguments.cache_dir or workspace / "cache").resolve()))
    if arguments.cache_seed:
        cache.take_over(cache_folder(arguments.cache_seed))
    folders = Folders(store.snapshots_folder, store.imports_folder, cache.folder)
    ground = Ground(folders, limits, guarded=guarded, container=_container(arguments, workspace))
    return BlenderSupervisor(ground, store, cache, call_limit_s=arguments.call_limit, keep_spare=not arguments.no_spare)


def _container(arguments: argparse.Namespace, workspace: Path) -> Container | None:
    """The walls in a container, where it is one. Raises: NoSandbox."""
    if arguments.isolation != "container":
        return None
    guard_front()
    return Container.prepare(
        workspace / "children",
        landlock_optional=arguments.landlock == "optional",
        abi_at_most=arguments.landlock_at_most,
        root=arguments.child_root,
    )


def _stop_at_end_of_stdin(server: uvicorn.Server) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        server.should_exit = True


if __name__ == "__main__":
    main()
