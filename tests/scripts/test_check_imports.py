"""The import rules refuse what the design forbids and let through what it allows."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "check_imports.py"


def run_check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), str(root)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        ("cloud/blender/front.py", "import bpy", "bpy may be imported only in"),
        (
            "cloud/blender/front.py",
            "from cloud.settings import Settings",
            "cloud/blender may not import cloud.settings",
        ),
        ("cloud/blender/child/run.py", "import cloud.db.engine", "cloud/blender may not import cloud.db.engine"),
        ("cloud/agent/loop.py", "from cloud.fleet import contract", "cloud/agent may not import cloud.fleet.contract"),
        ("cloud/agent/loop.py", "from ..db import models", "cloud/agent may not import cloud.db.models"),
        ("cloud/fleet/local.py", "import cloud.agent.loop", "cloud/fleet may not import cloud.agent.loop"),
        ("cloud/accounts/sessions.py", "import sqlalchemy", "sqlalchemy may be imported only in"),
        ("cloud/projects/scenes.py", "from cloud.jobs import queue", "cloud/projects may not import cloud.jobs.queue"),
        ("cloud/jobs/runner.py", "from fastapi import FastAPI", "fastapi may be imported only in"),
        ("cloud/jobs/runner.py", "import prometheus_client", "prometheus_client may be imported only in"),
        ("cloud/agent/loop.py", "from cloud.telemetry import tracing", "cloud/agent may not import cloud.telemetry"),
        ("cloud/blender/front.py", "import cloud.telemetry.watch", "cloud/blender may not import cloud.telemetry"),
        ("cloud/telemetry/watch.py", "from cloud.jobs import queue", "cloud/telemetry may not import cloud.jobs.queue"),
        ("ui/tracing.py", "import opentelemetry.trace", "opentelemetry may be imported only in"),
        ("cloud/api/app.py", "import cloud.blender.front", "cloud/api may not import cloud.blender.front"),
        ("cloud/errors.py", "import cloud.settings", "cloud may not import cloud.settings"),
        ("cloud/api/app.py", "import streamlit", "streamlit may be imported only in"),
        ("ui/app.py", "from cloud.errors import NotFound", "ui may not import cloud.errors.NotFound"),
        ("addon/panel/x.py", "def f():\n    import cloud", "addon may not import cloud"),
        ("addon/core/x.py", "import bpy", "bpy may be imported only in"),
        ("addon/panel/x.py", "import bpy", "docstring's first line must say (bpy)"),
        ("addon/panel/x.py", "from mathutils import Vector", "docstring's first line must say (bpy)"),
        ("addon/core/x.py", "from addon.core import types", "relative imports only"),
        ("addon/core/x.py", "import httpx2", "addon may not import httpx2"),
    ],
)
def test_a_forbidden_import_is_named_with_its_line(tmp_path: Path, file: str, line: str, complaint: str) -> None:
    target = tmp_path / file
    target.parent.mkdir(parents=True)
    target.write_text("'''A module.'''\n" + line + "\n")
    done = run_check(tmp_path)
    assert done.returncode == 1
    assert f"{file}:" in done.stdout
    assert complaint in done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("cloud/blender/child/run.py", "import bpy"),
        ("cloud/blender/front.py", "from cloud.errors import NotFound"),
        ("cloud/blender/front.py", "from .child import frames"),
        ("cloud/projects/queries.py", "from sqlalchemy import select"),
        ("cloud/projects/scenes.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import sqlalchemy"),
        ("cloud/jobs/runner.py", "from cloud.fleet.local import LocalFleet"),
        ("cloud/api/app.py", "from cloud.jobs import queue"),
        ("addon/panel/x.py", "'''Panels (bpy).'''\nimport bpy"),
        ("addon/core/x.py", "import json\nimport requests\nfrom . import types\nfrom ..core.state import AddonState"),
        ("addon/core/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import bpy"),
        ("ui/pages/build.py", "from ui.api_client import ApiClient"),
    ],
)
def test_an_allowed_import_passes(tmp_path: Path, file: str, line: str) -> None:
    target = tmp_path / file
    target.parent.mkdir(parents=True)
    target.write_text(line + "\n")
    assert run_check(tmp_path).returncode == 0, run_check(tmp_path).stdout


@pytest.mark.heavy  # scripts/check looks at it each time
def test_our_own_tree_keeps_every_rule() -> None:
    done = run_check(ROOT)
    assert done.returncode == 0, done.stdout
