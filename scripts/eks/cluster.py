"""What is made once and changed seldom: `plan`, `up`, `settings`, `secrets`, `controllers`."""

import base64
import json
import re
import secrets as random_bytes
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from check_settings import SETTINGS
from shell import CommandFailed, Shell, Stop
from target import ROOT, Target

TERRAFORM = ROOT / "k8s" / "eks"
STATE, VARIABLES = TERRAFORM / "state.config", TERRAFORM / "cluster.tfvars"
CONTROLLERS = TERRAFORM / "controllers.toml"


def plan(shell: Shell) -> None:
    """Show what `up` would change on AWS. Raises: Stop."""
    _prepare(shell)
    shell.do(*terraform("plan", "-input=false", f"-var-file={VARIABLES.name}"))


def up(shell: Shell, *, approve: bool) -> None:
    """AWS is as k8s/eks says; what is so already is left alone. Takes 20 to 30 minutes the first time. Raises: Stop."""
    _prepare(shell)
    sure = ("-auto-approve",) if approve else ()
    shell.do(*terraform("apply", "-input=false", *sure, f"-var-file={VARIABLES.name}"))
    shell.say("Now: scripts/eks/settings, scripts/eks/secrets, scripts/eks/controllers, then build, push, deploy")


def terraform(*arguments: str) -> tuple[str, ...]:
    """A command in our folder of it."""
    return ("terraform", f"-chdir={TERRAFORM.relative_to(ROOT)}", *arguments)


def _prepare(shell: Shell) -> None:
    shell.need("terraform", "aws")
    for file, example in ((STATE, "state.config.example"), (VARIABLES, "cluster.tfvars.example")):
        if not file.is_file():
            shell.object(f"There is no k8s/eks/{file.name}: copy k8s/eks/{example} and fill it in.")
    _make_state_bucket(shell)
    shell.do(*terraform("init", "-input=false", f"-backend-config={STATE.name}"))


def _make_state_bucket(shell: Shell) -> None:
    """The bucket that Terraform's state lies in; it must be there before Terraform can begin."""
    text = STATE.read_text() if STATE.is_file() else ""
    found = dict(re.findall(r'^\s*(\w+)\s*=\s*"([^"]*)"', text, flags=re.MULTILINE))
    bucket, region = found.get("bucket", "<bucket>"), found.get("region", "<region>")
    try:
        shell.ask("aws", "s3api", "head-bucket", "--bucket", bucket, "--region", region)
    except CommandFailed as error:
        if "404" not in error.said and "Not Found" not in error.said:
            raise Stop(f"The state's bucket {bucket} cannot be looked at.\n  {error.said}") from error
        # us-east-1 is the one region that may not be named here.
        where = () if region == "us-east-1" else ("--create-bucket-configuration", f"LocationConstraint={region}")
        shell.do("aws", "s3api", "create-bucket", "--bucket", bucket, "--region", region, *where)
    own = ("--bucket", bucket, "--region", region)
    closed = "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
    shell.do("aws", "s3api", "put-bucket-versioning", *own, "--versioning-configuration", "Status=Enabled")
    shell.do("aws", "s3api", "put-public-access-block", *own, "--public-access-block-configuration", closed)


def write_settings(shell: Shell, file: Path | None) -> None:
    """The lines of the settings' file that AWS knows are as Terraform says; the others stay. Raises: Stop."""
    shell.need("terraform")
    file = file or SETTINGS
    told: dict[str, str] = json.loads(shell.ask(*terraform("output", "-json", "settings"), assume="{}"))
    text = file.read_text()
    for name, value in told.items():
        text, found = re.subn(rf"^{name}=.*$", lambda _, line=f"{name}={value}": line, text, flags=re.MULTILINE)
        if not found:
            raise Stop(f"{file} has no line {name}=, which Terraform would set to {value}.")
    shell.say(f"Write {', '.join(told) or 'what Terraform puts out'} into {file}")
    if not shell.dry_run and text != file.read_text():
        file.write_text(text)


def make_secrets(target: Target, anthropic_key_file: Path | None) -> None:
    """The backend's secret holds what it must. What it holds already is never replaced: users' keys hang on it.

    Raises: Stop.
    """
    shell = target.shell
    shell.need("aws", "openssl")
    target.check_account()
    name, region = target["BACKEND_SECRET"], ("--region", target["REGION"])
    look = ("aws", "secretsmanager", "get-secret-value", "--secret-id", name, *region)
    try:
        held: dict[str, str] = json.loads(shell.ask(*look, "--query", "SecretString", "--output", "text") or "{}")
    except CommandFailed as error:
        if "ResourceNotFoundException" not in error.said:
            raise Stop(f"The secret {name} cannot be read.\n  {error.said}") from error
        if "staging label" not in error.said:
            raise Stop(f"There is no secret {name}: scripts/eks/up makes it, empty.") from error
        held = {}
    wanted = dict(held)
    if "P2M_SECRET_KEYS" not in wanted:
        shell.say("New: P2M_SECRET_KEYS, which users' Claude keys are encrypted with")
        wanted["P2M_SECRET_KEYS"] = base64.b64encode(random_bytes.token_bytes(32)).decode()
    if not {"P2M_POD_SIGNING_KEY", "P2M_POD_PUBLIC_KEY"} <= set(wanted):
        shell.say("New: the key pair that runners prove themselves to Blender pods with")
        wanted.update(_key_pair(shell))
    if anthropic_key_file is not None:
        wanted["ANTHROPIC_API_KEY"] = anthropic_key_file.read_text().strip()
    if wanted == held:
        shell.say(f"{name} holds all that it must; nothing is changed")
        return
    with tempfile.NamedTemporaryFile("w", prefix="prompt2mesh-", suffix=".json") as file:  # 0600, and gone afterwards
        json.dump(wanted, file)
        file.flush()
        value = f"file://{file.name}"
        shell.do("aws", "secretsmanager", "put-secret-value", "--secret-id", name, *region, "--secret-string", value)


def _key_pair(shell: Shell) -> dict[str, str]:
    private = shell.ask("openssl", "genpkey", "-algorithm", "ed25519", assume="<private key>")
    with tempfile.NamedTemporaryFile("w", prefix="prompt2mesh-", suffix=".pem") as file:
        file.write(private + "\n")
        file.flush()
        public = shell.ask("openssl", "pkey", "-in", file.name, "-pubout", assume="<public key>")
    return {"P2M_POD_SIGNING_KEY": private + "\n", "P2M_POD_PUBLIC_KEY": public + "\n"}


def controllers(target: Target) -> None:
    """Karpenter, External Secrets, cert-manager and the others are there, at the versions of the file. Raises: Stop."""
    shell = target.shell
    shell.need("aws", "kubectl", "helm")
    target.check_account()
    target.enter_cluster()
    words = {**target.settings, "ACCOUNT": target.account}
    for one in tomllib.loads(CONTROLLERS.read_text())["controller"]:
        if one.get("needs_zone") and target["DNS_ZONE"].endswith(".invalid"):
            shell.say(f"Without {one['name']}: DNS_ZONE names no zone")
            continue
        shell.say(f"{one['name']} {one['version']}")
        shell.do(*_helm(target, one, words))


def _helm(target: Target, one: dict[str, Any], words: dict[str, str]) -> tuple[str, ...]:
    command = ("helm", "--kube-context", target["CLUSTER"], "upgrade", "--install", one["name"], one["chart"])
    command += ("--version", one["version"], "--namespace", one["namespace"], "--create-namespace")
    command += ("--atomic", "--timeout", "10m", *one.get("options", ()))  # a version that does not start is taken back
    if "repository" in one:
        command += ("--repo", one["repository"])
    if "values_file" in one:
        command += ("--values", str(ROOT / one["values_file"]))
    for name, value in one.get("values", {}).items():
        filled = re.sub(r"\{([A-Z_]+)\}", lambda found: words.get(found[1], f"<{found[1]}>"), value)
        command += ("--set-string" if value.startswith(("{", "arn:")) else "--set", f"{name}={filled}")
    return command
