"""`prompt2mesh copy-artifacts`: a machine's artifact folder into a bucket, or back."""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from cloud.cli.guard import EXIT_BAD_INPUT, EXIT_FAILED
from cloud.errors import InvalidInput, Prompt2MeshError
from cloud.settings import Settings

if TYPE_CHECKING:
    from cloud.storage.moving import Copied
    from cloud.storage.store import ArtifactStore

_Place = Annotated[str, typer.Argument(help="s3://bucket/prefix, a folder, or `here`: what the settings say.")]


def copy_artifacts(
    source: _Place,
    target: _Place,
    verify: Annotated[bool, typer.Option("--verify", help="Read what is there already too, and mend it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Copy all artifacts from SOURCE to TARGET; what is there is passed over, so that it can be begun again.

    Both buckets take region, endpoint, encryption and credentials from the settings (P2M_ARTIFACTS_…, AWS_…).
    """
    settings = Settings()
    if source != "here" and not source.startswith("s3://") and not Path(source).is_dir():
        _fail(InvalidInput(f"There is no folder {source!r} to copy from."))
    try:
        copied = asyncio.run(_copy(settings, source, target, verify=verify))
    except* Prompt2MeshError as group:
        _fail(_first(group))
    if as_json:
        sys.stdout.write(json.dumps(vars(copied)) + "\n")
    else:
        Console(highlight=False).print(
            f"copied {copied.objects} objects ({copied.bytes / 2**20:,.1f} MiB), {copied.already_there} were there"
        )
    if copied.damaged:
        Console(stderr=True, highlight=False).print(
            f" ✗ {len(copied.damaged)} objects of the source are damaged: {', '.join(copied.damaged[:5])}",
            style="bold red",
            soft_wrap=True,
        )
        raise typer.Exit(EXIT_FAILED)


def _fail(error: Prompt2MeshError) -> NoReturn:
    """Say it and end. Raises: typer.Exit."""
    Console(stderr=True, highlight=False).print(f" ✗ {error}", style="bold red", soft_wrap=True)
    raise typer.Exit(EXIT_BAD_INPUT if isinstance(error, InvalidInput) else EXIT_FAILED) from error


async def _copy(settings: Settings, source: str, target: str, *, verify: bool) -> "Copied":
    from cloud.storage.moving import copy_objects

    return await copy_objects(await _store_at(settings, source), await _store_at(settings, target), verify=verify)


async def _store_at(settings: Settings, place: str) -> "ArtifactStore":
    # Here, as all commands share these modules' start, which should be fast.
    from cloud.storage.start import demand_usable
    from cloud.storage.store import ArtifactStore

    if place == "here" and not settings.artifacts_url:
        place = str(settings.artifacts_dir)
    if place == "here" or place.startswith("s3://"):
        url = settings.artifacts_url if place == "here" else place
        chosen = settings.model_copy(update={"artifacts_url": url.rstrip("/")})
        await demand_usable(chosen)
        return ArtifactStore.of_settings(chosen)
    return ArtifactStore.local(Path(place))


def _first(group: BaseExceptionGroup[Prompt2MeshError]) -> Prompt2MeshError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Prompt2MeshError)
    return error
