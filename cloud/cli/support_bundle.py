"""`prompt2mesh support-bundle FILE.zip`: what somebody needs who is to find out what is wrong, and no secret.

Everything passes the mask of the logs on its way in. What users and models wrote is left out altogether.
"""

import asyncio
import json
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.console import Console

from cloud.cli.guard import EXIT_BAD_INPUT
from cloud.errors import Prompt2MeshError
from cloud.redaction import keep_secret, mask, mask_fields
from cloud.settings import Settings
from cloud.start import usable_settings, variable_of

_LOG_TAIL_BYTES = 2 * 2**20
_LOGS_LIMIT = 40
_LAST_JOBS = 200
_PACKAGES = (
    "prompt2mesh",
    "bpy",
    "anthropic",
    "mcp",
    "fastapi",
    "starlette",
    "uvicorn",
    "pydantic",
    "sqlalchemy",
    "psycopg",
    "procrastinate",
    "alembic",
    "cryptography",
    "httpx2",
    "streamlit",
    "typer",
    "structlog",
)
_READ_ME = """\
A support bundle of Prompt2Mesh. Look through it before you hand it on.

versions.json   this program, Python, the system, the libraries that matter
settings.json   every setting; of secrets only whether they are set
doctor.json     what `prompt2mesh doctor` finds
database.json   the schema's version, how many rows each table has, the states of the last jobs
folder.json     what lies in the data folder, by size
logs/           the ends of the logs

Passwords, keys and tokens are masked. Prompts, names, scenes and conversations are not in it.
What could not be had is told in problems.json.
"""


@dataclass
class _Bundle:
    """The open archive. Nothing gets in but through `text` and `facts`, which mask."""

    archive: zipfile.ZipFile
    problems: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, content: str) -> None:
        self.archive.writestr(name, mask(content))

    def facts(self, name: str, content: Any) -> None:
        self.archive.writestr(name, json.dumps(mask_fields(content), indent=1, ensure_ascii=False) + "\n")


def support_bundle(
    file: Annotated[Path, typer.Argument(help="The zip to write.", metavar="FILE.zip", dir_okay=False)],
) -> None:
    """Write a zip for whoever is to help: logs, versions, settings and the doctor's findings, with secrets masked."""
    console = Console(stderr=True, highlight=False)
    try:
        settings = usable_settings()
        _keep_those_on_disk(settings.data_dir)
        file.touch(mode=0o600)
        with console.status("collecting"), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            bundle = _Bundle(archive)
            _collect(bundle, settings)
    except Prompt2MeshError as error:
        console.print(f" ✗ {mask(str(error))}", style="bold red", soft_wrap=True, markup=False)
        raise typer.Exit(EXIT_BAD_INPUT) from None
    except OSError as error:
        console.print(f" ✗ {file} cannot be written: {error.strerror or error}.", style="bold red", soft_wrap=True)
        raise typer.Exit(EXIT_BAD_INPUT) from None
    for name, why in bundle.problems.items():
        console.print(f" ! {name} is not in it: {why}", style="yellow", soft_wrap=True, markup=False)
    Console(highlight=False).print(f"Written: {file}. Look through it before you hand it on.", soft_wrap=True)


def _collect(bundle: _Bundle, settings: Settings) -> None:
    bundle.archive.writestr("README.txt", _READ_ME)
    bundle.facts("versions.json", _versions())
    # Its names tell of secrets, its values never do: what is secret is "set" or "not set".
    bundle.archive.writestr("settings.json", json.dumps(_settings(settings), indent=1) + "\n")
    bundle.facts("folder.json", _sizes(settings.data_dir))
    for name, tail in _log_tails(settings.data_dir):
        bundle.text(f"logs/{name}", tail)
    _add_findings(bundle)
    _add_database(bundle, settings)
    bundle.facts("problems.json", bundle.problems)


def _keep_those_on_disk(data_dir: Path) -> None:
    """The secrets that one machine keeps in its data folder are masked too."""
    for name in ("secret-keys", "local-user.json"):
        try:
            content = (data_dir / name).read_text()
        except OSError:
            continue  # there is none, or it is not ours to read
        if name.endswith(".json"):
            keep_secret(json.loads(content).get("password"))
        else:
            keep_secret(*content.split(","))


def _versions() -> dict[str, str]:
    found = {"python": sys.version, "system": platform.platform(), "machine": platform.machine()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _settings(settings: Settings) -> dict[str, str]:
    told = {}
    for name, setting in Settings.model_fields.items():
        value = getattr(settings, name)
        is_secret = isinstance(value, SecretStr) or "SecretStr" in str(setting.annotation)
        told[variable_of(name)] = ("set" if value else "not set") if is_secret else mask(str(value))
    return told


def _sizes(data_dir: Path) -> dict[str, Any]:
    """Of each thing right in the data folder: bytes with all below it."""
    sizes = {}
    for path in sorted(data_dir.iterdir()) if data_dir.is_dir() else ():
        inner = [path, *path.rglob("*")] if path.is_dir() else [path]
        sizes[path.name] = sum(each.lstat().st_size for each in inner if not each.is_dir() and each.exists())
    where = data_dir if data_dir.is_dir() else Path.cwd()
    return {"bytes": sizes, "free_bytes": shutil.disk_usage(where).free}


def _log_tails(data_dir: Path) -> Iterator[tuple[str, str]]:
    """The ends of the logs, in whole lines."""
    folders = (data_dir / "logs", data_dir / "postgres", *sorted((data_dir / "pods").glob("*")))
    files = [file for folder in folders for file in sorted(folder.glob("*.log"))]
    for file in files[:_LOGS_LIMIT]:
        try:
            with file.open("rb") as opened:
                size = opened.seek(0, 2)
                opened.seek(max(size - _LOG_TAIL_BYTES, 0))
                lines = opened.read().decode("utf-8", "replace")
        except OSError:
            continue  # a pod has ended meanwhile
        name = file.name if file.parent.name in ("logs", "postgres") else f"{file.parent.name}.log"
        yield name, lines if size <= _LOG_TAIL_BYTES else lines.partition("\n")[2]


def _add_findings(bundle: _Bundle) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "cloud.blender.doctor"], capture_output=True, text=True, timeout=120, check=False
    )
    try:
        bundle.facts("doctor.json", json.loads(ran.stdout))
    except ValueError:
        bundle.problems["doctor.json"] = mask(ran.stderr.strip()[-500:]) or "the doctor said nothing"


def _add_database(bundle: _Bundle, settings: Settings) -> None:
    # Here, as all commands share these modules' start, which should be fast.
    from cloud.db.embedded import url_of_running
    from cloud.db.engine import DATABASE_ERRORS, Database
    from cloud.jobs.support.queries import last_jobs, row_counts

    async def ask(url: str) -> dict[str, Any]:
        database = Database.connect(url, pool_size=1)
        try:
            async with database.sessions() as session:
                return {
                    "schema": await database.schema_version(),
                    "rows": await row_counts(session),
                    "last_jobs": await last_jobs(session, _LAST_JOBS),
                }
        finally:
            await database.aclose()

    try:
        facts = asyncio.run(ask(settings.database_url or url_of_running(settings.data_dir / "postgres")))
    except (Prompt2MeshError, *DATABASE_ERRORS) as error:
        bundle.problems["database.json"] = mask(str(error).partition("\n")[0])
    else:
        bundle.facts("database.json", facts)
