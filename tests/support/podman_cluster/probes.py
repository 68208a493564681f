"""A container's startup, readiness and liveness, asked as the kubelet asks them."""

from collections.abc import Mapping
from typing import Any

import httpx2


class Probes:
    """The three probes of a container, asked when they are due."""

    def __init__(self, address: str, container: Mapping[str, Any]) -> None:
        self._ports = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
        self._address = address
        self._probes = {kind: container.get(f"{kind}Probe") for kind in ("startup", "readiness", "liveness")}
        self._due = dict.fromkeys(self._probes, 0.0)
        self._failed = dict.fromkeys(self._probes, 0)
        self._started = self._probes["startup"] is None
        self.is_ready = False

    def look(self, age_s: float) -> bool:
        """Ask what is due. Returns: whether the container may live on."""
        for kind in ("startup",) if not self._started else ("readiness", "liveness"):
            probe = self._probes[kind]
            if probe is None:
                self.is_ready = self.is_ready or kind == "readiness"
                continue
            if age_s < self._due[kind]:
                continue
            self._due[kind] = age_s + probe.get("periodSeconds", 10)
            good = self._ask(probe)
            self._failed[kind] = 0 if good else self._failed[kind] + 1
            is_out = self._failed[kind] >= probe.get("failureThreshold", 3)
            if kind == "startup" and good:
                self._started = True
            if kind == "readiness":
                self.is_ready = good or (self.is_ready and not is_out)
            elif is_out:
                return False
        return True

    def _ask(self, probe: Mapping[str, Any]) -> bool:
        asked = probe["httpGet"]
        port = self._ports.get(asked["port"], asked["port"])
        try:
            answer = httpx2.get(
                f"http://{self._address}:{port}{asked['path']}", timeout=probe.get("timeoutSeconds", 1), trust_env=False
            )
        except httpx2.HTTPError:
            return False
        return 200 <= answer.status_code < 400
