"""The Build page: from a prompt to live steps to files."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi, picture_png
from tests.ui.screen import no_crash, run_until, words_on

PROMPT = "a red *wooden* chair"


def labels(app: AppTest) -> list[str]:
    return [button.label.replace("\\", "").split(" · ")[0] for button in app.download_button]


def place(app: AppTest, prompt: str = PROMPT) -> AppTest:
    app.text_area(key="prompt").set_value(prompt)
    return app.button(key="build").click().run()


def test_prompt_becomes_live_steps_then_files_with_the_blend_first(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    no_crash(signed_in)
    job = next(iter(api.jobs.values()))
    assert job["prompt"] == PROMPT
    assert [project["name"] for project in api.projects.values()] == [PROMPT]
    assert PROMPT in words_on(signed_in)

    api.play_beginning(job)
    run_until(signed_in, "Add the chair")
    run_until(signed_in, "1,500 tokens")
    assert "Building · 2 steps" in words_on(signed_in)
    assert "$0.01" in words_on(signed_in)
    assert [code.value for code in signed_in.code] == ["import bpy\n# chair"]
    assert len(signed_in.image) == 1

    api.play_end(job, not_built=["two mugs"])
    run_until(signed_in, "A red chair.")
    no_crash(signed_in)
    assert "Not built: “two mugs”" in words_on(signed_in)
    assert labels(signed_in) == ["scene.blend", "scene.glb", "preview.png", "script.py"]
    assert len(signed_in.image) == 2


def test_next_prompt_continues_the_same_project(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    first = next(iter(api.jobs.values()))
    api.play_end(first)
    run_until(signed_in, "A red chair.")
    place(signed_in, "make it blue")
    assert len(api.projects) == 1
    assert [job["project_id"] for job in api.jobs.values()] == [first["project_id"]] * 2


def test_cancel_stops_the_job_and_says_so(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    job = next(iter(api.jobs.values()))
    api.play_beginning(job)
    run_until(signed_in, "Add the chair")
    signed_in.button(key="cancel").click().run()
    run_until(signed_in, "You cancelled this job.")
    no_crash(signed_in)
    assert job["state"] == "cancelled"
    assert "The job ended before this step did" in words_on(signed_in)


def test_failure_is_one_sentence_shown_as_it_is(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    api.play_end(next(iter(api.jobs.values())), "failed", objects=0, summary="")
    run_until(signed_in, "too many")
    assert [error.value.replace("\\", "") for error in signed_in.error] == ["It was 1 < 2 *stars* too many."]
    assert labels(signed_in) == []
    assert "0 objects" not in words_on(signed_in)


def test_newest_preview_is_shown_until_the_next_prompts_first_picture(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    api.play_end(next(iter(api.jobs.values())))
    run_until(signed_in, "A red chair.")
    place(signed_in, "make it blue")
    assert "Now building" in words_on(signed_in)
    assert [image.proto.imgs[0].alt for image in signed_in.image] == ["The newest preview"]


def test_empty_prompt_sends_nothing(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in, "  \n ")
    assert "The prompt is empty" in words_on(signed_in)
    assert api.projects == {}


def test_refused_prompt_keeps_its_words_and_leaves_no_project(signed_in: AppTest, api: FakeApi) -> None:
    api.refuse_jobs = "The prompt has 9,001 characters; at most 8,000 are taken."
    place(signed_in, "long " * 9)
    no_crash(signed_in)
    assert [error.value.replace("\\", "") for error in signed_in.error] == [api.refuse_jobs]
    assert signed_in.text_area(key="prompt").value == "long " * 9
    assert api.projects == {}


def test_reference_images_and_formats_go_with_the_prompt(signed_in: AppTest, api: FakeApi) -> None:
    png = picture_png()
    signed_in.file_uploader(key="images").set_value([("sketch.png", png, "image/png")])
    signed_in.multiselect(key="formats").set_value(["fbx"])
    place(signed_in)
    no_crash(signed_in)
    job = next(iter(api.jobs.values()))
    assert [api.contents[image] for image in job["image_ids"]] == [png]
    assert job["formats"] == ["blend", "glb", "fbx"]


def test_file_that_is_no_image_is_refused_with_a_sentence(signed_in: AppTest, api: FakeApi) -> None:
    signed_in.file_uploader(key="images").set_value([("sketch.png", b"no image", "image/png")])
    place(signed_in)
    assert "This file is no image" in words_on(signed_in)
    assert api.projects == {}


def test_project_that_is_deleted_elsewhere_is_offered_no_more(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    api.play_end(next(iter(api.jobs.values())))
    run_until(signed_in, "A red chair.")
    api.projects.clear()
    signed_in.run()
    no_crash(signed_in)
    assert [error.value for error in signed_in.error] == []
    assert signed_in.selectbox[0].options == ["New project"]


@pytest.mark.parametrize("state", ["running", "queued"])
def test_running_job_is_found_again_after_a_reload(app: AppTest, api: FakeApi, state: str) -> None:
    job = api.add_job(api.add_project("Chair")["id"], PROMPT)
    api.play_beginning(job)
    job["state"] = state
    app.run()
    app.text_input(key="sign_up_name").set_value("grace")
    app.text_input(key="sign_up_password").set_value("long enough")
    app.button(key="sign_up_button").click().run()
    run_until(app, "Add the chair")
    assert app.button(key="cancel") is not None
