"""Says in one sentence each what is wrong with k8s/overlays/eks/settings.env: `python scripts/eks/check_settings.py`.

Exit code 0: nothing is. It needs nothing but Python, and asks neither AWS nor a cluster.
"""

import argparse
import ipaddress
import re
import sys
from collections.abc import Callable
from pathlib import Path

SETTINGS = Path(__file__).resolve().parents[2] / "k8s" / "overlays" / "eks" / "settings.env"
EXAMPLE_ACCOUNT, EXAMPLE_DOMAIN = "111122223333", "example.org"
"""What the file holds until it is filled in: AWS' own account of examples, and nobody's domain."""

_NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|Ki|Mi|Gi|Ti)?")
_UNITS = {None: 1.0, "m": 1e-3, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
# What a pod takes beside the Blender that it bounds: its front, and the files of /tmp that stand in memory.
_FRONT_MIB = 512


def _like(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


def _is_network(value: str) -> bool:
    try:
        return "/" in value and ipaddress.ip_network(value).prefixlen > 0
    except ValueError:
        return False


_COUNT = (_like(r"0|[1-9]\d{0,5}"), "a whole number")
_AT_LEAST_ONE = (_like(r"[1-9]\d{0,5}"), "a whole number from 1 on")
_ROLE = (_like(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+"), "the ARN of an IAM role")
_SECRET = (_like(r"[\w/+=.@-]{1,512}"), "the name of a secret in AWS Secrets Manager")
_SIZE = (lambda value: _QUANTITY.fullmatch(value) is not None, "a quantity like 500m, 2 or 4Gi")

RULES: dict[str, tuple[Callable[[str], bool], str]] = {
    "REGION": (_like(r"[a-z]{2}(-[a-z]+)+-\d"), "a region like eu-central-1"),
    "CLUSTER": (_like(r"[A-Za-z0-9][\w-]{0,99}"), "the name of an EKS cluster"),
    "VPC_CIDR": (_is_network, "a network like 10.42.0.0/16"),
    "REGISTRY": (_like(rf"{_NAME}(\.{_NAME})+"), "a registry's host without a path or port"),
    # It stands in the name of a Job, and so in a label.
    "TAG": (
        _like(r"(?!latest$)[a-z0-9]([-.a-z0-9]{0,48}[a-z0-9])?"),
        "a tag of small letters, digits, - and ., not latest",
    ),
    "API_ROLE_ARN": _ROLE,
    "RUNNER_ROLE_ARN": _ROLE,
    "DATABASE_SECRET": _SECRET,
    "BACKEND_SECRET": _SECRET,
    "ARTIFACTS_URL": (_like(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.-]+)*"), "like s3://bucket/prefix"),
    "HOST": (_like(rf"{_NAME}(\.{_NAME})+"), "a host's name in small letters"),
    "DNS_ZONE": (_like(rf"{_NAME}(\.{_NAME})+"), "a DNS zone's name in small letters"),
    "ACME_EMAIL": (_like(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "a mail address"),
    "CLUSTER_ISSUER": (_like(r"letsencrypt-(staging|production)"), "letsencrypt-staging or letsencrypt-production"),
    "MODEL": (_like(r"[\w.:/-]+"), "the id of a model"),
    "SIGN_UP": (_like(r"open|invite|closed"), "open, invite or closed"),
    "LOG_LEVEL": (_like(r"DEBUG|INFO|WARNING|ERROR"), "DEBUG, INFO, WARNING or ERROR"),
    "OTLP_ENDPOINT": (_like(r"(https?://\S+)?"), "an address, or empty for no traces"),
    "API_REPLICAS_MIN": _AT_LEAST_ONE,
    "API_REPLICAS_MAX": _AT_LEAST_ONE,
    "UI_REPLICAS_MIN": _AT_LEAST_ONE,
    "UI_REPLICAS_MAX": _AT_LEAST_ONE,
    "RUNNER_REPLICAS_MIN": _AT_LEAST_ONE,
    "RUNNER_REPLICAS_MAX": _AT_LEAST_ONE,
    "RUNNER_CONCURRENCY": _AT_LEAST_ONE,
    "WARM_PODS_MIN": _COUNT,
    "WARM_PODS_MAX": _AT_LEAST_ONE,
    "MAX_PODS": _COUNT,
    "POD_IDLE_S": _AT_LEAST_ONE,
    "BLENDER_MEMORY_MIB": _AT_LEAST_ONE,
    "BLENDER_CPU_REQUEST": _SIZE,
    "BLENDER_MEMORY_REQUEST": _SIZE,
    "BLENDER_MEMORY_LIMIT": _SIZE,
    "BLENDER_QUOTA_PODS": _AT_LEAST_ONE,
    "BLENDER_QUOTA_CPU": _SIZE,
    "BLENDER_QUOTA_MEMORY": _SIZE,
}
"""Every variable, what its value must satisfy, and that in words."""
_MAY_BE_EMPTY = frozenset({"OTLP_ENDPOINT"})


def read_settings(path: Path = SETTINGS) -> dict[str, str]:
    """As kustomize reads it: lines of NAME=value, comments, nothing quoted."""
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def faults_of(settings: dict[str, str]) -> list[str]:
    """What is wrong, a sentence each; none: it can be deployed."""
    faults = [f"{name} is missing." for name in RULES if name not in settings]
    faults += [f"{name} is no setting of ours; k8s/README.md lists them." for name in settings if name not in RULES]
    for name, (holds, words) in RULES.items():
        value = settings.get(name)
        if value is None:
            continue
        if not value and name not in _MAY_BE_EMPTY:
            faults.append(f"{name} is empty: it must be {words}.")
        elif not holds(value):
            faults.append(f"{name} is {value!r}: it must be {words}.")
        elif EXAMPLE_ACCOUNT in value or re.search(rf"(^|[.@]){re.escape(EXAMPLE_DOMAIN)}$", value):
            faults.append(f"{name} is still the example's ({value}): set your own.")
    return faults or _misfits_of(settings)


def _misfits_of(settings: dict[str, str]) -> list[str]:
    """What no value tells alone."""
    number = {name: int(value) for name, value in settings.items() if re.fullmatch(r"\d+", value)}
    faults = [
        f"{low} is {number[low]}, more than {high}, which is {number[high]}."
        for low, high in _ORDERED
        if number[low] > number[high]
    ]
    limit_mib = quantity(settings["BLENDER_MEMORY_LIMIT"]) / 2**20
    if limit_mib < number["BLENDER_MEMORY_MIB"] + _FRONT_MIB:
        faults.append(
            f"BLENDER_MEMORY_LIMIT is less than BLENDER_MEMORY_MIB and {_FRONT_MIB} MiB: the kernel would end the "
            "whole pod where its front should end one step."
        )
    if quantity(settings["BLENDER_MEMORY_REQUEST"]) > quantity(settings["BLENDER_MEMORY_LIMIT"]):
        faults.append("BLENDER_MEMORY_REQUEST is more than BLENDER_MEMORY_LIMIT.")
    for what in ("CPU", "MEMORY"):
        needed = quantity(settings[f"BLENDER_{what}_REQUEST"]) * number["BLENDER_QUOTA_PODS"]
        if quantity(settings[f"BLENDER_QUOTA_{what}"]) < needed:
            faults.append(f"BLENDER_QUOTA_{what} is less than BLENDER_QUOTA_PODS times BLENDER_{what}_REQUEST.")
    return faults


_ORDERED = (
    ("API_REPLICAS_MIN", "API_REPLICAS_MAX"),
    ("UI_REPLICAS_MIN", "UI_REPLICAS_MAX"),
    ("RUNNER_REPLICAS_MIN", "RUNNER_REPLICAS_MAX"),
    ("WARM_PODS_MIN", "WARM_PODS_MAX"),
    ("MAX_PODS", "BLENDER_QUOTA_PODS"),
)


def quantity(text: str) -> float:
    """A Kubernetes quantity in units: cores, bytes. Raises: ValueError."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no quantity")
    return float(found[1]) * _UNITS[found[2]]


def main() -> int:
    """Returns: the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=SETTINGS)
    chosen = parser.parse_args()
    faults = faults_of(read_settings(chosen.file))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
