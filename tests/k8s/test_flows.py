"""Who may talk to whom, judged by the NetworkPolicies of each overlay."""

import pytest

from tests.k8s.flows import Peer, may_connect, pod
from tests.k8s.manifests import Manifests

_ADDRESSES = {
    "api": "10.42.1.1",
    "ui": "10.42.1.2",
    "runner": "10.42.1.3",
    "blender": "10.42.1.4",
    "migrate": "10.42.1.5",
}
_OUTSIDE = Peer("203.0.113.7")
_METADATA = Peer("169.254.169.254")
_DNS = Peer("10.42.2.2", "kube-system", {"k8s-app": "kube-dns"})
_INGRESS = Peer("10.42.2.3", "nginx-ingress", {"app.kubernetes.io/name": "nginx-ingress"})
_PROMETHEUS = Peer("10.42.2.4", "monitoring", {"app.kubernetes.io/name": "prometheus"})
_STRANGER = Peer("10.42.2.5", "default", {"app.kubernetes.io/name": "runner"})
_RDS = Peer("10.42.3.3")


def _peer(manifests: Manifests, name: str) -> Peer:
    named = {"internet": _OUTSIDE, "metadata": _METADATA, "dns": _DNS, "ingress": _INGRESS, "prometheus": _PROMETHEUS}
    return {**named, "stranger": _STRANGER}.get(name) or pod(manifests, name, _ADDRESSES[name])


@pytest.mark.parametrize(
    ("sender", "receiver", "port"),
    [
        ("ingress", "api", 8000),
        ("ingress", "ui", 8501),
        ("ui", "api", 8000),
        ("runner", "blender", 8765),
        ("api", "internet", 443),
        ("runner", "internet", 443),
        ("prometheus", "api", 9090),
        ("prometheus", "runner", 9090),
    ],
)
def test_what_the_product_needs_passes(overlay: Manifests, sender: str, receiver: str, port: int) -> None:
    assert may_connect(overlay, _peer(overlay, sender), _peer(overlay, receiver), port)


@pytest.mark.parametrize("name", ["api", "ui", "runner", "migrate"])
def test_the_backend_resolves_names(overlay: Manifests, name: str) -> None:
    for protocol in ("UDP", "TCP"):
        assert may_connect(overlay, _peer(overlay, name), _DNS, 53, protocol)


@pytest.mark.parametrize(
    "name", ["api", "ui", "runner", "migrate", "internet", "metadata", "dns", "ingress", "blender"]
)
def test_a_blender_reaches_nothing(overlay: Manifests, name: str) -> None:
    blender, other = _peer(overlay, "blender"), _peer(overlay, name)
    for port in (22, 53, 80, 443, 5432, 6443, 8000, 8501, 8765, 9090):
        for protocol in ("TCP", "UDP"):
            assert not may_connect(overlay, blender, other, port, protocol), (port, protocol)


def test_a_claimed_blender_is_held_by_the_same_walls(overlay: Manifests) -> None:
    claimed = pod(overlay, "blender", "10.42.1.4", **{"prompt2mesh.io/claim": "claimed", "prompt2mesh.io/owner": "x"})
    assert may_connect(overlay, _peer(overlay, "runner"), claimed, 8765)
    assert not may_connect(overlay, _peer(overlay, "api"), claimed, 8765)
    assert not may_connect(overlay, claimed, _OUTSIDE, 443)
    assert not may_connect(overlay, claimed, _DNS, 53, "UDP")


@pytest.mark.parametrize(
    ("sender", "receiver", "port"),
    [
        ("api", "blender", 8765),
        ("ui", "blender", 8765),
        ("ingress", "blender", 8765),
        ("prometheus", "blender", 8765),
        ("stranger", "blender", 8765),  # a runner's label in another namespace is not enough
        ("blender", "blender", 8765),
        ("runner", "blender", 22),
        ("ui", "internet", 443),
        ("api", "metadata", 443),
        ("runner", "metadata", 443),
        ("api", "internet", 80),
        ("ui", "runner", 9090),
        ("ingress", "runner", 9090),
        ("stranger", "api", 9090),
        ("migrate", "internet", 443),
        ("migrate", "api", 8000),
    ],
)
def test_what_nobody_needs_does_not_pass(overlay: Manifests, sender: str, receiver: str, port: int) -> None:
    assert not may_connect(overlay, _peer(overlay, sender), _peer(overlay, receiver), port)


@pytest.mark.parametrize(
    ("name", "may"), [("api", True), ("runner", True), ("migrate", True), ("ui", False), ("blender", False)]
)
def test_the_database_is_reached_by_those_who_keep_things_in_it(
    eks: Manifests, local: Manifests, name: str, may: bool
) -> None:
    assert may_connect(eks, _peer(eks, name), _RDS, 5432) is may
    assert may_connect(local, _peer(local, name), pod(local, "postgres", "10.42.1.9"), 5432) is may


def test_a_laptops_database_reaches_nothing_and_nobody_else_reaches_it(local: Manifests) -> None:
    postgres = pod(local, "postgres", "10.42.1.9")
    assert not may_connect(local, _STRANGER, postgres, 5432)
    assert not may_connect(local, _INGRESS, postgres, 5432)
    for other in (_OUTSIDE, _DNS, _peer(local, "api")):
        assert not may_connect(local, postgres, other, 443)


def test_on_eks_only_the_ingress_and_the_ui_come_to_the_api(eks: Manifests) -> None:
    assert not may_connect(eks, _STRANGER, _peer(eks, "api"), 8000)
    assert not may_connect(eks, _peer(eks, "runner"), _peer(eks, "api"), 8000)
    assert not may_connect(eks, _OUTSIDE, _peer(eks, "api"), 8000)


def test_traces_go_to_the_monitoring_namespace(overlay: Manifests) -> None:
    assert may_connect(overlay, _peer(overlay, "runner"), _PROMETHEUS, 4318)
    assert not may_connect(overlay, _peer(overlay, "blender"), _PROMETHEUS, 4318)


def test_each_namespace_denies_by_default_both_ways(overlay: Manifests) -> None:
    for namespace in overlay.of_kind("Namespace"):
        name = namespace["metadata"]["name"]
        anybody = Peer("10.42.9.9", name, {"who": "ever"}, {"http": 80})
        assert not may_connect(overlay, anybody, _OUTSIDE, 443)
        assert not may_connect(overlay, _STRANGER, anybody, 80)
