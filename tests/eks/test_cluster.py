"""secrets, settings, controllers, tear-down: made once, never made worse by a second time."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from tests.eks.conftest import ACCOUNT, ROOT, Bench


def test_secrets_are_made_once_and_never_replaced(bench: Bench) -> None:
    ran = bench.run("secrets")
    assert ran.exit_code == 0, ran.err
    held = json.loads(bench.world["secret"])
    assert len(base64.b64decode(held["P2M_SECRET_KEYS"])) == 32
    private = load_pem_private_key(held["P2M_POD_SIGNING_KEY"].encode(), password=None)
    public = load_pem_public_key(held["P2M_POD_PUBLIC_KEY"].encode())
    private_s_own = private.public_key()
    assert private_s_own == public
    bench.forget()
    again = bench.run("secrets")
    assert again.exit_code == 0
    assert "nothing is changed" in again.out
    assert json.loads(bench.world["secret"]) == held
    assert not [call for call in bench.calls if "put-secret-value" in call]


def test_what_the_secret_lacks_is_added_and_the_rest_stays(bench: Bench, tmp_path: Path) -> None:
    bench.change(secret=json.dumps({"P2M_SECRET_KEYS": "kept", "P2M_OIDC_CLIENT_SECRET": "kept too"}))
    (tmp_path / "key").write_text("sk-of-the-system\n")
    assert bench.run("secrets", "--anthropic-key-file", str(tmp_path / "key")).exit_code == 0
    held = json.loads(bench.world["secret"])
    assert (held["P2M_SECRET_KEYS"], held["P2M_OIDC_CLIENT_SECRET"]) == ("kept", "kept too")
    assert held["ANTHROPIC_API_KEY"] == "sk-of-the-system"
    assert "P2M_POD_SIGNING_KEY" in held


def test_no_secret_is_said_or_stands_on_a_command_line(bench: Bench) -> None:
    ran = bench.run("secrets")
    secrets = json.loads(bench.world["secret"]).values()
    seen = ran.out + ran.err + " ".join(bench.calls)
    assert not [value for value in secrets if value.strip().splitlines()[len(value.strip().splitlines()) // 2] in seen]


def test_a_secret_that_cannot_be_read_is_not_made_anew(bench: Bench) -> None:
    bench.fail("get-secret-value", "An error occurred (AccessDeniedException)", exit_code=254)
    ran = bench.run("secrets")
    assert ran.exit_code == 1
    assert "AccessDeniedException" in ran.err
    assert bench.world["secret"] is None


def test_a_secret_that_terraform_has_not_made_is_not_made_here(bench: Bench) -> None:
    bench.fail("get-secret-value", "(ResourceNotFoundException) can't find the specified secret.", exit_code=254)
    ran = bench.run("secrets")
    assert ran.exit_code == 1
    assert "scripts/eks/up makes it" in ran.err
    assert bench.world["secret"] is None


def test_settings_take_what_terraform_made_and_keep_the_rest(bench: Bench) -> None:
    bench.change(outputs={"HOST": "mesh.example.net", "ARTIFACTS_URL": "s3://a-bucket/artifacts"})
    before = bench.settings.read_text()
    assert bench.run("settings").exit_code == 0
    after = bench.settings.read_text()
    assert "HOST=mesh.example.net\n" in after
    assert "ARTIFACTS_URL=s3://a-bucket/artifacts\n" in after
    changed = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    assert len(changed) == 2


def test_every_output_is_a_line_of_the_settings() -> None:
    text = (ROOT / "k8s" / "eks" / "outputs.tf").read_text()
    names = re.findall(r"^    ([A-Z_]+) +=", text, flags=re.MULTILINE)
    lines = (ROOT / "k8s" / "overlays" / "eks" / "settings.env").read_text()
    assert len(names) >= 8
    assert [name for name in names if f"\n{name}=" not in lines] == []


def test_controllers_are_pinned_and_get_the_roles_that_terraform_makes(bench: Bench) -> None:
    ran = bench.run("controllers")
    assert ran.exit_code == 0, ran.err
    installs = [call for call in bench.calls if call.startswith("helm")]
    assert len(installs) >= 5
    assert all(re.search(r"upgrade --install .* --version v?\d+\.\d+\.\d+ ", call) for call in installs)
    assert not [call for call in installs if "<" in call or "{" in call]
    accounts = (ROOT / "k8s" / "eks" / "service_accounts.tf").read_text()
    without_zone = bench.settings.read_text().replace("DNS_ZONE=example.net", "DNS_ZONE=none.invalid")
    bench.settings.write_text(without_zone)
    bench.forget()
    assert bench.run("controllers").exit_code == 0
    assert [call.split()[5] for call in bench.calls if call.startswith("helm")] == [
        call.split()[5] for call in installs if "external-dns" not in call
    ]
    for role in re.findall(rf"{ACCOUNT}:role/prompt2mesh-([a-z-]+)", " ".join(installs)):
        assert f'"{role}"' in accounts


@pytest.fixture
def variables() -> Iterator[None]:
    """k8s/eks/cluster.tfvars is there; it is one's own, and git ignores it."""
    file = ROOT / "k8s" / "eks" / "cluster.tfvars"
    if file.exists():
        yield
        return
    file.write_text("# of a test\n")
    yield
    file.unlink(missing_ok=True)


@pytest.mark.usefixtures("variables")
class TestTearDown:
    """It asks by name, and keeps the data."""

    def test_the_wrong_name_deletes_nothing(self, bench: Bench) -> None:
        ran = bench.run("tear-down", "--name", "other")
        assert ran.exit_code == 1
        assert "'other' is not the cluster's name" in ran.err
        assert [call for call in bench.calls if not call.startswith("aws sts")] == []

    def test_nobody_there_to_be_asked_deletes_nothing(self, bench: Bench) -> None:
        ran = bench.run("tear-down", answer="")
        assert ran.exit_code == 1
        assert "--name prompt2mesh" in ran.err
        assert not [call for call in bench.calls if "delete" in call or "destroy" in call]

    def test_the_data_stays_and_a_second_time_is_harmless(self, bench: Bench) -> None:
        assert bench.run("tear-down", "--name", "prompt2mesh").exit_code == 0
        destroyed = [call for call in bench.calls if "destroy" in call]
        assert len(destroyed) == 1
        assert "-target=aws_eks_cluster.this" in destroyed[0]
        assert not re.search("db_instance|s3_bucket|ecr|kms|secret|keep_data", destroyed[0])
        namespaces = [call for call in bench.calls if "delete namespace" in call]
        assert bench.calls.index(namespaces[0]) < bench.calls.index(destroyed[0])
        bench.forget()
        again = bench.run("tear-down", "--name", "prompt2mesh")
        assert again.exit_code == 0
        assert "gone already" in again.out
        assert not [call for call in bench.calls if call.startswith("kubectl")]

    def test_data_goes_only_when_told(self, bench: Bench) -> None:
        assert bench.run("tear-down", "--name", "prompt2mesh", "--delete-data").exit_code == 0
        changed = [call for call in bench.calls if call.startswith("terraform")]
        assert ["keep_data=false" in call for call in changed] == [True, True]
        assert "-target" not in changed[1]

    def test_what_cannot_be_emptied_stops_it_before_terraform(self, bench: Bench) -> None:
        bench.fail("delete namespace prompt2mesh ", "timed out waiting")
        assert bench.run("tear-down", "--name", "prompt2mesh").exit_code == 1
        assert not [call for call in bench.calls if "destroy" in call]
        assert bench.run("tear-down", "--name", "prompt2mesh").exit_code == 0
