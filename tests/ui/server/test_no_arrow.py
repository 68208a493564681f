"""A broken pyarrow is tried once in the life of the web UI's process."""

import subprocess
import sys
from pathlib import Path

BROKEN = 'open({log!r}, "a").write("tried ")\nimport pyarrow.lib\n'
TWICE = """
from ui.server.no_arrow import try_pyarrow_once
print(try_pyarrow_once())
for _ in range(3):
    try:
        import pyarrow as pa
    except ImportError:
        print("refused")
"""


def _said(folder: Path, code: str) -> list[str]:
    root = Path(__file__).resolve().parents[3]
    search = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(root)!r}]\n"
    return subprocess.run(
        [sys.executable, "-c", search + code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_a_broken_one_is_tried_once(tmp_path: Path) -> None:
    (tmp_path / "pyarrow").mkdir()
    (tmp_path / "pyarrow" / "__init__.py").write_text(BROKEN.format(log=str(tmp_path / "log")))
    (tmp_path / "pyarrow" / "lib.py").write_text("raise ImportError('numpy is too old')\n")
    assert _said(tmp_path, TWICE) == ["False", "refused", "refused", "refused"]
    assert (tmp_path / "log").read_text() == "tried "


def test_a_sound_one_stays(tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("")
    assert _said(tmp_path, TWICE) == ["True"]
