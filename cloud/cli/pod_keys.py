"""`prompt2mesh pod-keys`: the key pair with which runners open Blender pods on Kubernetes."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def pod_keys(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Write pod-signing-key.pem and pod.pub there. [default: print both]")
    ] = None,
) -> None:
    """Make the Ed25519 key pair of the Blender pods.

    The private key is a secret of the runners (P2M_POD_SIGNING_KEY); the public one is mounted into the Blender pods
    (--public-key). A new pair ends every pod's use: roll out runners and pods together.
    """
    from cloud.fleet.pod_tokens import PodTokens  # cryptography, which no other command needs

    tokens = PodTokens()
    if folder is None:
        sys.stdout.write(f"{tokens.private_key_pem}{tokens.public_key_pem}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    private, public = folder / "pod-signing-key.pem", folder / "pod.pub"
    try:
        # Readable by its owner alone from its first moment; one that is there is in use somewhere.
        with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(tokens.private_key_pem)
    except FileExistsError:
        sys.stderr.write(f"{private} is there already: remove it first if it is no longer in use.\n")
        raise typer.Exit(2) from None
    public.write_text(tokens.public_key_pem)
    sys.stdout.write(f"{private} (secret: P2M_POD_SIGNING_KEY of the runners)\n{public} (for the Blender pods)\n")
