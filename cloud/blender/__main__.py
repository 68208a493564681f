"""The Blender pod's front: `python -m cloud.blender --workspace DIR --public-key FILE --audience POD`.

Prints one JSON line, `{"port": N}`, on stdout once it listens. With `--until-stdin-closes` it ends when its stdin
does: so it cannot outlive the process that started it.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import uvicorn

from cloud.blender.server import build_app
from cloud.blender.supervisor import BlenderSupervisor
from cloud.logs import configure_logging


def main() -> None:
    """Parse the arguments and serve until told to stop."""
    arguments = _parse_arguments()
    configure_logging(arguments.log_level)
    arguments.workspace.mkdir(parents=True, exist_ok=True)
    key = arguments.public_key
    public_key = key if key.startswith("-----BEGIN") else Path(key).read_text()
    asyncio.run(_serve(arguments, arguments.workspace.resolve(), public_key))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cloud.blender", description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True, help="The only folder that the pod writes to.")
    parser.add_argument("--public-key", required=True, help="PEM file of the backend's Ed25519 public key, or the PEM.")
    parser.add_argument("--audience", required=True, help="This pod's name: the audience of its tokens.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: a free one.")
    parser.add_argument("--call-limit", type=float, default=120.0, help="Seconds that one tool call may take.")
    parser.add_argument("--no-spare", action="store_true", help="Keep no spare Blender.")
    parser.add_argument("--until-stdin-closes", action="store_true", help="End at end-of-file on stdin.")
    parser.add_argument("--log-level", default="INFO")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace, workspace: Path, public_key: str) -> None:
    supervisor = BlenderSupervisor(workspace, call_limit_s=arguments.call_limit, keep_spare=not arguments.no_spare)
    app = build_app(supervisor, workspace=workspace, public_key=public_key, audience=arguments.audience)
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with socket.create_server((arguments.host, arguments.port)) as listener:
        # asyncio sets this only on sockets that name TCP as their protocol, and without it an answer waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201
        if arguments.until_stdin_closes:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _stop_at_end_of_stdin, server)
        await server.serve(sockets=[listener])


def _stop_at_end_of_stdin(server: uvicorn.Server) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        server.should_exit = True


if __name__ == "__main__":
    main()
