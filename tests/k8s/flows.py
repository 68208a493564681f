"""Judges a connection as NetworkPolicies do: a small evaluator of the API's own semantics over built manifests.

A pod that no policy selects for a direction is open in it; else only what some rule allows passes. A connection passes
when the sender's egress and the receiver's ingress both let it.
"""

import ipaddress
from dataclasses import dataclass, field

from tests.k8s.manifests import Manifests, Object, matches


@dataclass(frozen=True)
class Peer:
    """A pod (with labels and a namespace), or something outside the cluster (without)."""

    address: str
    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def is_pod(self) -> bool:
        """Pods are what policies select."""
        return bool(self.namespace)


def pod(manifests: Manifests, name: str, address: str, **labels: str) -> Peer:
    """A pod of the workload of that name."""
    workload = manifests.workload(name)
    ports = {port["name"]: port["containerPort"] for each in workload.containers for port in each.get("ports", [])}
    return Peer(address, workload.namespace, {**workload.pod_labels, **labels}, ports)


def may_connect(manifests: Manifests, sender: Peer, receiver: Peer, port: int, protocol: str = "TCP") -> bool:
    """Whether the policies let `sender` open a connection to `receiver`'s port."""
    return _passes(manifests, "Egress", sender, receiver, port, protocol) and _passes(
        manifests, "Ingress", receiver, sender, port, protocol
    )


def _passes(manifests: Manifests, direction: str, judged: Peer, other: Peer, port: int, protocol: str) -> bool:
    if not judged.is_pod:
        return True
    policies = [
        each["spec"]
        for each in manifests.of_kind("NetworkPolicy", judged.namespace)
        if matches(each["spec"].get("podSelector", {}), judged.labels) and direction in _directions(each["spec"])
    ]
    if not policies:
        return True
    # Ports are the receiver's, whichever side is judged.
    receiver = other if direction == "Egress" else judged
    key, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    return any(
        _is_port(rule.get("ports"), receiver, port, protocol) and _is_peer(manifests, rule.get(peers), judged, other)
        for policy in policies
        for rule in policy.get(key) or []
    )


def _directions(spec: Object) -> list[str]:
    """Without `policyTypes`: ingress always, egress where it has such rules."""
    return spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]


def _is_port(ports: list[Object] | None, receiver: Peer, port: int, protocol: str) -> bool:
    if not ports:
        return True
    for each in ports:
        if each.get("protocol", "TCP") != protocol:
            continue
        wanted = each.get("port")
        number = receiver.ports.get(wanted, -1) if isinstance(wanted, str) else wanted
        if number is None or number <= port <= each.get("endPort", number):
            return True
    return False


def _is_peer(manifests: Manifests, peers: list[Object] | None, judged: Peer, other: Peer) -> bool:
    if not peers:
        return True
    return any(_is_one(manifests, each, judged, other) for each in peers)


def _is_one(manifests: Manifests, peer: Object, judged: Peer, other: Peer) -> bool:
    if "ipBlock" in peer:
        return _is_in(peer["ipBlock"], other.address)
    if not other.is_pod:
        return False
    if "namespaceSelector" in peer:
        if not matches(peer["namespaceSelector"], _labels_of_namespace(manifests, other.namespace)):
            return False
    elif other.namespace != judged.namespace:
        return False
    return matches(peer["podSelector"], other.labels) if "podSelector" in peer else True


def _is_in(block: Object, address: str) -> bool:
    found = ipaddress.ip_address(address)
    if found not in ipaddress.ip_network(block["cidr"]):
        return False
    return not any(found in ipaddress.ip_network(each) for each in block.get("except", []))


def _labels_of_namespace(manifests: Manifests, name: str) -> dict[str, str]:
    own = [
        each["metadata"].get("labels", {})
        for each in manifests.of_kind("Namespace")
        if each["metadata"]["name"] == name
    ]
    return {"kubernetes.io/metadata.name": name, **(own[0] if own else {})}
