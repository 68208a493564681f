"""k8s/eks: Terraform itself takes it, and a policy scan has nothing against it that is not explained beside the line.

Heavy. Terraform's AWS provider must be had from somewhere: a mirror named by `TF_PLUGIN_DIR` or by Terraform's own CLI
configuration, or the network. Nothing is asked of AWS.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.eks.conftest import ROOT

FOLDER = ROOT / "k8s" / "eks"
_LIMIT_S = 300
_CHECKOV = "3.3.30"
GOOD = {
    "account": '"123456789012"', "region": '"eu-central-1"', "host": '"mesh.example.net"', "zone_id": '"Z0123456789"',
    "admin_networks": '["203.0.113.7/32"]', "admin_roles": '["arn:aws:iam::123456789012:role/admins"]',
    "alarm_email": '"a@example.net"', "month_usd": "100", "github_repository": '"acme/mesh"',
}  # fmt: skip


def test_no_file_has_300_lines_and_no_module_comes_from_elsewhere() -> None:
    for file in FOLDER.glob("*.tf"):
        text = file.read_text()
        assert text.count("\n") < 300
        assert "module " not in re.sub(r"#.*", "", text)


def test_every_variable_has_a_type_and_a_description_and_says_what_it_refuses() -> None:
    text = "".join((FOLDER / name).read_text() for name in ("variables.tf", "sizes.tf"))
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 18
    for name, block in blocks:
        assert "description = " in block, name
        assert "type " in block, name
        assert "validation {" in block or name in ("single_nat_gateway", "keep_data", "addon_versions"), name


def test_every_skip_of_the_scan_has_its_reason() -> None:
    skips = [line for file in FOLDER.glob("*.tf") for line in file.read_text().splitlines() if "checkov:skip" in line]
    assert len(skips) >= 10
    assert [line for line in skips if not re.search(r"checkov:skip=CKV\w+:\S.{8,}", line)] == []


def test_network_policies_are_enforced_and_hostile_code_gets_no_role() -> None:
    assert re.search(r'enableNetworkPolicy = "true"', (FOLDER / "addons.tf").read_text())
    assert '"blender"' not in (FOLDER / "service_accounts.tf").read_text()
    assert (FOLDER / "nodes.tf").read_text().count("http_put_response_hop_limit = 1") == 1


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder, initialised without its remote state."""
    if shutil.which("terraform") is None:
        pytest.fail("Terraform 1.11 or later is missing: install it from your package manager or from HashiCorp.")
    folder = tmp_path_factory.mktemp("terraform")
    _copy(FOLDER, folder)
    mirror = os.environ.get("TF_PLUGIN_DIR")
    options = [f"-plugin-dir={mirror}"] if mirror else []
    ran = _terraform(folder, "init", "-backend=false", "-input=false", *options)
    assert ran.returncode == 0, (
        "The AWS provider cannot be had: name a mirror in TF_PLUGIN_DIR or in Terraform's CLI configuration.\n"
        + ran.stderr
    )
    return folder


@pytest.fixture(scope="module")
def closed(terraform: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with credentials that are worth nothing, AWS' addresses closed, and its state in the folder."""
    folder = tmp_path_factory.mktemp("closed")
    _copy(terraform, folder)
    (folder / "closed_override.tf").write_text(
        'terraform {\n  backend "local" {}\n}\nprovider "aws" {\n  skip_credentials_validation = true\n'
        '  access_key = "x"\n  secret_key = "x"\n  max_retries = 1\n  skip_requesting_account_id = true\n'
        '  endpoints {\n    ec2 = "http://127.0.0.1:9"\n    sts = "http://127.0.0.1:9"\n  }\n}\n'
    )
    mirror = os.environ.get("TF_PLUGIN_DIR")
    options = [f"-plugin-dir={mirror}"] if mirror else []
    assert _terraform(folder, "init", "-input=false", *options).returncode == 0
    return folder


def _copy(source: Path, target: Path) -> None:
    """Without what `init` made, and without anyone's own values."""
    for file in source.glob("*.tf"):
        shutil.copy(file, target)
    shutil.copytree(source / "karpenter", target / "karpenter")


def _terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["terraform", f"-chdir={folder}", *arguments, *(() if arguments[0] == "console" else ("-no-color",))]
    return subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False, input="")


@pytest.mark.heavy
def test_terraform_takes_it(terraform: Path) -> None:
    ran = _terraform(terraform, "validate", "-json")
    told = json.loads(ran.stdout)
    assert told["valid"], told["diagnostics"]


@pytest.mark.heavy
def test_it_is_formatted(terraform: Path) -> None:
    ran = _terraform(terraform, "fmt", "-check", "-diff")
    assert ran.returncode == 0, ran.stdout


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("account", '"42"', "twelve digits"),
        ("region", '"Frankfurt"', "looks like eu-central-1"),
        ("host", '"https://mesh.example.net/"', "full domain name"),
        ("admin_networks", '["0.0.0.0/0"]', "not opened to the whole world"),
        ("admin_roles", "[]", "nobody can reach the cluster"),
        ("alarm_email", '"nobody"', "e-mail address"),
        ("month_usd", "0", "more than nothing"),
        ("github_repository", '"https://example.net/a/b"', "owner/name"),
        ("kubernetes_version", '"1.20"', "1.34 on"),
    ],
)
def test_a_wrong_value_is_refused_in_words(closed: Path, name: str, value: str, says: str) -> None:
    """Before AWS is asked for anything."""
    file = closed / f"{name}.tfvars"
    file.write_text("".join(f"{key} = {one}\n" for key, one in (GOOD | {name: value}).items()))
    ran = _terraform(closed, "plan", "-input=false", "-refresh=false", f"-var-file={file.name}")
    assert ran.returncode != 0
    assert says in re.sub(r"[\s│]+", " ", ran.stderr)


@pytest.mark.heavy
def test_a_policy_scan_finds_nothing_unexplained() -> None:
    """checkov, with a virtual environment of its own: it pins half the world."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "prompt2mesh" / f"checkov-{_CHECKOV}"
    program = cache / "bin" / "checkov"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(cache)], check=True, timeout=_LIMIT_S)
        install = [str(cache / "bin" / "pip"), "install", "-q", f"checkov=={_CHECKOV}"]
        subprocess.run(install, check=True, timeout=900, capture_output=True)
    command = [
        str(program),
        "-d",
        str(FOLDER),
        "--framework",
        "terraform",
        "--skip-download",
        "--compact",
        "-o",
        "json",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    found = json.loads(ran.stdout)
    assert [f"{one['check_id']} {one['resource']}" for one in found["results"]["failed_checks"]] == []
    assert found["summary"]["passed"] > 300
    assert found["summary"]["parsing_errors"] == 0
