"""settings.env is the only file that a deployment edits: each value arrives everywhere, and none is left out."""

import re
from pathlib import Path

import pytest

from scripts.eks.check_settings import RULES, SETTINGS, faults_of, read_settings
from tests.k8s.manifests import BACKEND, BLENDER, K8S, Manifests, build

_OTHERS = {
    "REGION": "us-west-2",
    "CLUSTER": "other-cluster",
    "VPC_CIDR": "10.99.0.0/16",
    "REGISTRY": "999988887777.dkr.ecr.us-west-2.amazonaws.com",
    "TAG": "4f2c9e1",
    "API_ROLE_ARN": "arn:aws:iam::999988887777:role/studio-api",
    "RUNNER_ROLE_ARN": "arn:aws:iam::999988887777:role/studio-runner",
    "DATABASE_SECRET": "studio/database",
    "BACKEND_SECRET": "studio/backend",
    "ARTIFACTS_URL": "s3://studio-artifacts/live",
    "HOST": "make.studio.test",
    "DNS_ZONE": "studio.test",
    "ACME_EMAIL": "it@studio.test",
    "CLUSTER_ISSUER": "letsencrypt-production",
    "MODEL": "claude-opus-5-5",
    "SIGN_UP": "closed",
    "LOG_LEVEL": "WARNING",
    "OTLP_ENDPOINT": "http://collector.monitoring:4318",
    "API_REPLICAS_MIN": "11",
    "API_REPLICAS_MAX": "12",
    "UI_REPLICAS_MIN": "13",
    "UI_REPLICAS_MAX": "14",
    "RUNNER_REPLICAS_MIN": "15",
    "RUNNER_REPLICAS_MAX": "16",
    "RUNNER_CONCURRENCY": "17",
    "WARM_PODS_MIN": "18",
    "WARM_PODS_MAX": "19",
    "MAX_PODS": "320",
    "POD_IDLE_S": "321",
    "BLENDER_MEMORY_MIB": "2048",
    "BLENDER_CPU_REQUEST": "322m",
    "BLENDER_MEMORY_REQUEST": "323Mi",
    "BLENDER_MEMORY_LIMIT": "3333Mi",
    "BLENDER_QUOTA_PODS": "324",
    "BLENDER_QUOTA_CPU": "325",
    "BLENDER_QUOTA_MEMORY": "326Gi",
}


def _write(folder: Path, values: dict[str, str]) -> Path:
    file = folder / "overlays" / "eks" / "settings.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return file


@pytest.fixture
def changed(k8s_copy: Path) -> Manifests:
    """The overlay with another value for everything."""
    _write(k8s_copy, _OTHERS)
    return build(k8s_copy / "overlays" / "eks")


def test_every_variable_has_a_rule_a_row_in_the_docs_and_another_value_here() -> None:
    named = re.findall(r"^\| `([A-Z_0-9]+)` \|", (K8S / "README.md").read_text(), re.MULTILINE)

    assert set(read_settings()) == set(RULES) == set(_OTHERS)
    assert set(RULES) <= set(named)


def test_nothing_of_the_example_and_no_placeholder_is_left(changed: Manifests) -> None:
    left = {value for name, value in read_settings().items() if len(value) > 4 and value != _OTHERS[name]}
    left -= {"letsencrypt-staging", "prompt2mesh"}  # the other issuer stays; the product's own name

    assert not [value for value in left if re.search(rf"(?<![\w.-]){re.escape(value)}(?![\w-])", changed.text)]
    assert not re.findall(r"<[A-Z_]+>|REGISTRY|\bTAG\b|111122223333|example\.org", changed.text)


def test_every_value_is_in_the_manifests(changed: Manifests) -> None:
    assert [name for name, value in _OTHERS.items() if value not in changed.text] == []


def test_images_and_the_migrations_name_carry_the_tag(changed: Manifests) -> None:
    images = {container["image"] for each in changed.workloads for container in each.containers}

    registry, tag = _OTHERS["REGISTRY"], _OTHERS["TAG"]
    assert images == {f"{registry}/prompt2mesh-{name}:{tag}" for name in ("api", "ui", "blender")}
    assert changed.workload("migrate").name == f"migrate-{tag}"


def test_the_backend_is_told(changed: Manifests) -> None:
    told = changed.settings

    for name in ("MODEL", "SIGN_UP", "LOG_LEVEL", "OTLP_ENDPOINT", "ARTIFACTS_URL", "RUNNER_CONCURRENCY"):
        assert told[f"P2M_{name}"] == _OTHERS[name]
    for name in ("WARM_PODS_MIN", "WARM_PODS_MAX", "MAX_PODS", "POD_IDLE_S"):
        assert told[f"P2M_{name}"] == _OTHERS[name]
    assert told["P2M_PUBLIC_URL"] == told["P2M_SHARE_URL"] == f"https://{_OTHERS['HOST']}"
    assert told["P2M_TRUSTED_PROXIES"] == _OTHERS["VPC_CIDR"]
    page_server = {each["name"]: each.get("value") for each in changed.workload("ui").main["env"]}
    assert page_server["FORWARDED_ALLOW_IPS"] == _OTHERS["VPC_CIDR"]
    assert told["P2M_ARTIFACTS_REGION"] == _OTHERS["REGION"]


def test_a_changed_setting_rolls_out(changed: Manifests, eks: Manifests) -> None:
    """The ConfigMap's name ends in its content's hash, and the pods name it."""
    names = []
    for manifests in (changed, eks):
        name = manifests.one("ConfigMap", "backend", BACKEND)["metadata"]["name"]
        for workload in ("api", "runner"):
            assert manifests.workload(workload).main["envFrom"] == [{"configMapRef": {"name": name}}]
        names.append(name)

    assert names[0] != names[1]


def test_the_address_is_everywhere_the_same(changed: Manifests) -> None:
    hosts = {rule["host"] for each in changed.of_kind("Ingress") for rule in each["spec"]["rules"]}
    tls = {host for each in changed.of_kind("Ingress") for one in each["spec"].get("tls", []) for host in one["hosts"]}
    certificate = changed.one("Certificate", "prompt2mesh", BACKEND)["spec"]
    (named,) = changed.one("Ingress", "prompt2mesh")["spec"]["tls"]

    assert hosts == tls == set(certificate["dnsNames"]) == {_OTHERS["HOST"]}
    assert certificate["issuerRef"]["name"] == _OTHERS["CLUSTER_ISSUER"]
    assert certificate["secretName"] == named["secretName"]
    assert _OTHERS["CLUSTER_ISSUER"] in {each["metadata"]["name"] for each in changed.of_kind("ClusterIssuer")}
    for issuer in changed.of_kind("ClusterIssuer"):
        acme = issuer["spec"]["acme"]
        assert acme["email"] == _OTHERS["ACME_EMAIL"]
        assert acme["solvers"][0]["selector"] == {"dnsZones": [_OTHERS["DNS_ZONE"]]}
        assert acme["solvers"][0]["dns01"] == {"route53": {"region": _OTHERS["REGION"]}}


def test_aws_is_told_who_asks(changed: Manifests) -> None:
    for name, role in (("api", "API_ROLE_ARN"), ("runner", "RUNNER_ROLE_ARN")):
        account = changed.one("ServiceAccount", name, BACKEND)
        assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": _OTHERS[role]}
    keys = [
        source["extract"]["key"] for source in changed.one("ExternalSecret", "backend", BACKEND)["spec"]["dataFrom"]
    ]
    assert keys == [_OTHERS["DATABASE_SECRET"], _OTHERS["BACKEND_SECRET"]]
    (public,) = changed.one("ExternalSecret", "pod-public-key", BLENDER)["spec"]["data"]
    assert public["remoteRef"] == {"key": _OTHERS["BACKEND_SECRET"], "property": "P2M_POD_PUBLIC_KEY"}
    assert {each["spec"]["provider"]["aws"]["region"] for each in changed.of_kind("SecretStore")} == {_OTHERS["REGION"]}
    database = changed.one("NetworkPolicy", "database", BACKEND)["spec"]["egress"]
    assert database[0]["to"] == [{"ipBlock": {"cidr": _OTHERS["VPC_CIDR"]}}]


def test_new_nodes_find_their_cluster(changed: Manifests) -> None:
    cluster = _OTHERS["CLUSTER"]
    node_class = changed.one("EC2NodeClass", "blender")["spec"]

    assert node_class["role"] == f"{cluster}-karpenter-node"
    for terms in ("subnetSelectorTerms", "securityGroupSelectorTerms"):
        assert node_class[terms] == [{"tags": {"karpenter.sh/discovery": cluster}}]


def test_blenders_have_nodes_of_their_own(changed: Manifests) -> None:
    """What Karpenter makes is what the Deployment asks for, and nothing else is let on."""
    pool = changed.one("NodePool", "blender")["spec"]["template"]
    pod = changed.workload("blender").pod
    (taint,) = pool["spec"]["taints"]
    (toleration,) = pod["tolerations"]

    assert pod["nodeSelector"].items() <= pool["metadata"]["labels"].items()
    assert toleration == {**taint, "operator": "Equal"}
    for workload in changed.workloads:
        if workload.name != "blender":
            assert "tolerations" not in workload.pod


def test_sizes_arrive_as_numbers(changed: Manifests) -> None:
    for name in ("api", "ui", "runner"):
        spec = changed.one("HorizontalPodAutoscaler", name)["spec"]
        assert spec["minReplicas"] == int(_OTHERS[f"{name.upper()}_REPLICAS_MIN"])
        assert spec["maxReplicas"] == int(_OTHERS[f"{name.upper()}_REPLICAS_MAX"])
    demand = changed.one("HorizontalPodAutoscaler", "runner")["spec"]["metrics"][0]["external"]
    assert demand["target"]["averageValue"] == _OTHERS["RUNNER_CONCURRENCY"]


def test_a_blender_gets_its_size(changed: Manifests) -> None:
    container = changed.workload("blender").main
    quota = changed.one("ResourceQuota", "blender", BLENDER)["spec"]["hard"]

    assert f"--memory-mib={_OTHERS['BLENDER_MEMORY_MIB']}" in container["args"]
    assert f"--log-level={_OTHERS['LOG_LEVEL']}" in container["args"]
    assert container["resources"]["requests"]["cpu"] == _OTHERS["BLENDER_CPU_REQUEST"]
    assert container["resources"]["requests"]["memory"] == _OTHERS["BLENDER_MEMORY_REQUEST"]
    assert container["resources"]["limits"]["memory"] == _OTHERS["BLENDER_MEMORY_LIMIT"]
    assert [quota[key] for key in ("pods", "requests.cpu", "requests.memory")] == [
        _OTHERS["BLENDER_QUOTA_PODS"],
        _OTHERS["BLENDER_QUOTA_CPU"],
        _OTHERS["BLENDER_QUOTA_MEMORY"],
    ]


@pytest.mark.parametrize("name", sorted(_OTHERS))
def test_what_is_missing_is_told_by_its_name(name: str) -> None:
    assert faults_of(_OTHERS) == []

    assert faults_of({key: value for key, value in _OTHERS.items() if key != name}) == [f"{name} is missing."]
    empty = faults_of({**_OTHERS, name: ""})
    assert empty == [] if name == "OTLP_ENDPOINT" else (len(empty) == 1 and empty[0].startswith(f"{name} is empty"))


def test_the_example_itself_is_not_deployed() -> None:
    faults = faults_of(read_settings(SETTINGS))

    assert any("HOST is still the example's" in fault for fault in faults)
    assert any("REGISTRY is still the example's" in fault for fault in faults)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"TAG": "latest"}, "TAG is 'latest'"),
        ({"TAG": "Feature/X"}, "TAG is 'Feature/X'"),
        ({"VPC_CIDR": "0.0.0.0/0"}, "VPC_CIDR"),
        ({"REGISTRY": "host:5000"}, "REGISTRY"),
        ({"HOST": "https://make.studio.test"}, "HOST"),
        ({"RUNNER_REPLICAS_MIN": "30"}, "RUNNER_REPLICAS_MIN is 30, more than RUNNER_REPLICAS_MAX"),
        ({"MAX_PODS": "5000"}, "MAX_PODS is 5000, more than BLENDER_QUOTA_PODS"),
        ({"BLENDER_MEMORY_MIB": "3000"}, "BLENDER_MEMORY_LIMIT is less than BLENDER_MEMORY_MIB"),
        ({"BLENDER_QUOTA_MEMORY": "1Gi"}, "BLENDER_QUOTA_MEMORY is less"),
        ({"SIZE": "1"}, "SIZE is no setting"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(wrong: dict[str, str], told: str) -> None:
    (fault,) = faults_of({**_OTHERS, **wrong})

    assert fault.startswith(told)
    assert fault.endswith(".")
