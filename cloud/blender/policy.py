"""What `run_python` refuses before it runs, each with one clear sentence.

This is for clear messages alone: the sandbox is the boundary. A script that bare `bpy` runs must run here, so
only calls that will surely be made are looked at (module level, and functions that it calls), only names that
can be followed (`import bpy as b`, `ops = bpy.ops`), and whatever is in doubt runs.
"""

import ast
import posixpath

from cloud.blender.policy_calls import Call, calls_made

_OUR_FOLDERS = ("/workspace", "/tmp", "/imports")  # noqa: S108 - the pod's own, inside the sandbox

_QUITS = "ends Blender itself; leave it out, the step ends by itself (sys.exit() ends it early)"
_FOREIGN = "opens a file from outside the workspace; use the tool import_file instead"
_PREFERENCES = "changes Blender's preferences, which the pod does not keep; set what the scene needs instead"
_INSTALLS = "installs an add-on, and nothing can be installed here; bundled add-ons can be enabled"
_BROWSER = "opens a web page, and there is neither a browser nor a network here; leave it out"
_PIP = "installs packages, and there is no network here; numpy, scipy, trimesh, manifold3d and PIL are there"
_ANIMATION = "renders an animation to disk; render single frames with the tool look instead"

_ALWAYS = {
    "bpy.ops.wm.quit_blender": _QUITS,
    "bpy.ops.wm.save_userpref": _PREFERENCES,
    "bpy.ops.wm.save_homefile": _PREFERENCES,
    "bpy.ops.wm.url_open": _BROWSER,
    "bpy.ops.wm.url_open_preset": _BROWSER,
    "webbrowser.open": _BROWSER,
    "webbrowser.open_new": _BROWSER,
    "webbrowser.open_new_tab": _BROWSER,
    "bpy.ops.wm.recover_auto_save": _FOREIGN,
    "bpy.ops.wm.recover_last_session": _FOREIGN,
    "bpy.ops.render.play_rendered_anim": "plays a video, and there is no screen here; use the tool look instead",
    "bpy.ops.script.reload": "reloads Blender's own scripts; leave it out",
    "bpy.ops.preferences.addon_install": _INSTALLS,
    "bpy.ops.preferences.addon_remove": _INSTALLS,
    "bpy.ops.preferences.app_template_install": _INSTALLS,
    "bpy.ops.preferences.extension_repo_add": _INSTALLS,
    "bpy.ops.preferences.extension_repo_remove": _INSTALLS,
    "bpy.ops.preferences.extension_url_drop": _INSTALLS,
    "bpy.ops.preferences.studiolight_install": _PREFERENCES,
    "bpy.ops.preferences.theme_install": _PREFERENCES,
    "bpy.ops.preferences.keyconfig_import": _PREFERENCES,
    "bpy.ops.preferences.script_directory_add": _PREFERENCES,
    "bpy.ops.preferences.autoexec_path_add": _PREFERENCES,
    "bpy.ops.preferences.asset_library_add": _PREFERENCES,
    "pip.main": _PIP,
}
_EXTENSIONS = ("package_install", "package_upgrade", "package_uninstall", "repo_sync", "repo_refresh", "userpref_allow")
_LOADS = {
    "bpy.ops.wm.open_mainfile": "filepath",
    "bpy.ops.wm.append": "directory",
    "bpy.ops.wm.link": "directory",
    "bpy.ops.wm.lib_relocate": "directory",
    "bpy.ops.script.python_file_run": "filepath",
    "bpy.data.libraries.load": "filepath",
}
_ANIMATIONS = ("bpy.ops.render.render", "bpy.ops.render.opengl")
_SHELLS = ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput")
_PROCESSES = tuple(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))


def refusal(code: str) -> str | None:
    """Why the code may not run, in one sentence with its line; None if it may, or if it is no Python at all."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    try:
        for call in calls_made(tree.body):
            reason = _reason(call)
            if reason:
                return f"Line {call.node.lineno}: `{call.name}` {reason}."
    except RecursionError:
        return None
    return None


def _reason(call: Call) -> str | None:
    if call.name in _ALWAYS:
        return _ALWAYS[call.name]
    if call.name.startswith("bpy.ops.extensions.") and call.name.split(".")[-1].startswith(_EXTENSIONS):
        return _INSTALLS
    if call.name in _LOADS:
        position = 0 if call.name == "bpy.data.libraries.load" else None
        paths = [call.argument(keyword, position) for keyword in dict.fromkeys((_LOADS[call.name], "filepath"))]
        return _FOREIGN if any(_is_foreign(path) for path in paths) else None
    if call.name in _ANIMATIONS:
        return _ANIMATION if call.argument("animation") is True else None
    if call.name in _PROCESSES or call.name in _SHELLS:
        command = call.argument("args", 0) if call.node.args or call.node.keywords else None
        # In an `except ImportError:` it may never be reached.
        return _PIP if _installs_packages(command) and not call.in_except else None
    return None


def _is_foreign(path: object) -> bool:
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        return False
    clean = posixpath.normpath(path)
    return not any(clean == folder or clean.startswith(f"{folder}/") for folder in _OUR_FOLDERS)


def _installs_packages(command: object) -> bool:
    words = command.split() if isinstance(command, str) else command if isinstance(command, list) else []
    names = [posixpath.basename(str(word)) for word in words]
    return any(name in ("pip", "pip3") and "install" in names[at + 1 :] for at, name in enumerate(names))
