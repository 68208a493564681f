"""One Blender with the installed add-on for all tests of the panel; each gets the add-on as after Blender's start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addon.support.archive import built_archive
from tests.addon.support.blender import Blender, blender_module

_INSIDE = Path(__file__).with_name("inside.py")


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blender]:
    with blender_module("4.5", tmp_path_factory.mktemp("panel")) as blender:
        blender.install(built_archive())
        blender.run(f"exec(compile(open({str(_INSIDE)!r}).read(), 'inside.py', 'exec'), shared)")
        yield blender


@pytest.fixture
def blender(running: Blender) -> Blender:
    """The names of inside.py are in `shared`; the worker of the add-on is the scripted one."""
    running.run("shared['fresh']()")
    return running
