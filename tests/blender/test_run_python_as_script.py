"""A step behaves as the same code would as a script of its own Python process."""

# ruff: noqa: E501 - each case of a table is one line

from typing import Any

import pytest

from cloud.agent.contract import ToolResult
from cloud.agent.toolbox import McpToolbox
from tests.blender.pod_process import RunningPod

pytestmark = pytest.mark.blender


class Steps:
    """Steps in the pod, each with a connection of its own."""

    def __init__(self, pod: RunningPod) -> None:
        self._pod = pod

    async def answer(self, code: str, **arguments: object) -> ToolResult:
        """What the step gave, be it an error."""
        async with McpToolbox(self._pod.base_url, self._pod.bearer) as box:
            return await box.call("run_python", {"code": code, **arguments})

    async def run(self, code: str) -> dict[str, Any]:
        """What a step that must succeed gave, as data."""
        result = await self.answer(code)
        assert not result.is_error, result.content
        return result.structured

    async def stdout(self, code: str) -> str:
        """What a step that must succeed printed."""
        return (await self.run(code))["stdout"]


@pytest.fixture
async def steps(pod: RunningPod) -> Steps:
    async with pod.toolbox():
        return Steps(pod)


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("import sys\nprint(__name__, sys.modules['__main__'].__dict__ is globals())", "__main__ True\n"),
        ("import sys\nprint(sys.argv == [__file__], sys.path[0] == __file__.rpartition('/')[0])", "True True\n"),
        ("print(open(__file__).read())", "print(open(__file__).read())\n"),
        ("import argparse, sys\nargs = sys.argv[sys.argv.index('--') + 1:] if '--' in sys.argv else []\nprint(args)", "[]\n"),
        ("if 'bpy' in locals():\n    import importlib\n    importlib.reload(nothing)\nimport bpy\nprint('fine')", "fine\n"),
        (
            "from dataclasses import dataclass\nfrom typing import get_type_hints\n@dataclass\nclass P:\n    x: 'Q'\n"
            "class Q: pass\nprint(get_type_hints(P)['x'].__name__)",
            "Q\n",
        ),
        ("import pickle\nclass P: pass\nprint(type(pickle.loads(pickle.dumps(P()))).__name__)", "P\n"),
        ("import inspect\ndef f(): return 1\nprint(inspect.getsource(f))", "def f(): return 1\n\n"),
        ("try: input()\nexcept EOFError: print('no one')", "no one\n"),
        ("import os\nopen('a.txt', 'w').write('x')\nprint(os.path.exists(os.path.join(os.getcwd(), 'a.txt')))", "True\n"),
        ("import logging\nlogging.basicConfig(level='INFO', format='%(message)s')\nlogging.info('told')", "told\n"),
        ("import sys\nsys.stdout.buffer.write(b'raw\\n')\nsys.stdout.reconfigure(encoding='utf-8')\nprint(sys.stdout.encoding)", "raw\nutf-8\n"),
        ("import atexit\natexit.register(print, 'last')\nprint('first')", "first\nlast\n"),
        ("import threading\nthreading.Timer(0.05, lambda: print('joined')).start()", "joined\n"),
        ("def f(n): return f(n - 1) if n else 'deep'\nprint(f(990))", "deep\n"),
        ("import asyncio\nasync def f(): return 1\nprint(asyncio.run(f()))", "1\n"),
        ("import sys\nprint(1)\nsys.exit()", "1\n"),
        ("raise SystemExit(0)", ""),
        ("\ufeffif 1:\r\n\tprint(1)\r\n\x0c\r\nprint(2)\r\n", "1\n2\n"),
        ("# -*- coding: latin-1 -*-\nprint('é')", "é\n"),
        ("from __future__ import annotations\ndef f(x: nope): pass\nprint(f.__annotations__)", "{'x': 'nope'}\n"),
        ("class P(bpy.types.PropertyGroup):\n    size: bpy.props.FloatProperty(default=2)\nbpy.utils.register_class(P)\n"
         "bpy.types.Scene.p = bpy.props.PointerProperty(type=P)\nprint(bpy.context.scene.p.size)", "2.0\n"),
        ("import os\nif os.fork() == 0:\n    raise ValueError\nprint(os.wait()[1] != 0)", "True\n"),
        ("import multiprocessing as m\ndef f(x): return x * x\nwith m.Pool(2) as p: print(p.map(f, [1, 2]))", "[1, 4]\n"),
    ],
)  # fmt: skip
async def test_what_a_script_counts_on_is_there(steps: Steps, code: str, printed: str) -> None:
    assert await steps.stdout(code) == printed


async def test_a_script_may_redirect_close_and_lose_its_output_and_the_next_one_prints(steps: Steps) -> None:
    silence = (
        "import os, sys\nfd = sys.stdout.fileno()\nold = os.fdopen(os.dup(fd), 'w')\nsys.stdout.close()\n"
        "os.dup2(os.open(os.devnull, os.O_WRONLY), fd)\nsys.stdout = os.fdopen(fd, 'w')\nprint('unheard')\n"
        "sys.stdout.close()\nos.dup2(old.fileno(), fd)\nsys.stdout = os.fdopen(fd, 'w')\nprint('heard')"
    )
    assert await steps.stdout(silence) == "heard\n"
    for rude in ("import sys\nsys.stdout.close()\nsys.__stdout__.close()", "import os\nos.close(1)\nos.close(2)"):
        await steps.run(rude)
        assert await steps.stdout("import os\nprint('a', flush=True)\nos.write(1, b'b\\n')") == "a\nb\n"


async def test_what_a_step_changes_of_python_ends_with_it(steps: Steps) -> None:
    look = (
        "import builtins, decimal, gc, locale, logging, os, random, signal, sys, warnings\n"
        "print(sys.getrecursionlimit(), len(sys.path), os.getcwd(), dict(os.environ) == {**os.environ}, 'X' in os.environ,"
        " signal.getsignal(signal.SIGTERM), signal.getitimer(signal.ITIMER_REAL), locale.setlocale(locale.LC_ALL),"
        " len(warnings.filters), len(logging.getLogger().handlers), gc.isenabled(), sys.excepthook, print, 'own' in sys.modules)"
    )  # fmt: skip
    change = (
        "import builtins, gc, locale, logging, os, signal, sys, warnings\nsys.setrecursionlimit(5000)\n"
        "sys.path.append('/x')\nos.mkdir('d')\nos.chdir('d')\nos.environ['X'] = '1'\n"
        "signal.signal(signal.SIGTERM, lambda *a: None)\nsignal.alarm(1)\nlocale.setlocale(locale.LC_ALL, 'C')\n"
        "warnings.simplefilter('error')\nlogging.basicConfig()\ngc.disable()\nsys.excepthook = None\n"
        "builtins.print = None\nopen('../own.py', 'w').write('x = 1')\nimport own\nsys.modules['json'] = own"
    )
    before = await steps.stdout(look)
    await steps.run(change)
    assert await steps.stdout(look) == before
    assert await steps.stdout("import json\nprint(json.__name__)") == "json\n"


async def test_a_module_in_the_workspace_is_read_anew(steps: Steps) -> None:
    assert await steps.stdout("open('mine.py', 'w').write('x = 1')\nimport mine\nprint(mine.x)") == "1\n"
    assert await steps.stdout("open('mine.py', 'w').write('x = 22')\nimport mine\nprint(mine.x)") == "22\n"


async def test_the_value_of_a_last_expression_is_told(steps: Steps) -> None:
    async def value(code: str) -> str | None:
        return (await steps.run(code))["value"]

    assert await value("x = 20\nx + 1") == "21"
    assert await value("bpy.ops.mesh.primitive_cube_add()\nbpy.context.object.name") == "'Cube'"
    assert await value("x = 20") is None
    assert await value("print(1)") is None
    assert await value("'''A docstring alone.'''") is None
    assert await value("class R:\n    def __repr__(self): raise SystemExit\nR()") == "(its repr raised SystemExit)"
    long = await value("'x' * 100_000")
    assert long is not None
    assert len(long) < 2_100


async def test_warnings_are_told_beside_the_output(steps: Steps) -> None:
    made = await steps.run("import warnings\nwarnings.warn('mind this')\nprint('out')")
    assert made["warnings"] == ["UserWarning: mind this (line 2)"]
    assert made["stdout"] == "out\n"


async def test_a_failure_names_the_line_and_the_calls_that_led_there(steps: Steps) -> None:
    code = "def inner():\n    return {}['a']\ndef outer():\n    inner()\n\nouter()"
    failed = await steps.answer(code)
    error = failed.structured["error"]
    assert (error["type"], error["line"], error["source"]) == ("KeyError", 2, "return {}['a']")
    assert [(call["function"], call["line"]) for call in error["trace"]] == [
        ("<module>", 6),
        ("outer", 4),
        ("inner", 2),
    ]
    assert "in inner, called at line 4: `inner()`" in failed.content[0]["text"]
    assert "called at line 6: `outer()`" in failed.content[0]["text"]


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("import sys\nsys.exit('no good')", "SystemExit", "no good"),
        ("def f(): f()\nf()", "RecursionError", "maximum recursion depth"),
        ("x = 10 ** 10_000\nstr(x)", "ValueError", "4300"),
        ("print 1", "SyntaxError", "parentheses"),
        ("a = '\0'", "SyntaxError", "null bytes"),
        ("x = '\\ud800'.encode()", "UnicodeEncodeError", "surrogates"),
        ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('bad') from e", "ValueError", "caused by ZeroDivisionError"),
        ("(" * 10_000, "SyntaxError", "nested"),
    ],
)  # fmt: skip
async def test_code_that_cannot_go_well_is_a_clear_error(steps: Steps, code: str, kind: str, said: str) -> None:
    failed = await steps.answer(code)
    assert failed.structured["error"]["type"] == kind
    assert said in failed.content[0]["text"]
    assert await steps.stdout("print(1)") == "1\n"


async def test_megabytes_of_code_and_one_long_line_run(steps: Steps) -> None:
    points = ",".join(f"({n}.5,0,1)" for n in range(60_000))
    assert await steps.stdout(f"points = [{points}]\nprint(len(points))") == "60000\n"


async def test_a_thread_that_runs_on_is_ended_and_told_and_the_scene_stays(steps: Steps) -> None:
    code = (
        "import threading, time\nbpy.ops.mesh.primitive_cube_add()\n"
        "def forever():\n    while True: time.sleep(0.01)\n"
        "threading.Thread(target=forever, name='server', daemon=True).start()"
    )
    made = await steps.run(code)
    assert "server" in " ".join(made["warnings"])
    seen = (
        "import threading\nprint([t.name for t in threading.enumerate() if t.name == 'server'], len(bpy.data.objects))"
    )
    assert await steps.stdout(seen) == "[] 1\n"


async def test_processes_and_handlers_end_with_the_step(steps: Steps) -> None:
    code = (
        "import subprocess\np = subprocess.Popen(['sleep', '60'])\nprint(p.pid)\n"
        "from bpy.app.handlers import persistent\n@persistent\ndef later(*_): bpy.data.objects.new('ghost', None)\n"
        "bpy.app.handlers.frame_change_post.append(later)\nbpy.app.handlers.save_pre.append(later)"
    )
    made = await steps.run(code)
    assert "frame_change_post, save_pre" in " ".join(made["warnings"])
    gone = (
        "import os\nbpy.context.scene.frame_set(7)\n"
        f"print(os.path.exists('/proc/{made['stdout'].strip()}'), 'ghost' in bpy.data.objects)"
    )
    assert await steps.stdout(gone) == "False False\n"


async def test_a_failed_step_takes_its_classes_with_it(steps: Steps) -> None:
    operator = (
        "class O(bpy.types.Operator):\n    bl_idname = 'scene.p2m_x'\n    bl_label = 'X'\nbpy.utils.register_class(O)\n"
    )
    assert (await steps.answer(operator + "1 / 0")).is_error
    asked = "import _bpy\ntry: bpy.ops.scene.p2m_x.get_rna_type()\nexcept KeyError: print('gone')"
    assert await steps.stdout(asked) == "gone\n"


async def test_a_failed_step_can_be_kept_half_done(steps: Steps) -> None:
    code = "bpy.ops.mesh.primitive_cube_add()\n1 / 0"
    failed = await steps.answer(code, keep_on_error=True)
    assert failed.is_error
    assert failed.structured["changed"]["added"] == ["Cube"]
    assert len(failed.structured["snapshot"]["sha256"]) == 64
    assert await steps.stdout("print(bpy.data.objects.keys())") == "['Cube']\n"


@pytest.mark.parametrize("mode", ["EDIT", "SCULPT", "WEIGHT_PAINT", "VERTEX_PAINT"])
async def test_a_script_may_end_in_any_mode_on_any_object(steps: Steps, mode: str) -> None:
    code = (
        f"bpy.ops.mesh.primitive_cube_add()\nbpy.ops.object.mode_set(mode='{mode}')\n"
        "other = bpy.data.objects.new('other', None)\nbpy.context.collection.objects.link(other)\n"
        "bpy.context.view_layer.objects.active = other"
    )
    assert (await steps.run(code))["warnings"] == []
    left = "print([o.mode for o in bpy.data.objects], bpy.context.view_layer.objects.active.name)"
    assert await steps.stdout(left) == "['OBJECT', 'OBJECT'] other\n"
