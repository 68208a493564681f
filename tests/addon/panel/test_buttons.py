"""What the buttons order, and why they are grey: pressed in the installed add-on in a real Blender."""

import pytest

from tests.addon.support.blender import Blender


@pytest.mark.parametrize(
    ("before", "press", "ordered"),
    [
        ("say(m().ConnectionChanged('signed_out'))", "pressed('sign_in')", "SignInWithCode()"),
        ("", "pressed('cancel_sign_in')", "CancelSignIn()"),
        ("signed_in()", "pressed('sign_out')", "SignOut()"),
        ("", "pressed('diagnose')", "Diagnose()"),
        ("signed_in(); say(m().JobFollowed(job()))", "pressed('cancel_job')", "CancelJob(job_id=uuid(7))"),
        ("signed_in()", "pressed('watch_job', job_id=uuid(8))", "Watch(job_id=uuid(8))"),
        ("signed_in(); say(m().JobFollowed(job()))", "pressed('stop_watching')", "StopWatching()"),
        ("signed_in()", "pressed('open_project', project_id=uuid(2))", "OpenProject(project_id=uuid(2))"),
        ("signed_in(); say(opened())", "pressed('new_project')", "CloseProject()"),
        ("signed_in(); say(opened())", "pressed('move_scene', how='undo')", "Move(project_id=uuid(2), how='undo')"),
        (
            "signed_in(); say(opened())",
            "pressed('restore_step', snapshot_id=uuid(101))",
            "Move(project_id=uuid(2), how='restore', snapshot_id=uuid(101))",
        ),
        (
            "signed_in(); say(opened())",
            "pressed('branch_step', snapshot_id=uuid(101))",
            "Branch(project_id=uuid(2), snapshot_id=uuid(101))",
        ),
        (
            "signed_in()",
            "pressed('import_scene', project_id=uuid(2), snapshot_id=uuid(101))",
            "Download(project_id=uuid(2), snapshot_id=uuid(101))",
        ),
        (
            "signed_in()",
            "setattr(bpy.context.window_manager.p2m_form, 'query', ' oak ') or ''",
            "ListProjects(query='oak')",
        ),
        (
            "signed_in(); say(m().BriefReady(uuid(7), uuid(2), brief()));"
            " bpy.context.window_manager.p2m_brief.title = 'Stool'",
            "pressed('build_brief')",
            "BuildBrief(job_id=uuid(7), brief=__import__('dataclasses').replace(brief(), title='Stool'))",
        ),
        (
            "signed_in(); form = bpy.context.window_manager.p2m_form; form.prompt = 'an owl'; form.quality = 'high';"
            " form.detail = 'concise'",
            "pressed('build')",
            "Build(prompt='an owl', quality='high', detail='concise', reads_brief=True)",
        ),
        (
            "signed_in(); say(opened()); form = bpy.context.window_manager.p2m_form; form.prompt = 'an owl'",
            "pressed('build')",
            "Build(prompt='an owl', project_id=uuid(2))",
        ),
    ],
)
def test_a_button_orders_what_it_says(blender: Blender, before: str, press: str, ordered: str) -> None:
    told, made, expected = blender.run(
        f"globals().update(shared)\n{before}\nsaid = eval({press!r})\nexpected = m().{ordered}\n"
        "made = orders(type(expected).__name__)[-1]\n"
        "plain = lambda order: {name: repr(value) for name, value in vars(order).items() if name != 'order_id'}\n"
        "return [said, plain(made), plain(expected)]"
    )
    assert told == ""
    assert made == expected


@pytest.mark.parametrize(
    ("before", "button", "why"),
    [
        ("", "build", "Sign in first."),
        ("signed_in()", "build", "Say what you want to see built."),
        (
            "signed_in(); say(m().VersionChecked('9', 'Update the add-on.', True))",
            "build",
            "Update the add-on.",
        ),
        (
            "signed_in(); session().form.prompt = 'a'; session().form.uses_selection = True;"
            " bpy.ops.object.select_all(action='DESELECT')",
            "build",
            "Nothing is selected; select objects, or do not use the selection as context.",
        ),
        ("signed_in()", "cancel_job", "No job runs."),
        ("signed_in()", "apply_parameters", "No parameter is changed."),
        ("signed_in(); say(opened(), m().JobFollowed(job()))", "restore_step", "A job is at work on this project."),
        ("signed_in()", "sign_in", "You are signed in."),
        ("", "copy_report", "There is no report yet; press Diagnose."),
    ],
)
def test_a_grey_button_says_why(blender: Blender, before: str, button: str, why: str) -> None:
    found = blender.run(f"globals().update(shared)\n{before}\nreturn [grey({button!r}), why_grey({button!r})]")
    assert found == [True, why]


def test_a_token_is_sent_once_and_kept_nowhere(blender: Blender) -> None:
    saved = blender.folder / "saved.blend"
    sent, left, shown = blender.run(
        "globals().update(shared)\n"
        "bpy.ops.p2m.sign_in_with_token('EXEC_DEFAULT', token='p2m_pat_secretsecret')\n"
        "order = orders('SignInWithToken')[0]\n"
        f"bpy.ops.wm.save_as_mainfile(filepath={str(saved)!r}, copy=True, compress=False)\n"
        "last = bpy.context.window_manager.operator_properties_last('p2m.sign_in_with_token')\n"
        "return [order.token, [module('panel.account')._typed[0], last.token], repr(order)]"
    )
    assert sent == "p2m_pat_secretsecret"
    assert left == ["", ""]
    assert "secret" not in shown
    assert b"p2m_pat_" not in saved.read_bytes()


def test_a_saved_file_holds_no_prompt_path_server_or_name(blender: Blender) -> None:
    saved = blender.folder / "plain.blend"
    blender.run(
        "globals().update(shared)\nsigned_in('grace_hopper')\n"
        "form = bpy.context.window_manager.p2m_form\nform.prompt = 'a_secret_castle'\n"
        "session().form.references.append(__import__('pathlib').Path('/home/grace/keep.png'))\n"
        "say(opened(parameter('tower_height', 'number', 0.5, min=0.0, max=1.0)))\n"
        "say(m().BriefReady(uuid(7), uuid(2), brief()))\n"
        "drawn()\nbpy.context.window_manager.p2m_brief.style = 'a_secret_style'\n"
        f"bpy.ops.wm.save_as_mainfile(filepath={str(saved)!r}, copy=True, compress=False)"
    )
    data = saved.read_bytes()
    found = [word for word in (b"p2m.example", b"grace", b"secret", b"tower_height", b"keep.png") if word in data]
    assert found == []


def test_a_text_of_the_editor_is_the_prompt_where_it_was_chosen(blender: Blender) -> None:
    prompt, back = blender.run(
        "globals().update(shared)\nsigned_in()\nsession().form.prompt = 'a tower'\npressed('write_prompt')\n"
        "text = bpy.data.texts[session().form.prompt_text_name]\ntext.write('\\nof red stone')\npressed('build')\n"
        "pressed('prompt_to_field')\nreturn [orders('Build')[0].prompt, session().form.prompt]"
    )
    assert prompt == back == "a tower\nof red stone"


def test_the_prompt_stays_until_the_server_has_taken_it(blender: Blender) -> None:
    refused, taken = blender.run(
        "globals().update(shared)\nsigned_in()\nsession().form.prompt = 'a tower'\npressed('build')\n"
        "first = orders('Build')[-1]\n"
        "say(m().Failed(first.order_id, 'Build', 'Try again in a minute.', 'again', 'rate_limited'))\n"
        "refused = session().form.prompt\npressed('build')\n"
        "say(m().JobFollowed(job(), orders('Build')[-1].order_id))\nreturn [refused, session().form.prompt]"
    )
    assert (refused, taken) == ("a tower", "")


def test_the_selection_goes_with_the_prompt_as_a_file_of_ours(blender: Blender) -> None:
    scene, temporary, exists = blender.run(
        "globals().update(shared)\nsigned_in()\nbpy.ops.mesh.primitive_cube_add()\n"
        "session().form.prompt = 'a hat for it'\nsession().form.uses_selection = True\nsaid = pressed('build')\n"
        "assert not said, said\norder = orders('Build')[0]\n"
        "return [order.scene.suffix, [str(path) == str(order.scene) for path in order.temporary], order.scene.exists()]"
    )
    assert (scene, temporary, exists) == (".glb", [True], True)


def test_without_a_window_the_viewport_picture_is_refused_in_a_sentence(blender: Blender) -> None:
    said, sent = blender.run(
        "globals().update(shared)\nsigned_in()\nsession().form.prompt = 'a hat'\nsession().form.uses_viewport = True\n"
        "return [pressed('build'), len(orders('Build'))]"
    )
    assert "viewport" in said
    assert sent == 0


def test_a_slider_that_was_moved_is_applied_as_the_api_takes_it(blender: Blender) -> None:
    values, head = blender.run(
        "globals().update(shared)\nsigned_in()\n"
        "say(opened(parameter('height', 'number', 0.75, min=0.2, max=2.0), parameter('top', 'colour', '#ff0000'),"
        " parameter('base', 'colour', (0.1, 0.2, 0.3)), parameter('legs', 'count', 4, min=3, max=8)))\n"
        "fields = module('panel.pump').current_pump().fields\n"
        "move = lambda own_id, value: setattr(*fields.place(bpy.context, own_id), value)\n"
        "move('height', 0.9)\nmove('top', (0.0, 0.5, 1.0))\nmove('base', (0.5, 0.5, 0.5))\nmove('legs', 4)\n"
        "pressed('apply_parameters')\norder = orders('ChangeParameters')[0]\nreturn [order.values, order.expected_head]"
    )
    assert values == {"height": 0.9, "top": "#0080ff", "base": [0.5, 0.5, 0.5]}
    assert head is not None


def test_a_slider_of_the_scene_before_does_no_harm(blender: Blender) -> None:
    shown, values = blender.run(
        "globals().update(shared)\nsigned_in()\nsay(opened(parameter('height', 'number', 0.75, min=0.2, max=2.0)))\n"
        "old = module('panel.pump').current_pump().fields.place(bpy.context, 'height')\n"
        "say(opened(parameter('height', 'colour', '#ff0000'), head=91))\nsetattr(*old, 0.3)\n"
        "return [getattr(*old), session().parameters.values]"
    )
    assert (shown, values) == (0.0, {})


def test_at_most_eight_pictures_go_with_a_prompt(blender: Blender) -> None:
    count, said = blender.run(
        "globals().update(shared)\nsigned_in()\n"
        "said = pressed('add_references', directory='/tmp', files=[{'name': f'{n}.png'} for n in range(10)])\n"
        "return [len(session().form.references), said]"
    )
    assert count == 8
    assert "8" in said
