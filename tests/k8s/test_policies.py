"""What holds for every pod, whoever writes the next one."""

import re

import pytest

from cloud.blender.isolation.limits import MIB, Limits
from scripts.eks.check_settings import quantity
from tests.k8s.manifests import BACKEND, BLENDER, Manifests, Object, Workload, matches

# Why each of these may stand alone.
_ALONE = {
    ("local", "postgres"): "a laptop has one node, and the volume is on it",
    ("local", "ui"): "a laptop has one user",
}


def _each_container(manifests: Manifests) -> list[tuple[Workload, Object]]:
    return [(workload, container) for workload in manifests.workloads for container in workload.containers]


def test_both_namespaces_enforce_the_restricted_level(overlay: Manifests) -> None:
    namespaces = {each["metadata"]["name"]: each["metadata"]["labels"] for each in overlay.of_kind("Namespace")}

    assert set(namespaces) == {BACKEND, BLENDER}
    for labels in namespaces.values():
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_container_is_restricted(overlay: Manifests) -> None:
    for workload, container in _each_container(overlay):
        pod, context = workload.pod["securityContext"], container["securityContext"]
        assert pod["runAsNonRoot"] is True
        assert pod["runAsUser"] == (999 if workload.name == "postgres" else 10001)
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert context == {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        }, f"{workload.name}/{container['name']}"


def test_no_pod_shares_anything_with_its_node(overlay: Manifests) -> None:
    for workload in overlay.workloads:
        assert not {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"} & set(workload.pod)
        assert workload.pod["enableServiceLinks"] is False
        for volume in workload.pod.get("volumes", []):
            assert set(volume) - {"name"} <= {"emptyDir", "secret", "configMap", "persistentVolumeClaim"}, workload.name


def test_every_folder_in_memory_or_on_disk_has_a_limit(overlay: Manifests) -> None:
    for workload in overlay.workloads:
        for volume in workload.pod.get("volumes", []):
            if "emptyDir" in volume:
                assert volume["emptyDir"]["sizeLimit"], f"{workload.name}: {volume['name']}"


def test_tmp_is_writable_although_the_root_is_not(overlay: Manifests) -> None:
    for workload, container in _each_container(overlay):
        mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
        assert "/tmp" in mounted, f"{workload.name}/{container['name']}"  # noqa: S108


def test_only_the_runner_has_a_token_for_the_kubernetes_api(overlay: Manifests) -> None:
    with_token = {each.name for each in overlay.workloads if each.pod.get("automountServiceAccountToken") is not False}

    assert with_token == {"runner"}
    for account in overlay.of_kind("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_every_pod_has_an_account_of_its_own(overlay: Manifests) -> None:
    accounts = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in overlay.of_kind("ServiceAccount")}
    for workload in overlay.workloads:
        assert (workload.namespace, workload.pod["serviceAccountName"]) in accounts
        assert workload.pod["serviceAccountName"] == workload.pod_labels["app.kubernetes.io/name"]


def test_every_container_asks_for_what_it_needs_and_is_held_to_a_limit(overlay: Manifests) -> None:
    for workload, container in _each_container(overlay):
        requests, limits = container["resources"]["requests"], container["resources"]["limits"]
        assert set(requests) == {"cpu", "memory", "ephemeral-storage"}, workload.name
        assert {"memory", "ephemeral-storage"} <= set(limits), workload.name
        for what in set(requests) & set(limits):
            assert quantity(requests[what]) <= quantity(limits[what]), (workload.name, what)


def test_disk_limits_hold_what_the_folders_may_hold(overlay: Manifests) -> None:
    """Else the kubelet puts a pod out long before the folder's own limit would tell its code to stop."""
    for workload in overlay.workloads:
        folders = [each["emptyDir"]["sizeLimit"] for each in workload.pod.get("volumes", []) if "emptyDir" in each]
        limit = quantity(workload.main["resources"]["limits"]["ephemeral-storage"])
        assert sum(map(quantity, folders)) <= limit, workload.name


def test_images_name_a_version(overlay: Manifests) -> None:
    for workload, container in _each_container(overlay):
        assert re.fullmatch(r"[\w.:-]+(/[\w.-]+)+:(?!latest$)[\w.-]+", container["image"]), workload.name


@pytest.mark.parametrize("name", ["api", "ui", "runner", "blender"])
def test_servers_have_all_three_probes_on_a_port_that_they_have(overlay: Manifests, name: str) -> None:
    container = overlay.workload(name).main
    ports = {port["name"] for port in container["ports"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["port"] in ports
    assert container["readinessProbe"]["timeoutSeconds"] >= 4


def test_liveness_asks_nothing_that_work_or_others_can_hold_up(overlay: Manifests) -> None:
    for name in ("api", "runner", "blender"):
        probe = overlay.workload(name).main["livenessProbe"]
        assert probe["httpGet"]["path"] == "/healthz"
        assert probe["timeoutSeconds"] * probe["failureThreshold"] >= 30
    assert overlay.workload("blender").main["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert overlay.workload("api").main["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_nobody_is_killed_before_its_own_end(overlay: Manifests) -> None:
    grace_s = float(overlay.settings["P2M_RUNNER_GRACE_S"])
    assert overlay.workload("runner").pod["terminationGracePeriodSeconds"] >= grace_s + 30
    for name in ("api", "ui"):
        workload = overlay.workload(name)
        waits_s = workload.main["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert waits_s >= 10, "the load balancer stops sending first"
        assert workload.pod["terminationGracePeriodSeconds"] >= waits_s + 10


def test_new_code_waits_for_its_schema(overlay: Manifests) -> None:
    for name in ("api", "runner"):
        (first,) = overlay.workload(name).pod["initContainers"]
        assert first["command"][:2] == ["prompt2mesh", "migrate"]
        assert first["command"][2].startswith("--wait-s=")
        assert first["image"] == overlay.workload(name).main["image"] == overlay.workload("migrate").main["image"]


def test_a_roll_out_takes_nobody_away_before_the_next_is_ready(overlay: Manifests) -> None:
    for each in overlay.of_kind("Deployment"):
        assert each["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_everybody_stands_twice_or_there_is_a_reason(request: pytest.FixtureRequest, overlay: Manifests) -> None:
    which = request.node.callspec.params["overlay"]
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in overlay.of_kind("HorizontalPodAutoscaler")
    }
    for workload in overlay.workloads:
        if workload.kind == "Job" or workload.name == "blender" or (which, workload.name) in _ALONE:
            continue
        spec = scaled.get(workload.name)
        if spec:
            # An apply must not set back what the autoscaler has set.
            assert "replicas" not in workload.spec
        assert (spec["minReplicas"] if spec else workload.spec["replicas"]) >= 2, workload.name
    assert "replicas" not in overlay.workload("blender").spec, "the runners set it, by demand"


def test_selectors_find_their_own_pods(overlay: Manifests) -> None:
    for workload in overlay.workloads:
        if workload.kind != "Job":
            assert matches(workload.spec["selector"], workload.pod_labels), workload.name
        for spread in workload.pod.get("topologySpreadConstraints", []):
            assert matches(spread["labelSelector"], workload.pod_labels), workload.name
    for service in overlay.of_kind("Service"):
        found = [each for each in overlay.workloads if _is_behind(service, each)]
        assert len(found) == 1, service["metadata"]["name"]
        names = {port["name"] for port in found[0].main["ports"]}
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in names
            assert port["name"]


def _is_behind(service: Object, workload: Workload) -> bool:
    same = service["metadata"]["namespace"] == workload.namespace
    return same and matches({"matchLabels": service["spec"]["selector"]}, workload.pod_labels)


def test_a_drain_is_never_held_up(overlay: Manifests) -> None:
    budgets = overlay.of_kind("PodDisruptionBudget")

    assert {each["metadata"]["name"] for each in budgets} == {"api", "ui", "runner", "blender-warm"}
    for each in budgets:
        # Counted from below one pod could block it; counted from above it cannot.
        assert "minAvailable" not in each["spec"]
        assert each["spec"]["maxUnavailable"] not in (0, "0", "0%")
        assert any(
            matches(each["spec"]["selector"], workload.pod_labels)
            and workload.namespace == each["metadata"]["namespace"]
            for workload in overlay.workloads
        )


def test_a_claimed_blender_has_no_budget_and_is_nobodys_spare(overlay: Manifests) -> None:
    """Its label has changed: neither the budget nor the Deployment counts it any more."""
    blender = overlay.workload("blender")
    claimed = {**blender.pod_labels, "prompt2mesh.io/claim": "claimed"}
    (budget,) = overlay.of_kind("PodDisruptionBudget", BLENDER)

    assert not matches(budget["spec"]["selector"], claimed)
    assert not matches(blender.spec["selector"], claimed)


def test_a_blender_knows_no_secret(overlay: Manifests) -> None:
    blender = overlay.workload("blender")

    assert {each["name"] for each in blender.main["env"]} == {"POD_NAME"}
    assert "envFrom" not in blender.main
    secrets = [each["secret"] for each in blender.pod["volumes"] if "secret" in each]
    assert [each["secretName"] for each in secrets] == ["pod-public-key"]


def test_each_container_gets_only_the_secrets_that_it_needs(overlay: Manifests) -> None:
    given = {
        name: {
            each["name"]
            for container in overlay.workload(name).containers
            for each in container.get("env", [])
            if "secretKeyRef" in each.get("valueFrom", {})
        }
        for name in ("api", "ui", "runner", "migrate")
    }

    assert given == {
        "api": {"DATABASE_URL", "P2M_SECRET_KEYS", "ANTHROPIC_API_KEY", "P2M_OIDC_CLIENT_SECRET"},
        "runner": {"DATABASE_URL", "P2M_SECRET_KEYS", "ANTHROPIC_API_KEY", "P2M_POD_SIGNING_KEY"},
        "migrate": {"DATABASE_URL"},
        "ui": set(),
    }


def test_no_secret_stands_in_the_manifests(overlay: Manifests) -> None:
    assert overlay.of_kind("Secret") == []
    assert "PRIVATE KEY" not in overlay.text
    assert not re.search(r"postgres(ql)?://[^\s:]+:[^\s@]+@", overlay.text)


def test_a_blenders_memory_ends_in_its_front_and_not_in_the_kernel(overlay: Manifests) -> None:
    blender = overlay.workload("blender").main
    arguments = dict(each.removeprefix("--").split("=", 1) for each in blender["args"])
    limits = blender["resources"]["limits"]

    assert quantity(limits["memory"]) >= (int(arguments["memory-mib"]) + 512) * 2**20
    store_mib = int(arguments["store-mib"])
    volumes = {each["name"]: each.get("emptyDir", {}) for each in overlay.workload("blender").pod["volumes"]}
    assert quantity(volumes["pod"]["sizeLimit"]) >= store_mib * 2**20
    child_mib = 2 * int(arguments["workspace-mib"]) + Limits().file_bytes // MIB
    for name in ("workspace", "tmp", "scratch"):
        assert quantity(volumes[name]["sizeLimit"]) > child_mib * 2**20, f"the kubelet ends the pod: {name}"
    assert quantity(limits["ephemeral-storage"]) > (store_mib + child_mib) * 2**20


def test_the_quota_holds_the_fleet_that_the_settings_allow(overlay: Manifests) -> None:
    quota = overlay.one("ResourceQuota", "blender", BLENDER)["spec"]["hard"]
    requests = overlay.workload("blender").main["resources"]["requests"]
    most = int(overlay.settings["P2M_MAX_PODS"])

    assert most > 0
    assert int(quota["pods"]) >= most
    for what in ("cpu", "memory"):
        assert quantity(quota[f"requests.{what}"]) >= most * quantity(requests[what]), what


def test_limits_of_the_namespace_let_a_blender_in(overlay: Manifests) -> None:
    (limits,) = overlay.one("LimitRange", "blender", BLENDER)["spec"]["limits"]
    for what, most in limits["max"].items():
        assert quantity(overlay.workload("blender").main["resources"]["limits"][what]) <= quantity(most)
