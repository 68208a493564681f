"""Builds the images and pushes them: `build` and `push`."""

import shutil
import subprocess

from shell import CommandFailed, Shell
from target import IMAGES, ROOT, Target


def build(target: Target, *, engine: str | None, allow_dirty: bool) -> None:
    """Build all images under the registry's name. What has not changed takes seconds. Raises: Stop."""
    shell = target.shell
    shell.need("git")
    if not allow_dirty and _is_dirty(shell):
        shell.object(
            "The working tree has changes that are in no commit, and nobody could say later what the images hold. "
            "Commit them, or say --allow-dirty."
        )
    shell.say(f"Build {target.tag} (the engine's layers make a second time short)")
    chosen = ("--engine", engine) if engine else ()
    shell.do(str(ROOT / "scripts/images/build"), *chosen, "--tag", target.tag, "--prefix", target["REGISTRY"])


def push(target: Target, *, engine: str | None) -> None:
    """The registry has every image of this version. Those that it has already are left alone: tags never change.

    Raises: Stop.
    """
    shell = target.shell
    shell.need("aws")
    target.check_account()
    missing = [name for name in IMAGES if not target.is_pushed(name)]
    for name in IMAGES:
        if name not in missing:
            shell.say(f"{target.image(name)} is in the registry already")
    if not missing:
        return
    engine = engine or _engine(shell)
    shell.say("Sign in to the registry; the password lives for 12 hours")
    password = ("aws", "ecr", "get-login-password", "--region", target["REGION"])
    shell.pipe(password, (engine, "login", "--username", "AWS", "--password-stdin", target["REGISTRY"]))
    for name in missing:
        _push_one(target, engine, name)


def _push_one(target: Target, engine: str, name: str) -> None:
    image = target.image(name)
    look = (engine, *(("inspect", "--type", "image") if engine == "buildah" else ("image", "inspect")), image)
    try:
        target.shell.ask(*look, assume="{}")
    except CommandFailed:
        target.shell.object(f"{image} is not built on this machine: scripts/eks/build --tag {target.tag}")
    try:
        target.shell.do(engine, "push", image)
    except CommandFailed:
        # Two pushes at once, or an answer that was lost: what counts is whether the registry has it.
        if not target.is_pushed(name):
            raise


def _is_dirty(shell: Shell) -> bool:
    return bool(shell.ask("git", "-C", str(ROOT), "status", "--porcelain", assume=""))


def _engine(shell: Shell) -> str:
    """docker where its engine answers, else buildah, else podman: as scripts/images/build chooses. Raises: Stop."""
    if shell.dry_run:
        return "docker"
    if shutil.which("docker"):
        answers = subprocess.run(("docker", "info"), capture_output=True, check=False)
        if answers.returncode == 0:
            return "docker"
    for one in ("buildah", "podman"):
        if shutil.which(one):
            return one
    shell.object(
        "Nothing here builds images: start the Docker engine, or install buildah (`apt-get install buildah podman`)."
    )
    return "docker"
