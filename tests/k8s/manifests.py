"""What an overlay builds to, as objects, and the questions that tests ask of it."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

K8S = Path(__file__).resolve().parents[2] / "k8s"
OVERLAYS = {path.name: path for path in (K8S / "overlays").iterdir() if (path / "kustomization.yaml").is_file()}
BACKEND, BLENDER = "prompt2mesh", "prompt2mesh-blender"

Object = dict[str, Any]


def build(folder: Path) -> "Manifests":
    """What `kubectl kustomize` makes of a folder. Raises: AssertionError: it cannot, with its own words."""
    kubectl = shutil.which("kubectl")
    assert kubectl, (
        "The manifests are built by `kubectl kustomize`: install kubectl 1.32 or later from your distribution or "
        "kubernetes.io/docs/tasks/tools (no cluster is needed)."
    )
    done = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return Manifests(done.stdout)


@dataclass(frozen=True)
class Workload:
    """Something that makes pods."""

    kind: str
    name: str
    namespace: str
    spec: Object
    pod: Object
    pod_labels: dict[str, str]

    @property
    def containers(self) -> list[Object]:
        """All of them, the first ones too."""
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    @property
    def main(self) -> Object:
        """The one that does the work."""
        (container,) = self.pod["containers"]
        return container


@dataclass(frozen=True)
class Manifests:
    """The text, and what stands in it."""

    text: str

    @cached_property
    def objects(self) -> list[Object]:
        """Every object, in the order in which it is applied."""
        return [each for each in yaml.safe_load_all(self.text) if each]

    def of_kind(self, kind: str, namespace: str | None = None) -> list[Object]:
        """All of a kind."""
        return [
            each
            for each in self.objects
            if each["kind"] == kind and namespace in (None, each["metadata"].get("namespace"))
        ]

    def one(self, kind: str, name: str, namespace: str | None = None) -> Object:
        """The only one of that name; a generated name may end in a hash."""
        found = [
            each
            for each in self.of_kind(kind, namespace)
            if each["metadata"]["name"] == name
            or (kind == "ConfigMap" and each["metadata"]["name"].rpartition("-")[0] == name)
        ]
        assert len(found) == 1, f"{len(found)} {kind} {name}"
        return found[0]

    @cached_property
    def workloads(self) -> list[Workload]:
        """Whatever makes pods."""
        return list(self._workloads())

    def workload(self, name: str) -> Workload:
        """The one whose pods bear this name in their label."""
        (found,) = [each for each in self.workloads if each.pod_labels["app.kubernetes.io/name"] == name]
        return found

    def _workloads(self) -> Iterator[Workload]:
        for each in self.objects:
            if each["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
                template, meta = each["spec"]["template"], each["metadata"]
                labels = template["metadata"]["labels"]
                yield Workload(each["kind"], meta["name"], meta["namespace"], each["spec"], template["spec"], labels)

    @cached_property
    def settings(self) -> dict[str, str]:
        """What API and runners are told."""
        return self.one("ConfigMap", "backend", BACKEND)["data"]


def matches(selector: Object | None, labels: dict[str, str]) -> bool:
    """Whether a label selector selects. An empty one selects all, none at all nothing (the API's own rule)."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels", {})
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(each, labels) for each in selector.get("matchExpressions", []))


def _holds(expression: Object, labels: dict[str, str]) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values", [])
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    if operator == "Exists":
        return key in labels
    assert operator == "DoesNotExist", operator
    return key not in labels
