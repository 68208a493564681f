"""A Blender that goes through cases one after the other, for the tests beside it. (bpy)

Run as `python -m tests.addon.scene.session FOLDER`. Writes a line of JSON to `FOLDER/told.jsonl` for each case: its
name and the traceback of its failure, or "". Ends without Blender's teardown.
"""

import importlib
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

MODULES = ("arriving", "replacing", "sharing", "refusing", "sending", "working", "large")
Case = Callable[[Path], None]


def cases_of(module: ModuleType) -> Iterator[tuple[str, Case]]:
    """The functions named `case_…`, in order, by their names."""
    for name, function in vars(module).items():
        if name.startswith("case_"):
            yield f"{module.__name__.rsplit('_', 1)[-1]}: {name.removeprefix('case_').replace('_', ' ')}", function


def main() -> None:
    folder, chosen = Path(sys.argv[1]), sys.argv[2:]
    with (folder / "told.jsonl").open("w", buffering=1) as told:
        for name in MODULES:
            module = importlib.import_module(f"tests.addon.scene.cases_{name}")
            for case, function in cases_of(module):
                if chosen and not any(word in case for word in chosen):  # words, when tried by hand
                    continue
                error, began = "", time.process_time()
                try:
                    function(Path(tempfile.mkdtemp(dir=folder)))
                except BaseException:  # noqa: BLE001 - whatever a case raises, the test shows
                    error = traceback.format_exc()
                took_s = round(time.process_time() - began, 2)
                told.write(json.dumps({"case": case, "error": error, "took_s": took_s}) + "\n")


if __name__ == "__main__":
    main()
    os._exit(0)
