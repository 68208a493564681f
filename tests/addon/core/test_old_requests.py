"""The libraries of Blender 4.2 (requests 2.27, urllib3 1.26) under the same tests as those of today."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.addon.support.bpy_wheels import blender_python

SUITES = ("test_hostile.py", "test_hostile_files.py", "test_stop.py", "test_address.py", "test_api.py")
LIBRARIES = ("requests", "urllib3", "idna", "certifi", "charset_normalizer")
LIMIT_S = 600


@pytest.mark.heavy
def test_the_core_works_with_the_requests_of_blender_4_2(tmp_path: Path) -> None:
    found = subprocess.run(
        [blender_python("4.2"), "-c", "import requests; print(requests.__version__, requests.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    version, file = found.stdout.split()
    assert version.startswith("2.27.")
    for name in LIBRARIES:
        (tmp_path / name).symlink_to(Path(file).parent.parent / name)
    here = Path(__file__).parent
    root = here.parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(str(here / name) for name in SUITES)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(root)))},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
