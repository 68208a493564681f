"""The objects that the fleet needs in a cluster, as small as they can be, put there by the administrator."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
import yaml

from tests.support.kubernetes_api.control_plane import ControlPlane

NAMESPACE = "prompt2mesh-blender"
BACKEND = "prompt2mesh"
ACCOUNT = "runner"

_BASE = Path(__file__).resolve().parents[3] / "k8s" / "base"

_ASKED: Sequence[Mapping[str, Any]] = (
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch", "patch", "delete"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["blender"], "verbs": ["get"]},
    {"apiGroups": ["apps"], "resources": ["deployments/scale"], "resourceNames": ["blender"], "verbs": ["patch"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["list", "create", "patch", "delete"]},
)
"""What `cloud/fleet/kubernetes.py` says that the fleet asks."""


def rights() -> Sequence[Mapping[str, Any]]:
    """The rules of the Role `runner` of our manifests: the tests' fleets have these, and no others."""
    if not _BASE.is_dir():
        return _ASKED
    documents = (
        document for file in sorted(_BASE.rglob("*.yaml")) for document in yaml.safe_load_all(file.read_text())
    )
    (role,) = [d for d in documents if d and d.get("kind") == "Role" and d["metadata"]["name"] == "runner"]
    return role["rules"]


def install(plane: ControlPlane, *, replicas: int, port: int = 8765) -> None:
    """Namespaces, the runner's account with its rights, and the warm Deployment."""
    for namespace in (NAMESPACE, BACKEND):
        create(plane, "/api/v1/namespaces", {"metadata": {"name": namespace}})
    create(plane, f"/api/v1/namespaces/{BACKEND}/serviceaccounts", {"metadata": {"name": ACCOUNT}})
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}"
    create(plane, f"{rbac}/roles", {"metadata": {"name": "runner"}, "rules": list(rights())})
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": BACKEND}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "runner"}
    create(plane, f"{rbac}/rolebindings", {"metadata": {"name": "runner"}, "subjects": [subject], "roleRef": role})
    create(plane, f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", deployment(replicas, port))


def deployment(replicas: int, port: int) -> dict[str, Any]:
    """The warm Deployment: the labels and the named port count, the container is the fake kubelet's business."""
    labels = {"app.kubernetes.io/name": "blender", "prompt2mesh.io/claim": "warm"}
    container = {"name": "blender", "image": "prompt2mesh-blender", "ports": [{"name": "mcp", "containerPort": port}]}
    return {
        "metadata": {"name": "blender"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [container],
                    "automountServiceAccountToken": False,
                    "terminationGracePeriodSeconds": 30,
                },
            },
        },
    }


def create(plane: ControlPlane, path: str, body: Mapping[str, Any]) -> None:
    """Make an object, unless there is one of that name."""
    try:
        plane.request("POST", path, body)
    except httpx2.HTTPStatusError as error:
        if error.response.status_code != 409:
            raise


def pods(plane: ControlPlane, selector: str = "") -> list[dict[str, Any]]:
    """The pods of the namespace that are not being deleted, as the API has them."""
    found = plane.request("GET", f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector={selector}")["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def ready_spares(plane: ControlPlane) -> int:
    """How many pods can be claimed."""
    return len(
        [
            pod
            for pod in pods(plane, "prompt2mesh.io/claim=warm")
            if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
        ]
    )


def scale(plane: ControlPlane, replicas: int) -> None:
    """Set the warm pool by hand."""
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/blender/scale"
    plane.request("PATCH", path, {"spec": {"replicas": replicas}})
