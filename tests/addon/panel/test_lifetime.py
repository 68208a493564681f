"""Registered and taken off, files opened and steps undone, at any moment: the installed add-on in a real Blender."""

from pathlib import Path

import pytest

from tests.addon.support.blender import Blender

_BUILDING = "signed_in(); say(opened(parameter('height', 'number', 0.75, min=0.2, max=2.0)), m().JobFollowed(job()))"
_SCENE = (
    "import pathlib\n"
    "mesh = bpy.data.meshes.new('Stool'); mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])\n"
    "made = bpy.data.scenes.new('Made'); made.collection.objects.link(bpy.data.objects.new('Stool', mesh))\n"
    "bpy.data.libraries.write({path!r}, {{made}}, fake_user=True)\n"
    "bpy.data.scenes.remove(made); bpy.data.objects.remove(bpy.data.objects['Stool']); bpy.data.meshes.remove(mesh)\n"
)
_ARRIVES = (
    "pressed('import_scene', project_id=uuid(2))\nwanted = orders('Download')[-1]\n"
    "here = m().DownloadFinished(wanted.order_id, pathlib.Path({path!r}), uuid(2), 'Stools', uuid(90), 100)\n"
)


@pytest.fixture
def stool(blender: Blender) -> Path:
    """A .blend as the server makes it."""
    path = blender.folder / "stool.blend"
    blender.run(_SCENE.format(path=str(path)))
    return path


def test_unregister_in_the_middle_of_a_job_leaves_nothing_of_ours(blender: Blender) -> None:
    stopped, types, groups, session, timers = blender.run(
        f"globals().update(shared)\n{_BUILDING}\nran = shared['session']().worker\n"
        "import sys\nsys.modules[ADD_ON].unregister()\n"
        "types = [name for name in dir(bpy.types) if name.startswith('P2M_')]\n"
        "groups = [name for name in dir(bpy.types.WindowManager) if name.startswith('p2m')]\n"
        "handlers = [f.__module__ for name in ('load_pre', 'load_post', 'undo_pre', 'redo_pre')"
        " for f in getattr(bpy.app.handlers, name) if ADD_ON in f.__module__]\n"
        "return [ran.stopped, types, groups, session() is None, handlers]"
    )
    assert stopped
    assert (types, groups, session, timers) == ([], [], True, [])


def test_unregister_twice_and_register_twice_are_once(blender: Blender) -> None:
    state = blender.run(
        "globals().update(shared)\nimport sys\nours = sys.modules[ADD_ON]\nours.register()\nours.register()\n"
        "ours.unregister()\nours.unregister()\nours.register()\n"
        "return [session() is not None, len([f for f in bpy.app.handlers.load_post if ADD_ON in f.__module__])]"
    )
    assert state == [True, 1]


def test_a_register_that_fails_leaves_nothing_registered(blender: Blender) -> None:
    types = blender.run(
        "globals().update(shared)\nimport sys\npump = module('panel.pump')\nreal = pump.begin\n"
        "pump.begin = lambda: 1 / 0\n"
        "try:\n    sys.modules[ADD_ON].register()\nexcept ZeroDivisionError:\n    pump.begin = real\n"
        "types = [name for name in dir(bpy.types) if name.startswith('P2M_')]\nfresh()\nreturn types"
    )
    assert types == []


def test_another_file_keeps_session_and_form_and_drops_what_was_meant_for_the_last(
    blender: Blender, stool: Path
) -> None:
    job, prompt, asked, objects, dropped = blender.run(
        f"globals().update(shared)\nimport pathlib\n{_BUILDING}\nsession().form.prompt = 'a tower'\n"
        + _ARRIVES.format(path=str(stool))
        + "worker.inbox.put(here)\nbpy.ops.wm.read_homefile(use_empty=True)\n"
        "[tick() for _ in range(20)]\n"
        "return [session().state.job_runs, session().form.prompt, len(session().wanted),"
        " [o.name for o in bpy.data.objects], [str(o.path) for o in orders('DropFile')]]"
    )
    assert job
    assert prompt == "a tower"
    assert (asked, objects) == (0, [])
    assert dropped == [str(stool)]


def test_a_downloaded_scene_comes_in_and_its_file_is_dropped(blender: Blender, stool: Path) -> None:
    objects, told, dropped, state = blender.run(
        "globals().update(shared)\nimport pathlib\nsigned_in()\n"
        + _ARRIVES.format(path=str(stool))
        + "say(here)\n[tick() for _ in range(50)]\n"
        "return [[name for name in bpy.data.objects.keys() if name == 'Stool'], session().told + session().refused,"
        " [str(o.path) for o in orders('DropFile')], module('panel.pump').current_pump().arriving.is_on]"
    )
    assert objects == ["Stool"]
    assert "Stools" in told
    assert dropped == [str(stool)]
    assert not state


def test_a_linked_scene_has_its_file_to_itself(blender: Blender, stool: Path) -> None:
    told, linked, dropped = blender.run(
        "globals().update(shared)\nimport pathlib\nsigned_in()\nsession().form.how = 'LINK'\n"
        + _ARRIVES.format(path=str(stool))
        + "say(here)\n[tick() for _ in range(50)]\n"
        "linked = [bpy.path.abspath(each.filepath) for each in bpy.data.libraries]\n"
        "return [session().told + session().refused, linked, [str(order.path) for order in orders('DropFile')]]"
    )
    assert "Stools" in told
    assert dropped == [str(stool)]
    assert linked
    assert str(stool) not in linked


def test_a_broken_file_is_one_sentence_and_the_scene_is_as_it_was(blender: Blender) -> None:
    broken = blender.folder / "broken.blend"
    broken.write_bytes(b"BLENDER-v405" + b"\0" * 400)
    before, after, refused, dropped = blender.run(
        "globals().update(shared)\nimport pathlib\nsigned_in()\nbefore = sorted(o.name for o in bpy.data.objects)\n"
        + _ARRIVES.format(path=str(broken))
        + "say(here)\n[tick() for _ in range(50)]\n"
        "return [before, sorted(o.name for o in bpy.data.objects), session().refused, len(orders('DropFile'))]"
    )
    assert before == after
    assert refused.endswith(".")
    assert dropped == 1


def test_undo_in_the_middle_of_an_import_ends_it(blender: Blender, stool: Path) -> None:
    going, before, after, dropped = blender.run(
        "globals().update(shared)\nimport pathlib\nsigned_in()\nbefore = sorted(bpy.data.objects.keys())\n"
        + _ARRIVES.format(path=str(stool))
        + "say(here)\narriving = module('panel.pump').current_pump().arriving\ngoing = arriving.is_on\n"
        "module('panel.handlers')._before_undo()\n[tick() for _ in range(20)]\n"
        "return [going, before, sorted(bpy.data.objects.keys()), len(orders('DropFile'))]"
    )
    assert going
    assert (after, dropped) == (before, 1)


def test_a_build_that_is_to_be_imported_is_asked_for_when_it_is_done(blender: Blender) -> None:
    asked = blender.run(
        "globals().update(shared)\nsigned_in()\nsession().form.prompt = 'a stool'\npressed('build')\n"
        "say(m().JobFollowed(job(), orders('Build')[0].order_id))\nbefore = len(orders('Download'))\n"
        "done = job('succeeded', result=t().JobResult(objects=1))\nsay(m().JobChanged(done), m().JobChanged(done))\n"
        "return [before, [order.project_id for order in orders('Download')]]"
    )
    assert asked == [0, ["00000002-0000-0000-0000-000000000000"]]


@pytest.mark.parametrize("what", ["a watched job", "the choice not to", "a failed job", "a brief", "another file"])
def test_nothing_is_imported_that_was_not_wanted(blender: Blender, what: str) -> None:
    ends = {"a failed job": "job('failed')", "a brief": "job('succeeded', kind='refine')"}.get(what, "job('succeeded')")
    setting = "session().form.imports_when_done = False" if what == "the choice not to" else ""
    order_id = "0" if what == "a watched job" else "orders('Build')[0].order_id"
    load = "bpy.ops.wm.read_homefile(use_empty=True)" if what == "another file" else ""
    count = blender.run(
        f"globals().update(shared)\nsigned_in()\nsession().form.prompt = 'a stool'\n{setting}\npressed('build')\n"
        f"say(m().JobFollowed(job(), {order_id}))\n{load}\nsay(m().JobChanged({ends}))\nreturn len(orders('Download'))"
    )
    assert count == 0


def test_a_tick_that_breaks_says_so_and_the_next_one_goes_on(blender: Blender) -> None:
    first, said, second = blender.run(
        "globals().update(shared)\nfound = session()\nfound.state.apply = lambda message: 1 / 0\n"
        "first = say(m().ProjectClosed())\nsaid = found.refused\ndel found.state.apply\n"
        "signed_in()\nreturn [tick() is not None, said, found.state.signed_in]"
    )
    assert first
    assert "stumbled" in said
    assert second


def test_online_access_that_is_switched_off_reaches_the_worker(blender: Blender) -> None:
    told = blender.run(
        "globals().update(shared)\nsystem = bpy.context.preferences.system\nfound = []\n"
        "for allowed in (True, False, True):\n    system.use_online_access = allowed\n    tick()\n"
        "    found.append(orders('Connect')[-1].online)\nreturn found"
    )
    assert told == [True, False, True]


def test_pictures_are_asked_for_once_and_only_those_on_the_page(blender: Blender) -> None:
    asked = blender.run(
        "globals().update(shared)\nsigned_in()\nsay(opened(steps=20))\ntick()\nfirst = orders('FetchPictures')\n"
        "pressed('turn_page', of='history', by=1)\ntick()\n"
        "return [[len(order.artifact_ids) for order in orders('FetchPictures')], len(first)]"
    )
    assert asked == [[6, 6], 1]


def test_a_sign_in_page_opens_once_and_only_as_a_web_address(blender: Blender) -> None:
    opened = blender.run(
        "globals().update(shared)\npump = module('panel.pump')\nopened = []\n"
        "pump.webbrowser = __import__('types').SimpleNamespace(open=opened.append)\n"
        "code = lambda url: m().CodeShown('BCDF-GHJK', url, url, 1e9)\n"
        "say(code('https://x.org/device'))\ntick()\nsay(code('file:///etc/passwd'))\ntick()\n"
        "import threading\n[t.join(5) for t in threading.enumerate() if t.name == 'p2m-browser']\nreturn opened"
    )
    assert opened == ["https://x.org/device"]
