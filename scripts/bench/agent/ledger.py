"""What a run has written down: `run.json` (how it was asked for) and `results.jsonl` (a record a line)."""

import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class OtherRun(Exception):
    """The folder holds a run that was asked for otherwise."""


class NoResults(Exception):
    """The file is not there, or holds no record."""


@dataclass
class Ledger:
    """One run's folder. `add` may be called from any thread; a record is on the disk when it returns."""

    folder: Path
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def opened(cls, folder: Path, asked: dict[str, Any]) -> "Ledger":
        """A new run, or the one that was interrupted. Raises: OtherRun, OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        told = folder / "run.json"
        if told.exists():
            earlier = json.loads(told.read_text(encoding="utf-8"))
            differing = sorted(key for key in earlier | asked if earlier.get(key) != asked.get(key))
            if differing:
                raise OtherRun(
                    f"{folder} holds a run with another {', '.join(differing)}; name another folder with --out, "
                    "or remove this one."
                )
        else:
            told.write_text(json.dumps(asked, indent=2) + "\n", encoding="utf-8")
        ledger = cls(folder)
        ledger.records = {record["id"]: record for record in _records_in(ledger.results)}
        ledger._rewrite()
        return ledger

    @property
    def results(self) -> Path:
        """The records' file."""
        return self.folder / "results.jsonl"

    def lacks(self, task_id: str) -> bool:
        """Whether the task is still to be run: it never was, or the harness failed it."""
        return not self.records.get(task_id, {}).get("measured", False)

    def add(self, record: dict[str, Any]) -> None:
        """Write a record; it takes the place of an earlier one of its task."""
        with self._lock:
            self.records[record["id"]] = record
            with self.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())

    def close(self) -> None:
        """Leave one line a task."""
        with self._lock:
            self._rewrite()

    def _rewrite(self) -> None:
        draft = self.results.with_suffix(".part")
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in self.records.values()]
        draft.write_text("".join(lines), encoding="utf-8")
        draft.replace(self.results)


def read_results(path: Path) -> list[dict[str, Any]]:
    """The records of a file or of a run's folder, the last of each task. Raises: NoResults."""
    file = path / "results.jsonl" if path.is_dir() else path
    records = list({record["id"]: record for record in _records_in(file)}.values())
    if not records:
        raise NoResults(f"{file} holds no results of this harness.")
    return records


def _records_in(file: Path) -> list[dict[str, Any]]:
    """What can be read: the last line of a run that was killed may be half a record."""
    records = []
    if not file.is_file():
        return []
    for line in file.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("id"), str):
            records.append(record)
    return records
