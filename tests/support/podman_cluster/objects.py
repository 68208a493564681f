"""The manifests of an overlay, as an API server of 1.20 takes them."""

import copy
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import yaml

from tests.support.kubernetes_api.control_plane import ControlPlane
from tests.support.podman_cluster.kubelet import PRE_STOP

OVERLAY = Path(__file__).resolve().parents[3] / "k8s" / "overlays" / "local"
_PATHS = {
    "Namespace": "/api/v1/namespaces",
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "PersistentVolumeClaim": "/api/v1/namespaces/{namespace}/persistentvolumeclaims",
    "LimitRange": "/api/v1/namespaces/{namespace}/limitranges",
    "ResourceQuota": "/api/v1/namespaces/{namespace}/resourcequotas",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
}
# autoscaling/v2 and policy/v1 came after 1.20; a Job and the database are the product's start (see `product`).
LEFT_OUT = ("HorizontalPodAutoscaler", "PodDisruptionBudget", "Job", "StatefulSet")

Object = dict[str, Any]


def built_overlay(overlay: Path = OVERLAY) -> list[Object]:
    """Every object of the overlay. Raises: AssertionError: there is no kubectl, or it refuses."""
    assert shutil.which("kubectl"), "kubectl is needed (1.27 or later): see kubernetes.io, Install Tools."
    done = subprocess.run(["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def apply(plane: ControlPlane, objects: list[Object]) -> None:
    """Make them, namespaces first and Deployments last. Raises: AssertionError: a kind that is not known here."""
    unknown = {one["kind"] for one in objects} - _PATHS.keys() - {*LEFT_OUT}
    assert not unknown, f"neither made nor left out: {unknown}"
    order = {kind: number for number, kind in enumerate(_PATHS)}
    kept = [one for one in objects if one["kind"] in _PATHS]
    for one in sorted(kept, key=lambda one: order[one["kind"]]):
        create(plane, one)


def create(plane: ControlPlane, one: Object) -> None:
    """Make an object. Raises: httpx2.HTTPStatusError."""
    path = _PATHS[one["kind"]].format(namespace=one["metadata"].get("namespace"))
    try:
        plane.request("POST", path, for_1_20(one))
    except httpx2.HTTPStatusError as error:
        if error.response.status_code != 409:
            raise


def for_1_20(one: Object) -> Object:
    """The object without what is too new for the server; what is taken out of pods is left as an annotation."""
    changed = copy.deepcopy(one)
    for template in _templates_in(changed):
        for container in template["spec"].get("containers", ()):
            if sleep := container.get("lifecycle", {}).get("preStop", {}).get("sleep"):
                annotations = template.setdefault("metadata", {}).setdefault("annotations", {})
                annotations[PRE_STOP] = str(sleep["seconds"])
                del container["lifecycle"]
    return changed


def _templates_in(one: Object) -> Iterator[Object]:
    template = one.get("spec", {}).get("template") if isinstance(one.get("spec"), Mapping) else None
    if template:
        yield template


def named(objects: list[Object], kind: str, name: str) -> Object:
    """One of the objects. Raises: StopIteration: there is none."""
    return next(one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name)
