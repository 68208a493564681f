"""push, deploy and roll-back: twice is as once, and what broke in the middle is mended by running it again."""

import json
from collections.abc import Callable

from tests.eks.conftest import Bench


def test_push_pushes_each_image_once(bench: Bench) -> None:
    assert bench.run("push").exit_code == 0
    assert bench.given_to("docker login") == ["a-password"]
    assert sorted(bench.world["pushed"]) == [
        "prompt2mesh-api:1.0.0",
        "prompt2mesh-blender:1.0.0",
        "prompt2mesh-ui:1.0.0",
    ]
    bench.forget()
    again = bench.run("push")
    assert again.exit_code == 0
    assert "is in the registry already" in again.out
    assert not [call for call in bench.calls if "docker" in call]


def test_push_that_was_cut_off_pushes_what_is_missing(bench: Bench) -> None:
    bench.fail("docker push … prompt2mesh-ui", "connection reset")
    cut = bench.run("push")
    assert cut.exit_code == 1
    assert bench.world["pushed"] == ["prompt2mesh-api:1.0.0"]
    bench.forget()
    assert bench.run("push").exit_code == 0
    assert [call.rpartition("/")[2] for call in bench.calls if "docker push" in call] == [
        "prompt2mesh-ui:1.0.0",
        "prompt2mesh-blender:1.0.0",
    ]


def test_push_of_what_is_not_built_says_how_to_build_it(bench: Bench) -> None:
    ran = bench.run("push", "--tag", "9.9.9")
    assert ran.exit_code == 1
    assert "scripts/eks/build --tag 9.9.9" in ran.err


def test_the_password_is_on_no_command_line(bench: Bench) -> None:
    ran = bench.run("push")
    assert "a-password" not in ran.out + ran.err + " ".join(bench.calls)


def test_deploy_migrates_before_any_new_code_and_asks_the_public_address(bench: Bench) -> None:
    bench.run("push")
    bench.forget()
    ran = bench.run("deploy")
    assert ran.exit_code == 0, ran.err
    applied = bench.given_to("kubectl --context prompt2mesh apply -f -")
    assert ["kind: Deployment" in part for part in applied] == [False, False, True]
    assert ["kind: Job" in part for part in applied] == [False, True, False]
    assert "prompt2mesh-api:1.0.0" in applied[2]
    assert "kind: ExternalSecret" in applied[0]
    kinds = [call for call in bench.calls if "rollout status" in call or call.startswith("curl")]
    assert len(kinds) == 5
    assert kinds[-1].endswith("https://prompt2mesh.example.net/readyz")
    assert bench.world["objects"]["ConfigMap/release-1.0.0"]["data"]["schema"] == "0006"


def test_every_object_of_the_overlay_is_applied_once(bench: Bench) -> None:
    bench.run("push")
    bench.run("deploy")
    applied = "\n".join(bench.given_to("kubectl --context prompt2mesh apply -f -"))
    objects = [key for key in bench.world["objects"] if "release-" not in key]
    assert applied.count("\nkind: ") == applied.count("\napiVersion: ") + applied.startswith("apiVersion")
    assert {"Namespace/prompt2mesh", "Deployment/blender", "Job/migrate-1.0.0", "Ingress/ui"} <= set(objects)


def test_deploy_again_is_harmless(bench: Bench, released: Callable[..., None]) -> None:
    released("1.0.0")
    before = bench.world["objects"]
    assert bench.run("deploy").exit_code == 0
    assert not [call for call in bench.calls if " delete " in call]
    after = bench.world["objects"]
    assert before.keys() == after.keys()
    assert all(after[key] == before[key] for key in before if "release-" not in key)


def test_deploy_of_what_is_not_pushed_touches_nothing(bench: Bench) -> None:
    ran = bench.run("deploy")
    assert ran.exit_code == 1
    assert "scripts/eks/push" in ran.err
    assert not [call for call in bench.calls if "kubectl" in call]


def test_failed_migrations_start_no_new_code_and_the_next_run_begins_them_anew(bench: Bench) -> None:
    bench.run("push")
    bench.change(job_states=["", "Failed"])
    ran = bench.run("deploy")
    assert ran.exit_code == 1
    assert "no new code was started" in ran.err
    assert "Deployment/api" not in bench.world["objects"]
    bench.forget()
    bench.change(job_states=["Failed", "Complete"])
    assert bench.run("deploy").exit_code == 0
    assert [call for call in bench.calls if "delete job migrate-1.0.0" in call]
    assert "Deployment/api" in bench.world["objects"]


def test_a_roll_out_that_hangs_is_not_remembered_and_a_rerun_mends_it(
    bench: Bench, released: Callable[..., None]
) -> None:
    released("1.0.0")
    bench.run("push", "--tag", "1.1.0")
    bench.fail("rollout status deployment/runner", "timed out waiting for the condition")
    ran = bench.run("deploy", "--tag", "1.1.0")
    assert ran.exit_code == 1
    assert "scripts/eks/roll-back" in ran.err
    assert "ConfigMap/release-1.1.0" not in bench.world["objects"]
    assert bench.run("deploy", "--tag", "1.1.0").exit_code == 0
    assert "ConfigMap/release-1.1.0" in bench.world["objects"]


def test_roll_back_after_a_deploy_that_never_worked_goes_to_the_last_that_did(
    bench: Bench, released: Callable[..., None]
) -> None:
    released("1.0.0", "1.1.0")
    bench.run("push", "--tag", "1.2.0")
    bench.fail("rollout status deployment/api", "timed out")
    assert bench.run("deploy", "--tag", "1.2.0").exit_code == 1
    ran = bench.run("roll-back")
    assert ran.exit_code == 0, ran.err
    assert "prompt2mesh-api:1.1.0" in bench.world["objects"]["Deployment/api"]


def test_roll_back_applies_what_was_applied_then_and_never_migrates(
    bench: Bench, released: Callable[..., None]
) -> None:
    released("1.0.0", "1.1.0")
    ran = bench.run("roll-back")
    assert ran.exit_code == 0, ran.err
    applied = "\n".join(bench.given_to("kubectl --context prompt2mesh apply -f -"))
    assert "prompt2mesh-api:1.0.0" in applied
    assert "1.1.0" not in applied
    assert "kind: Job" not in applied


def test_roll_back_twice_stays_where_it_is(bench: Bench, released: Callable[..., None]) -> None:
    released("1.0.0", "1.1.0", "1.2.0")
    assert bench.run("roll-back").exit_code == 0
    bench.forget()
    again = bench.run("roll-back")
    assert again.exit_code == 0
    assert "1.1.0 runs already" in again.out
    assert not [call for call in bench.calls if "apply" in call]
    assert bench.run("roll-back", "--to", "1.0.0").exit_code == 0
    assert "prompt2mesh-api:1.0.0" in bench.world["objects"]["Deployment/api"]


def test_roll_back_without_a_release_before_says_so(bench: Bench, released: Callable[..., None]) -> None:
    released("1.0.0")
    ran = bench.run("roll-back")
    assert ran.exit_code == 1
    assert "no release before 1.0.0" in ran.err


def test_roll_back_over_several_schemas_must_be_meant(bench: Bench, released: Callable[..., None]) -> None:
    released("1.0.0", schema="0006")
    released("1.1.0", schema="0007")
    released("1.2.0", schema="0008")
    ran = bench.run("roll-back", "--to", "1.0.0")
    assert ran.exit_code == 1
    assert "schema 0008, and 1.0.0 was made for 0006" in ran.err
    assert not [call for call in bench.calls if "apply" in call]
    assert bench.run("roll-back", "--to", "1.0.0", "--accept-newer-schema").exit_code == 0
    assert bench.run("deploy", "--tag", "1.2.0").exit_code == 0
    one_back = bench.run("roll-back")
    assert one_back.exit_code == 0
    assert "database stays at schema 0008" in one_back.out


def test_only_the_newest_releases_are_remembered(bench: Bench, released: Callable[..., None]) -> None:
    released("1.0.0")
    pattern = bench.world["objects"]["ConfigMap/release-1.0.0"]
    older = [json.loads(json.dumps(pattern).replace("1.0.0", f"0.{number}.0")) for number in range(10)]
    for number, one in enumerate(older):
        one["data"]["at"] = str(number)
    bench.change(objects=bench.world["objects"] | {f"ConfigMap/{one['metadata']['name']}": one for one in older})
    released("1.1.0")
    remembered = {key for key in bench.world["objects"] if key.startswith("ConfigMap/release-")}
    assert len(remembered) == 10
    assert {"ConfigMap/release-1.1.0", "ConfigMap/release-1.0.0", "ConfigMap/release-0.9.0"} <= remembered
    assert not {"ConfigMap/release-0.0.0", "ConfigMap/release-0.1.0"} & remembered


def test_the_wrong_account_is_refused_before_anything(bench: Bench) -> None:
    bench.change(account="999999999999")
    for script in ("push", "deploy", "roll-back", "secrets", "controllers", "status"):
        bench.forget()
        ran = bench.run(script)
        assert ran.exit_code == 1
        assert "These credentials are of account 999999999999" in ran.err
        assert not [call for call in bench.calls if not call.startswith("aws sts")]


def test_missing_credentials_say_how_to_get_them(bench: Bench) -> None:
    bench.fail("sts get-caller-identity", "Unable to locate credentials", exit_code=253)
    ran = bench.run("status")
    assert ran.exit_code == 1
    assert "aws sso login" in ran.err


def test_a_fault_in_the_settings_is_told_before_anything(bench: Bench) -> None:
    text = bench.settings.read_text().replace("HOST=prompt2mesh.example.net", "HOST=")
    bench.settings.write_text(text)
    ran = bench.run("deploy")
    assert ran.exit_code == 1
    assert "HOST is empty" in ran.err
    assert bench.calls == []
