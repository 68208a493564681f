"""`prompt2mesh make --batch FILE`: send many prompts, follow the whole, bring all files home."""

import contextlib
import json
import shutil
import stat
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from cloud.cli.batch_display import BatchDisplay
from cloud.cli.connection import Stopwatch, Where, at_work
from cloud.cli.home import CANCEL_WAIT_S
from cloud.cli.interrupts import Interrupted
from cloud.errors import InvalidInput, Prompt2MeshError
from cloud.jobs.batches.parsing import BatchItem, Kind, Limits, guess_kind, parse_batch
from cloud.jobs.batches.rows import MalformedBatch
from cloud.settings import Settings
from ui.api_client import ApiClient, ApiError, ApiUnreachable, ClientError
from ui.api_types import Batch

POLL_S = 0.5
# An API that is started anew, by a deploy or after a crash, is back within seconds.
SILENCE_S = 60.0
STDIN = "-"
ARCHIVE = ".batch.zip"
_KINDS: dict[str, Kind] = {
    **{".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".txt": "txt"}
}


class UnsafeArchive(Prompt2MeshError):
    """The server's zip is damaged, or would write outside of its folder."""

    code = "unsafe_archive"

    def __init__(self, why: str) -> None:
        super().__init__(f"The server's archive was not unpacked: {why}.")


@dataclass(frozen=True)
class BatchRequest:
    """What the command line asked for. `file` "-" is standard input.

    `formats`, `model` and `said` (quality, detail, max_usd) are for all prompts that do not say it themselves.
    """

    file: str
    out: Path | None
    formats: tuple[str, ...]
    model: str | None
    where: Where
    said: Mapping[str, object] = field(default_factory=dict)


def make_batch(request: BatchRequest, settings: Settings, display: BatchDisplay, watch: Stopwatch) -> int:
    """Build the whole batch. Returns: the exit code (0 all are built, 1 some or all are not).

    Raises: Prompt2MeshError, ClientError: bad input, or the stack or server is out of reach. Interrupted.
    """
    request.where.check()
    name, items = read_batch(request.file, settings, request.said)
    with at_work(request.where, request.out, name, settings, display, watch) as (client, folder):
        batch = client.create_batch([_sent(item, request) for item in items], name=name)
        report = _follow_home(client, batch, folder, display, watch)
    display.batch_result(report, folder)
    return 0 if report["counts"].get("succeeded") == report["total"] else 1


def read_batch(
    file: str, settings: Settings, said: Mapping[str, object] = MappingProxyType({})
) -> tuple[str, list[BatchItem]]:
    """The batch's name and its prompts. Raises: InvalidInput: it cannot be read; the sentence names the line."""
    content = _read(file, settings.body_limit_bytes)
    path = Path(file)
    kind = _KINDS.get(path.suffix.lower()) if file != STDIN else None
    limits = Limits(settings.batch_limit, settings.prompt_limit_chars)
    try:
        batch = parse_batch(content, kind or guess_kind(content), limits, said)
    except MalformedBatch as error:
        raise InvalidInput("\n".join(fault.sentence() for fault in error.faults)) from error
    return batch.name or ("batch" if file == STDIN else path.stem), batch.items


def _read(file: str, limit_bytes: int) -> bytes:
    try:
        if file == STDIN:
            content = sys.stdin.buffer.read(limit_bytes + 1)
        else:
            with open(file, "rb") as opened:
                content = opened.read(limit_bytes + 1)
    except OSError as error:
        raise InvalidInput(f"The batch file {file!r} cannot be read: {error.strerror}.") from error
    if len(content) > limit_bytes:
        raise InvalidInput(f"The batch file {file!r} has more than {limit_bytes / 2**20:.0f} MiB; split it.")
    return content


def _sent(item: BatchItem, request: BatchRequest) -> dict[str, Any]:
    """The item as the API takes it; what the file says of the item goes before what the command line says of all."""
    formats = list(dict.fromkeys((*request.formats, *item.formats)))
    return {
        "prompt": item.prompt,
        "name": item.name,
        "model": item.model or request.model,
        "formats": formats,
        "quality": item.quality,
        "detail": item.detail,
        "max_usd": item.max_usd,
        "brief": item.brief.model_dump(mode="json") if item.brief else None,
    }


def _follow_home(
    client: ApiClient, batch: Batch, folder: Path, display: BatchDisplay, watch: Stopwatch
) -> dict[str, Any]:
    """Follow the batch to its end and bring its files home, also when the user stops it. Returns: its report."""
    try:
        with watch.part("batch"):
            _follow(client, batch, display)
    except Interrupted:
        display.note("cancelling the batch")
        with contextlib.suppress(ClientError, Prompt2MeshError, OSError):
            _cancel(client, batch["id"])
            display.batch_result(_bring_home(client, batch["id"], folder), folder)
        raise
    with watch.part("download"):
        display.note("bringing the files home")
        return _bring_home(client, batch["id"], folder)


def _follow(client: ApiClient, batch: Batch, display: BatchDisplay) -> None:
    display.batch(batch)
    while _is_at_work(batch):
        time.sleep(POLL_S)
        for attempt in Retrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_delay(SILENCE_S),
            wait=wait_fixed(POLL_S),
            before_sleep=lambda _: display.note("waiting for the server"),
            reraise=True,
        ):
            with attempt:
                batch = client.get_batch(batch["id"])
        display.batch(batch)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ApiUnreachable) or (isinstance(error, ApiError) and error.status in (502, 503, 504))


def _is_at_work(batch: Batch) -> bool:
    return batch["counts"]["queued"] + batch["counts"]["running"] > 0


def _cancel(client: ApiClient, batch_id: str) -> None:
    """Cancel what has not ended and wait a little for it; the stack's own stop ends it in any case."""
    with contextlib.suppress(ApiError):  # the last job may have ended in this moment
        client.cancel_batch(batch_id)
    deadline = time.monotonic() + CANCEL_WAIT_S
    while time.monotonic() < deadline and _is_at_work(client.get_batch(batch_id)):
        time.sleep(0.1)


def _bring_home(client: ApiClient, batch_id: str, folder: Path) -> dict[str, Any]:
    """Download the zip of the batch and unpack it. Returns: what its `batch.json` says."""
    archive = folder / ARCHIVE
    try:
        client.download_batch(batch_id, archive)
        unpack(archive, folder)
    finally:
        archive.unlink(missing_ok=True)
    return json.loads((folder / "batch.json").read_text(encoding="utf-8"))


def unpack(archive: Path, folder: Path) -> None:
    """Write the zip's files below `folder`. Raises: UnsafeArchive: nothing was written; or it is damaged."""
    try:
        with zipfile.ZipFile(archive) as opened:
            targets = [(entry, _target_of(entry, folder)) for entry in opened.infolist() if not entry.is_dir()]
            for entry, target in targets:
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 18)
    except zipfile.BadZipFile as error:
        raise UnsafeArchive("it is damaged; run the command again to see whether that helps") from error


def _target_of(entry: zipfile.ZipInfo, folder: Path) -> Path:
    name = PurePosixPath(entry.filename)
    is_inside = not name.is_absolute() and ".." not in name.parts and name.parts != ()
    if not is_inside or "\\" in entry.filename or ":" in entry.filename or stat.S_ISLNK(entry.external_attr >> 16):
        raise UnsafeArchive(f"its entry {entry.filename!r} leads out of the folder")
    target = folder.joinpath(*name.parts)
    if not target.parent.resolve().is_relative_to(folder.resolve()) or target.is_symlink():
        raise UnsafeArchive(f"its entry {entry.filename!r} leads out of the folder")
    return target
