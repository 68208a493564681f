"""What the runner may do with the Kubernetes API: what the fleet says that it needs, and nothing else."""

import re
from pathlib import Path

from tests.k8s.manifests import BACKEND, BLENDER, K8S, Manifests

_FLEET = K8S.parent / "cloud" / "fleet" / "kubernetes.py"
_GROUPS = {'"" (core)': ""}


def _needed() -> set[tuple[str, str, str, str]]:
    """(group, resource, name, verb) of the table in the fleet's own words."""
    rows = [
        [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        for line in _FLEET.read_text().splitlines()
        if line.startswith("| ") and line.count("|") == 5 and "verbs" not in line
    ]
    assert rows, f"{_FLEET} has no table of its rights"
    return {
        (_GROUPS.get(group, group), resource, name, verb.strip())
        for group, resource, name, verbs in rows
        for verb in verbs.split(",")
    }


def test_the_role_is_exactly_what_the_fleet_says_that_it_needs(overlay: Manifests) -> None:
    (role,) = overlay.of_kind("Role")
    granted = {
        (group, resource, name, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
        for verb in rule["verbs"]
    }

    assert role["metadata"]["namespace"] == BLENDER
    assert granted == _needed()


def test_nobody_else_is_bound_to_anything(overlay: Manifests) -> None:
    (binding,) = overlay.of_kind("RoleBinding")

    assert binding["metadata"]["namespace"] == BLENDER
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "runner"}
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "runner", "namespace": BACKEND}]
    assert overlay.of_kind("ClusterRole") == overlay.of_kind("ClusterRoleBinding") == []


def test_no_right_is_a_wildcard_or_makes_pods_or_reads_secrets(overlay: Manifests) -> None:
    for role in overlay.of_kind("Role"):
        for rule in role["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            assert not {"secrets", "pods/exec", "pods/attach", "pods/portforward"} & set(rule["resources"])
            assert "create" not in rule["verbs"] or rule["resources"] == ["leases"]


def test_the_labels_of_the_pool_are_those_of_the_code(overlay: Manifests) -> None:
    code = (Path(_FLEET).parent / "cluster.py").read_text()
    words = dict(re.findall(r'^(\w+_LABEL|DEPLOYMENT|MCP_PORT) = "([^"]+)"', code, re.MULTILINE))
    words |= dict(
        zip(("CLAIM_LABEL", "WARM"), re.findall(r'CLAIM_LABEL, WARM, \w+ = "([^"]+)", "([^"]+)"', code)[0], strict=True)
    )
    blender = overlay.workload("blender")

    assert blender.name == words["DEPLOYMENT"]
    assert blender.spec["selector"]["matchLabels"][words["CLAIM_LABEL"]] == words["WARM"]
    assert words["MCP_PORT"] in {port["name"] for port in blender.main["ports"]}
