"""A laptop's overlay on a real API server and its controllers, as `kubectl apply` puts it there.

They are Kubernetes 1.20 (tests/support/kubernetes_api): without policy/v1 and Pod Security's admission, and fields that
came later are dropped. There is no scheduler: pods are made and wait. What newer servers take is test_schema.py's.
"""

import subprocess
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml

from tests.k8s.manifests import BACKEND, BLENDER, Manifests, Object
from tests.support.kubernetes_api.cluster import wait_for
from tests.support.kubernetes_api.control_plane import ControlPlane, environment_for, running_control_plane

pytestmark = pytest.mark.heavy

_TOO_NEW = frozenset({"PodDisruptionBudget"})
# kubectl sends these again although nothing is new: the server adds fields to a claim's template, and 1.20 drops the
# Job's `ttlSecondsAfterFinished`.
_SENT_AGAIN = frozenset({"statefulset.apps/postgres", "job.batch/migrate"})


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with running_control_plane() as running:
        yield running


@pytest.fixture(scope="module")
def applied(plane: ControlPlane, local: Manifests) -> list[str]:
    """What kubectl said of each object."""
    return _apply(plane, local)


def _apply(plane: ControlPlane, manifests: Manifests) -> list[str]:
    objects = [_for_1_20(each) for each in manifests.objects if each["kind"] not in _TOO_NEW]
    # The client's own check would ask the server for schemas of fields that 1.20 does not know yet.
    command = ["kubectl", "apply", "--validate=false", "-f", "-"]
    environment = dict(environment_for(plane.admin_kubeconfig))
    done = subprocess.run(
        command,
        input=yaml.safe_dump_all(objects),
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == len(objects)
    return said


def _for_1_20(each: Object) -> Object:
    """Without the one thing that the old server refuses rather than drops: a preStop that sleeps."""
    copy = deepcopy(each)
    for container in copy.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
        if "sleep" in container.get("lifecycle", {}).get("preStop", {}):
            del container["lifecycle"]
    return copy


def test_every_object_is_made_and_a_second_time_nothing_changes(
    plane: ControlPlane, applied: list[str], local: Manifests
) -> None:
    assert {line.rsplit(" ", 1)[1] for line in applied} == {"created"}

    again = _apply(plane, local)

    assert {line.split(" ")[0] for line in again if not line.endswith(" unchanged")} <= _SENT_AGAIN


@pytest.mark.usefixtures("applied")
def test_warm_blenders_are_made_within_the_namespaces_limits(plane: ControlPlane) -> None:
    _scale(plane, 2)
    wait_for(lambda: len(_blenders(plane, "warm")) == 2, "two warm pods")

    for each in _blenders(plane, "warm"):
        spec = each["spec"]
        assert spec["priority"] == 10_000
        assert [volume for volume in spec["volumes"] if "projected" in volume] == []
        assert spec["containers"][0]["resources"]["limits"]["memory"] == "5Gi"
    used = plane.request("GET", f"/api/v1/namespaces/{BLENDER}/resourcequotas/blender")["status"]["used"]
    assert used["pods"] == "2"


@pytest.mark.usefixtures("applied")
def test_an_apply_leaves_the_pool_as_large_as_the_runners_made_it(plane: ControlPlane, local: Manifests) -> None:
    _scale(plane, 3)

    _apply(plane, local)

    deployment = plane.request("GET", f"/apis/apps/v1/namespaces/{BLENDER}/deployments/blender")
    assert deployment["spec"]["replicas"] == 3


@pytest.mark.usefixtures("applied")
def test_a_claim_takes_the_pod_out_and_the_next_spare_comes(plane: ControlPlane) -> None:
    _scale(plane, 1)
    wait_for(lambda: len(_blenders(plane, "warm")) == 1, "one warm pod")
    (spare,) = _blenders(plane, "warm")
    path = f"/api/v1/namespaces/{BLENDER}/pods/{spare['metadata']['name']}"

    plane.request("PATCH", path, {"metadata": {"labels": {"prompt2mesh.io/claim": "claimed"}}})

    wait_for(lambda: len(_blenders(plane, "warm")) == 1, "the next spare")
    (claimed,) = _blenders(plane, "claimed")
    assert claimed["metadata"]["name"] == spare["metadata"]["name"]
    wait_for(lambda: not _blenders(plane, "claimed")[0]["metadata"].get("ownerReferences"), "nobody's pod")


@pytest.mark.parametrize(
    ("verb", "group", "resource", "name", "namespace", "may"),
    [
        ("list", "", "pods", "", BLENDER, True),
        ("watch", "", "pods", "", BLENDER, True),
        ("patch", "", "pods", "x", BLENDER, True),
        ("delete", "", "pods", "x", BLENDER, True),
        ("get", "apps", "deployments", "blender", BLENDER, True),
        ("patch", "apps", "deployments/scale", "blender", BLENDER, True),
        ("create", "coordination.k8s.io", "leases", "", BLENDER, True),
        ("create", "", "pods", "", BLENDER, False),
        ("create", "", "pods/exec", "x", BLENDER, False),
        ("deletecollection", "", "pods", "", BLENDER, False),
        ("patch", "apps", "deployments", "blender", BLENDER, False),
        ("patch", "apps", "deployments/scale", "other", BLENDER, False),
        ("get", "", "secrets", "pod-public-key", BLENDER, False),
        ("get", "", "secrets", "backend", BACKEND, False),
        ("list", "", "pods", "", BACKEND, False),
        ("list", "", "pods", "", "kube-system", False),
        ("list", "", "nodes", "", "", False),
        ("create", "rbac.authorization.k8s.io", "rolebindings", "", BLENDER, False),
        ("impersonate", "", "serviceaccounts", "blender", BLENDER, False),
    ],
)
@pytest.mark.usefixtures("applied")
def test_the_runners_account_may_what_it_needs_and_no_more(
    plane: ControlPlane, verb: str, group: str, resource: str, name: str, namespace: str, may: bool
) -> None:
    assert _may(plane, f"system:serviceaccount:{BACKEND}:runner", verb, group, resource, name, namespace) is may


@pytest.mark.parametrize("account", [f"{BACKEND}:api", f"{BACKEND}:ui", f"{BACKEND}:migrate", f"{BLENDER}:blender"])
@pytest.mark.usefixtures("applied")
def test_no_other_account_may_anything(plane: ControlPlane, account: str) -> None:
    for verb, resource in (("list", "pods"), ("get", "secrets"), ("create", "pods"), ("list", "configmaps")):
        for namespace in (BACKEND, BLENDER):
            assert _may(plane, f"system:serviceaccount:{account}", verb, "", resource, "", namespace) is False


def _may(plane: ControlPlane, user: str, verb: str, group: str, resource: str, name: str, namespace: str) -> bool:
    kind, _, part = resource.partition("/")
    asked = {"verb": verb, "group": group, "resource": kind, "subresource": part, "name": name, "namespace": namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": ["system:authenticated"], "resourceAttributes": asked},
    }
    return bool(
        plane.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"]
    )


def _scale(plane: ControlPlane, replicas: int) -> None:
    path = f"/apis/apps/v1/namespaces/{BLENDER}/deployments/blender/scale"
    plane.request("PATCH", path, {"spec": {"replicas": replicas}})


def _blenders(plane: ControlPlane, claim: str) -> list[dict[str, Any]]:
    selector = f"prompt2mesh.io/claim={claim}"
    found = plane.request("GET", f"/api/v1/namespaces/{BLENDER}/pods?labelSelector={selector}")["items"]
    return [each for each in found if not each["metadata"].get("deletionTimestamp")]
