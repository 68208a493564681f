"""The command line of scripts/eks: `python scripts/eks/main.py COMMAND …`; each command has a script of its name.

Any Python 3.11 runs it, without our virtual environment. Exit code 0: done, or already so. 1: it ended with a sentence
on stderr that says what is wrong and what to do. 2: not understood. Every command may be run again.
"""

import argparse
import sys
from pathlib import Path

import cluster
import images
import release
import status
import teardown
from shell import Shell, Stop
from target import Target

_COMMANDS = {
    "plan": "show what `up` would change on AWS",
    "up": "make or change the cluster and all it needs on AWS (Terraform)",
    "settings": "write what Terraform made into k8s/overlays/eks/settings.env",
    "secrets": "make the backend's secrets that are not there yet",
    "controllers": "install or upgrade what the manifests need in the cluster (Helm)",
    "build": "build the images",
    "push": "push the images to ECR",
    "deploy": "migrate, roll out, wait, ask the public address",
    "roll-back": "the release before again, as it was applied; the database stays",
    "status": "what runs, in what state, and what was released",
    "tear-down": "delete the cluster; the data stays, unless told",
}
_WITHOUT_TARGET = ("plan", "up", "settings")


def main(arguments: list[str] | None = None) -> int:
    """Returns: the exit code."""
    chosen = _parser().parse_args(arguments)
    shell = Shell(dry_run=chosen.dry_run)
    try:
        return _run(chosen, shell)
    except Stop as stop:
        print(f"{chosen.command}: {stop}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"{chosen.command}: interrupted; run it again to go on.", file=sys.stderr)
    return 1


def _run(chosen: argparse.Namespace, shell: Shell) -> int:
    if chosen.command in _WITHOUT_TARGET:
        _run_without_target(chosen, shell)
        return 0
    target = Target.read(shell, chosen.settings, chosen.tag)
    match chosen.command:
        case "build":
            images.build(target, engine=chosen.engine, allow_dirty=chosen.allow_dirty)
        case "push":
            images.push(target, engine=chosen.engine)
        case "deploy":
            release.deploy(target)
        case "roll-back":
            release.roll_back(target, chosen.to, accept_newer_schema=chosen.accept_newer_schema)
        case "secrets":
            cluster.make_secrets(target, chosen.anthropic_key_file)
        case "controllers":
            cluster.controllers(target)
        case "status":
            return 0 if status.status(target) else 1
        case "tear-down":
            teardown.tear_down(target, named=chosen.name, delete_data=chosen.delete_data)
    return 0


def _run_without_target(chosen: argparse.Namespace, shell: Shell) -> None:
    match chosen.command:
        case "plan":
            cluster.plan(shell)
        case "up":
            cluster.up(shell, approve=chosen.yes)
        case "settings":
            cluster.write_settings(shell, chosen.settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/eks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about in _COMMANDS.items():
        one = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".", allow_abbrev=False)
        one.add_argument("--dry-run", action="store_true", help="print every command, run none; needs no credentials")
        one.add_argument("--settings", type=Path, metavar="FILE", help="instead of k8s/overlays/eks/settings.env")
        one.add_argument("--tag", metavar="TAG", help="the version, instead of TAG of the settings")
        _add_own_options(one, name)
    return parser


def _add_own_options(one: argparse.ArgumentParser, name: str) -> None:
    if name in ("build", "push"):
        one.add_argument("--engine", choices=("docker", "buildah", "podman"), help="by default the first that works")
    match name:
        case "build":
            one.add_argument("--allow-dirty", action="store_true", help="build what is in no commit")
        case "up":
            one.add_argument("--yes", action="store_true", help="do not ask before the changes are made")
        case "secrets":
            one.add_argument("--anthropic-key-file", type=Path, metavar="FILE", help="also set the system's Claude key")
        case "roll-back":
            one.add_argument("--to", metavar="TAG", help="this release, instead of the one before")
            one.add_argument("--accept-newer-schema", action="store_true", help="with --to: further back than one")
        case "tear-down":
            one.add_argument("--name", metavar="CLUSTER", help="the cluster's name, instead of being asked for it")
            one.add_argument("--delete-data", action="store_true", help="database, artifacts, images and keys, too")


if __name__ == "__main__":
    sys.exit(main())
