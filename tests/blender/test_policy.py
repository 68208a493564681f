"""What `run_python` refuses before it runs, and what it must not refuse."""

import pytest

from cloud.blender.policy import refusal

REFUSED = [
    "bpy.ops.wm.quit_blender()",
    "import bpy as b\nb.ops.wm.quit_blender()",
    "from bpy import ops\nops.wm.quit_blender()",
    "ops = bpy.ops\nops.wm.quit_blender()",
    "import bpy\nwm = bpy.ops.wm\nleave = wm.quit_blender\nleave()",
    "from bpy.ops.wm import quit_blender as leave\nleave()",
    "def main():\n    bpy.ops.wm.quit_blender()\nmain()",
    "def a():\n    b()\ndef b():\n    bpy.ops.wm.quit_blender()\nif __name__ == '__main__':\n    a()",
    "class Job:\n    def run(self):\n        bpy.ops.wm.quit_blender()\nJob().run()",
    "class Job:\n    def __init__(self):\n        bpy.ops.wm.quit_blender()\nJob()",
    "bpy.ops.wm.open_mainfile(filepath='/etc/scene.blend')",
    "path = '/home/me/scene.blend'\nbpy.ops.wm.open_mainfile(filepath=path)",
    "bpy.ops.wm.open_mainfile(filepath='/workspace/../etc/scene.blend')",
    "bpy.ops.wm.append(directory='/home/a.blend/Object/', filename='Cube')",
    "bpy.ops.wm.link(filepath='/home/a.blend/Object/Cube')",
    "with bpy.data.libraries.load('/home/a.blend') as (a, b):\n    pass",
    "bpy.ops.wm.recover_last_session()",
    "bpy.ops.render.render(animation=True)",
    "bpy.ops.render.render(write_still=False, animation=True)",
    "bpy.ops.render.opengl(animation=True)",
    "bpy.ops.render.play_rendered_anim()",
    "bpy.ops.wm.save_userpref()",
    "bpy.ops.wm.save_homefile()",
    "bpy.ops.preferences.addon_install(filepath='/tmp/a.zip')",
    "bpy.ops.preferences.addon_remove(module='cycles')",
    "bpy.ops.extensions.package_install(repo_index=0, pkg_id='x')",
    "bpy.ops.extensions.repo_sync_all()",
    "bpy.ops.extensions.userpref_allow_online()",
    "bpy.ops.script.python_file_run(filepath='/home/me/x.py')",
    "bpy.ops.script.reload()",
    "bpy.ops.wm.url_open(url='https://example.org')",
    "import webbrowser\nwebbrowser.open('x')",
    "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'scikit-image'])",
    "import os\nos.system('pip install numpy')",
    "import subprocess\nsubprocess.run('python3 -m pip install --user x', shell=True)",
]

ALLOWED = [
    "",
    "import os\nos._exit(1)",  # that is a crash, and a crash is survived
    "import os\nos.abort()",
    "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "x = (",
    "import sys\nsys.exit(0)",
    "raise SystemExit",
    "print('bpy.ops.wm.quit_blender()')  # os._exit(0)",
    "text = '''import os\nos._exit(1)'''",
    "class bpy2: pass\nops = bpy2\nops.wm = None",
    "def never():\n    bpy.ops.wm.quit_blender()",
    "f = lambda: bpy.ops.wm.quit_blender()",
    "class Quit(bpy.types.Operator):\n    bl_idname = 'a.b'\n    bl_label = 'b'\n"
    "    def execute(self, context):\n        bpy.ops.wm.url_open(url='x')\nbpy.utils.register_class(Quit)",
    "def abort():\n    print(1)\nabort()",
    "class os:\n    def _exit(n): pass",
    "bpy.ops.wm.read_factory_settings(use_empty=True)",
    "bpy.ops.wm.read_homefile(app_template='')",
    "bpy.ops.wm.open_mainfile(filepath='/workspace/a.blend')",
    "bpy.ops.wm.open_mainfile(filepath='//a.blend')",
    "bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)",
    "import tempfile, os\nbpy.ops.wm.open_mainfile(filepath=os.path.join(tempfile.gettempdir(), 'a.blend'))",
    "bpy.ops.wm.append(directory='/tmp/a.blend/Object/', filename='Cube')",
    "with bpy.data.libraries.load('/tmp/a.blend') as (a, b):\n    pass",
    "bpy.ops.wm.save_as_mainfile(filepath='/tmp/a.blend')",
    "bpy.ops.render.render()",
    "bpy.ops.render.render(write_still=True)",
    "bpy.ops.render.render(animation=False)",
    "bpy.ops.preferences.addon_enable(module='node_wrangler')",
    "import addon_utils\naddon_utils.enable('io_scene_gltf2')",
    "bpy.context.preferences.edit.use_global_undo = False",
    "import subprocess\nsubprocess.run(['echo', 'pip', 'is', 'great'])",
    "import os\nos.system('echo hello')",
    "import os\nos.kill(12345, 0)",
    "import subprocess\ntry:\n    import numpy\nexcept ImportError:\n    subprocess.run(['pip', 'install', 'x'])",
    "from my_thing import _exit\n_exit(1)",
    "import os\nos = None\nprint(os)",
    "bpy = None",
    "try:\n    from os import _exit\nexcept ImportError:\n    from my_os import _exit\n_exit(0)",
    "x = " + "-" * 3000 + "1",
    "x = " + "(" * 90 + ")" * 90,
    "\0",
]


@pytest.mark.parametrize("code", REFUSED)
def test_what_would_harm_the_session_is_refused_with_its_line(code: str) -> None:
    sentence = refusal(code)
    assert sentence is not None
    line = int(sentence.removeprefix("Line ").split(":")[0])
    assert sentence.endswith(".")
    assert sentence.split("`")[1].rpartition(".")[2] in code
    assert "(" in code.splitlines()[line - 1]


@pytest.mark.parametrize("code", ALLOWED)
def test_what_bare_blender_runs_is_let_through(code: str) -> None:
    assert refusal(code) is None


def test_the_sentence_says_what_to_do_instead() -> None:
    sentence = refusal("import bpy\n\nbpy.ops.wm.open_mainfile(filepath='/home/me/a.blend')")
    assert sentence == (
        "Line 3: `bpy.ops.wm.open_mainfile` opens a file from outside the workspace; use the tool import_file instead."
    )
