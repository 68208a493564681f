"""The studio: from a prompt to live steps to files."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import BRIEF, VERDICT, FakeApi, picture_png
from tests.ui.screen import data_of, no_crash, run_until, words_on

PROMPT = "a red *wooden* chair"


def place(app: AppTest, prompt: str = PROMPT) -> AppTest:
    app.text_area(key="prompt").set_value(prompt)
    return app.button(key="build").click().run()


def test_prompt_becomes_a_live_job_then_its_outcome(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    no_crash(signed_in)
    job = next(iter(api.jobs.values()))
    assert job["prompt"] == PROMPT
    assert [project["name"] for project in api.projects.values()] == [PROMPT]
    assert PROMPT in words_on(signed_in)

    (painted,) = data_of(signed_in, "p2m_live")
    assert (painted["job"], painted["live"]) == (job["id"], True)
    assert signed_in.query_params["project"] == job["project_id"]
    assert [stage["live"] for stage in data_of(signed_in, "p2m_viewer")] == [job["project_id"]]

    api.play_end(job, not_built=["two mugs"])
    run_until(signed_in, "A red chair.")
    no_crash(signed_in)
    assert "Not built: “two mugs”" in words_on(signed_in)
    assert [painted["live"] for painted in data_of(signed_in, "p2m_live")] == [False]


def test_next_prompt_continues_the_same_project(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    first = next(iter(api.jobs.values()))
    api.play_end(first)
    run_until(signed_in, "A red chair.")
    place(signed_in, "make it blue")
    assert len(api.projects) == 1
    assert [job["project_id"] for job in api.jobs.values()] == [first["project_id"]] * 2


def test_cancelled_job_says_so(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    api.play_end(next(iter(api.jobs.values())), "cancelled")
    run_until(signed_in, "You cancelled this job.")
    no_crash(signed_in)


def test_prompt_that_is_sent_while_a_job_runs_waits_and_can_be_taken_back(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    first = next(iter(api.jobs.values()))
    api.play_beginning(first)
    place(signed_in, "then make it blue")
    no_crash(signed_in)
    assert [painted["job"] for painted in data_of(signed_in, "p2m_live")] == [first["id"]]
    assert "then make it blue" in words_on(signed_in)
    second = list(api.jobs.values())[1]
    signed_in.button(key=f"take-back-{second['id']}").click().run()
    no_crash(signed_in)
    assert (first["state"], second["state"]) == ("running", "cancelled")


def test_prompt_is_emptied_when_it_is_taken(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    assert signed_in.text_area(key="prompt").value == ""
    assert len(api.jobs) == 1


def test_earlier_prompts_are_lines_whose_steps_are_fetched_when_they_are_unfolded(
    signed_in: AppTest, api: FakeApi
) -> None:
    project = api.add_project("Chair")
    jobs = [api.finish(project, f"prompt {number}") for number in range(9)]
    signed_in.query_params["project"] = project["id"]
    signed_in.run()
    no_crash(signed_in)
    assert [painted["job"] for painted in data_of(signed_in, "p2m_live")] == [jobs[-1]["id"]]
    assert "prompt 1" not in words_on(signed_in)
    signed_in.button(key="earlier").click().run()
    said = [text.value for text in signed_in.text if text.value.startswith("prompt")]
    assert said == [f"prompt {number}" for number in range(9)]


def test_failure_is_one_sentence_shown_as_it_is(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    api.play_end(next(iter(api.jobs.values())), "failed", objects=0, summary="")
    run_until(signed_in, "too many")
    assert [error.value.replace("\\", "") for error in signed_in.error] == ["It was 1 < 2 *stars* too many."]
    assert "0 objects" not in words_on(signed_in)


def test_newest_preview_is_shown_by_address(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    api.play_end(next(iter(api.jobs.values())))
    run_until(signed_in, "A red chair.")
    (preview,) = [artifact["id"] for artifact in api.artifacts.values() if artifact["kind"] == "preview"]
    (stage,) = data_of(signed_in, "p2m_viewer")
    assert stage["picture"] == f"p2m/api/v1/artifacts/{preview}/content"


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
    signed_in.file_uploader(key="attachments-0").set_value([("sketch.png", png, "image/png")])
    signed_in.multiselect(key="formats").set_value(["fbx"])
    place(signed_in)
    no_crash(signed_in)
    job = next(iter(api.jobs.values()))
    assert [api.contents[image] for image in job["image_ids"]] == [png]
    assert job["formats"] == ["blend", "glb", "fbx"]


def test_file_that_is_no_image_is_refused_with_a_sentence(signed_in: AppTest, api: FakeApi) -> None:
    signed_in.file_uploader(key="attachments-0").set_value([("sketch.png", b"no image", "image/png")])
    place(signed_in)
    assert "This file is no image" in words_on(signed_in)
    assert api.projects == {}


def test_project_that_is_gone_is_said_and_the_next_prompt_makes_a_new_one(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    api.play_end(next(iter(api.jobs.values())))
    run_until(signed_in, "A red chair.")
    api.projects.clear()
    signed_in.run()
    no_crash(signed_in)
    assert "That project is not here" in words_on(signed_in)
    assert [header.value for header in signed_in.title] == ["New project"]
    place(signed_in, "a boat")
    assert [project["name"] for project in api.projects.values()] == ["a boat"]


@pytest.mark.parametrize("state", ["running", "queued"])
def test_running_job_is_found_again_after_a_reload(app: AppTest, api: FakeApi, state: str) -> None:
    job = api.add_job(api.add_project("Chair")["id"], PROMPT)
    api.play_beginning(job)
    job["state"] = state
    app.run()
    app.text_input(key="sign_up_name").set_value("grace")
    app.text_input(key="sign_up_password").set_value("long enough")
    app.button(key="sign_up_button").click().run()
    no_crash(app)
    assert [(painted["job"], painted["live"]) for painted in data_of(app, "p2m_live")] == [(job["id"], True)]
    assert app.query_params["project"] == job["project_id"]


def test_a_prompt_is_refined_read_changed_and_built(signed_in: AppTest, api: FakeApi) -> None:
    signed_in.selectbox(key="detail").set_value("moderate")
    signed_in.selectbox(key="quality").set_value("high")
    signed_in.number_input(key="max_usd").set_value(2.5)
    place(signed_in)
    refining = next(iter(api.jobs.values()))
    assert (refining["kind"], refining["asked"]["detail"]) == ("refine", "moderate")

    api.play_brief(refining)
    run_until(signed_in, "This is what will be built.")
    no_crash(signed_in)
    title = signed_in.text_input(key=f"brief-title-{refining['id']}")
    assert title.value == BRIEF["title"]
    title.set_value("Blue chair")
    checks = signed_in.text_area(key=f"brief-checks-{refining['id']}")
    checks.set_value("\n".join([*BRIEF["checks"], "- it is blue", ""]))
    row = f"{refining['id']}-2"
    signed_in.text_input(key=f"part-Part-{row}").set_value("Back")
    signed_in.text_input(key=f"part-Height m-{row}").set_value("0,5")
    signed_in.text_input(key=f"part-Part-{refining['id']}-0").set_value("")
    signed_in.button(key=f"pass-{refining['id']}").click().run()

    building = list(api.jobs.values())[-1]
    asked = building["asked"]
    back = {"name": "Back", "size_m": [1.0, 1.0, 0.5], "count": 1, "material": "", "description": ""}
    changed = {"title": "Blue chair", "parts": [BRIEF["parts"][1], back], "checks": [*BRIEF["checks"], "it is blue"]}
    assert asked["brief"] == {**BRIEF, **changed}
    assert (asked["quality"], asked["detail"], asked["max_usd"]) == ("high", "as-is", 2.5)
    assert (building["project_id"], len(api.jobs)) == (refining["project_id"], 2)
    no_crash(signed_in)
    assert [painted["job"] for painted in data_of(signed_in, "p2m_live")] == [building["id"]]


def test_a_brief_that_is_not_to_be_read_is_left_to_the_build(signed_in: AppTest, api: FakeApi) -> None:
    signed_in.selectbox(key="detail").set_value("concise")
    signed_in.checkbox(key="reads_brief").uncheck()
    place(signed_in)
    (job,) = api.jobs.values()
    assert (job["kind"], job["asked"]["detail"], job["asked"]["quality"]) == ("build", "concise", "standard")
    assert "brief" not in job["asked"]


def test_a_part_without_a_size_is_asked_for(signed_in: AppTest, api: FakeApi) -> None:
    signed_in.selectbox(key="detail").set_value("concise")
    place(signed_in)
    (job,) = api.jobs.values()
    api.play_brief(job)
    run_until(signed_in, "This is what will be built.")
    signed_in.text_input(key=f"part-Depth m-{job['id']}-1").set_value("thick")
    signed_in.button(key=f"pass-{job['id']}").click().run()
    no_crash(signed_in)
    assert "needs a width, a depth and a height above 0" in words_on(signed_in).replace("\\", "")
    assert len(api.jobs) == 1


def test_another_prompt_can_be_written_instead_of_building_the_brief(signed_in: AppTest, api: FakeApi) -> None:
    signed_in.selectbox(key="detail").set_value("concise")
    place(signed_in)
    api.play_brief(next(iter(api.jobs.values())))
    run_until(signed_in, "This is what will be built.")
    signed_in.button(key="drop_brief").click().run()
    no_crash(signed_in)
    assert signed_in.text_area(key="prompt").value is not None
    assert len(api.jobs) == 1


def test_review_of_the_ended_job_is_a_checklist_beside_its_brief(signed_in: AppTest, api: FakeApi) -> None:
    place(signed_in)
    api.play_end(next(iter(api.jobs.values())), brief=BRIEF, verdict=VERDICT, mends=1)
    run_until(signed_in, "A red chair.")
    no_crash(signed_in)
    assert "one leg floats" in words_on(signed_in)
    assert "it slopes by 3 degrees in the left view" in words_on(signed_in)
    labels_shown = [expander.label.replace("\\", "") for expander in signed_in.expander]
    assert "Review: 1 of 3 requirements met · 2 rounds" in labels_shown
    assert "Brief: Red *kitchen* chair · 2 parts" in labels_shown


def test_file_to_begin_from_is_imported_before_its_prompt_is_built(signed_in: AppTest, api: FakeApi) -> None:
    signed_in.file_uploader(key="attachments-0").set_value([("old.glb", b"glTF1234", "model/gltf-binary")])
    place(signed_in, "paint it blue")
    no_crash(signed_in)
    assert [(job["kind"], job["prompt"]) for job in api.jobs.values()] == [
        ("import", "Import old.glb"),
        ("build", "paint it blue"),
    ]
    assert len(api.projects) == 1


def test_file_alone_is_enough_to_begin_from(signed_in: AppTest, api: FakeApi) -> None:
    signed_in.file_uploader(key="attachments-0").set_value([("old.glb", b"glTF1234", "model/gltf-binary")])
    place(signed_in, "")
    no_crash(signed_in)
    assert [job["kind"] for job in api.jobs.values()] == ["import"]
    assert [project["name"] for project in api.projects.values()] == ["old.glb"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["a.glb", "b.glb"], "Begin from one 3D file at a time."),
        ([f"{number}.png" for number in range(9)], "Give at most 8 reference pictures."),
    ],
    ids=["two-files", "nine-pictures"],
)
def test_too_many_files_are_refused_before_anything_is_sent(
    signed_in: AppTest, api: FakeApi, names: list[str], sentence: str
) -> None:
    signed_in.file_uploader(key="attachments-0").set_value([(name, b"x", "") for name in names])
    place(signed_in)
    assert sentence in words_on(signed_in).replace("\\", "")
    assert api.projects == {}
    assert signed_in.text_area(key="prompt").value == PROMPT
