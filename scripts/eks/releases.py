"""What was rolled out, newest last: kept in the cluster as ConfigMaps that hold the applied manifests themselves.

So a roll-back needs no checkout of the old version, and applies exactly what once worked. The manifests hold no secret.
"""

import base64
import gzip
import json
import time
from dataclasses import dataclass
from typing import Any

from target import BACKEND, Target

KEPT = 10
_LABEL = "prompt2mesh.io/release"
_ROLLED_BACK = "prompt2mesh.io/rolled-back-from"


@dataclass(frozen=True)
class Release:
    """A version that was rolled out and answered. `at` is when, as seconds since 1970."""

    tag: str
    schema: str
    at: int
    manifests: str
    rolled_back_from: str = ""


def record(target: Target, release: Release) -> None:
    """Remember it, in place of what was remembered of the same tag; forget all but the newest."""
    shell = target.shell
    shell.do(
        *target.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=prompt2mesh-eks", "-f", "-"),
        given=json.dumps(_as_config_map(release)),
        what=f"ConfigMap {BACKEND}/release-{release.tag}",
    )
    for old in known(target)[:-KEPT]:
        shell.do(*target.kubectl("delete", "configmap", f"release-{old.tag}", "-n", BACKEND, "--ignore-not-found"))


def known(target: Target) -> list[Release]:
    """What the cluster remembers, oldest first."""
    command = target.kubectl("get", "configmaps", "-n", BACKEND, "-l", f"{_LABEL}=true", "-o", "json")
    found = json.loads(target.shell.ask(*command, assume='{"items": []}'))
    return sorted((_of_config_map(one) for one in found["items"]), key=lambda one: one.at)


def running_tag(target: Target) -> str:
    """The tag that the API's Deployment names; "" before the first deploy."""
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    command = target.kubectl("get", "deployment", "api", "-n", BACKEND, "--ignore-not-found", "-o", path)
    return target.shell.ask(*command).rpartition(":")[2]


def needed_schema(target: Target) -> str:
    """The schema that the running code was made for, as it says itself."""
    code = "from cloud.db.migrate import newest_version; print(newest_version())"
    command = ("exec", "-n", BACKEND, "deployment/api", "--", "python", "-c", code)
    return target.shell.ask(*target.kubectl(*command), assume="<schema>")


def now() -> int:
    """Seconds since 1970."""
    return int(time.time())


def _as_config_map(release: Release) -> dict[str, Any]:
    packed = base64.b64encode(gzip.compress(release.manifests.encode(), mtime=0)).decode()
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"release-{release.tag}",
            "namespace": BACKEND,
            "labels": {_LABEL: "true", "app.kubernetes.io/part-of": "prompt2mesh"},
            "annotations": {_ROLLED_BACK: release.rolled_back_from},
        },
        "data": {"tag": release.tag, "schema": release.schema, "at": str(release.at)},
        "binaryData": {"manifests.yaml.gz": packed},
    }


def _of_config_map(found: dict[str, Any]) -> Release:
    data = found["data"]
    manifests = gzip.decompress(base64.b64decode(found["binaryData"]["manifests.yaml.gz"])).decode()
    back = found["metadata"].get("annotations", {}).get(_ROLLED_BACK, "")
    return Release(data["tag"], data["schema"], int(data["at"]), manifests, back)
