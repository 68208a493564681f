"""A real control plane on loopback: etcd, the API server and the controller manager (Kubernetes 1.20.2, see `build`).

Deployments, ReplicaSets, garbage collection, quotas, service accounts and RBAC are the real ones. There is no
scheduler and no kubelet: `kubelet.py` plays both.
"""

import base64
import ipaddress
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.support.kubernetes_api.build import Binaries, binaries

_CONTROLLERS = "deployment,replicaset,garbagecollector,namespace,serviceaccount,serviceaccount-token,resourcequota"
_ADMIN = "admin-of-this-test"
_START_LIMIT_S = 90.0


class ControlPlane:
    """One cluster's API. `request` is the administrator's way in; `kubeconfig` that of everybody who has a token."""

    def __init__(self, folder: Path, programs: Binaries, addresses: Sequence[str] = ()) -> None:
        self.folder = folder
        self._addresses = addresses
        self._programs = programs
        self._etcd_port, self._etcd_peer_port, self._port, self._manager_port = free_ports(4)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._make_keys()
        self.admin_kubeconfig = self.kubeconfig(_ADMIN, "admin")
        self._client = httpx2.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {_ADMIN}"},
            verify=ssl.create_default_context(cafile=str(folder / "server.crt")),
            timeout=20,
            trust_env=False,
        )

    @property
    def url(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start everything and wait until the API is ready."""
        self._start_etcd()
        self.start_apiserver()
        self._start_manager()

    def stop(self) -> None:
        """End everything."""
        self._client.close()
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            self._end(name, signal.SIGTERM if name == "etcd" else signal.SIGKILL)

    def start_apiserver(self) -> None:
        """Start the API server, on the address that it had before, and wait until it is ready."""
        keys = self.folder
        self._spawn(
            "kube-apiserver",
            str(self._programs.apiserver),
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._port}",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/24",
            f"--tls-cert-file={keys / 'server.crt'}",
            f"--tls-private-key-file={keys / 'server.key'}",
            f"--service-account-key-file={keys / 'server.key'}",
            f"--service-account-signing-key-file={keys / 'server.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={keys / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            "--audit-webhook-batch-buffer-size=1",
        )
        self._wait("kube-apiserver", self._is_ready)

    def end_apiserver(self, number: signal.Signals = signal.SIGKILL) -> None:
        """The API server is gone, from one moment to the next."""
        self._end("kube-apiserver", number)

    def compact(self) -> None:
        """etcd forgets all history: who watches from an older version and asks anew is told 410."""
        now = httpx2.post(self._etcd("/v3/kv/range"), json={"key": _b64("/")}, timeout=10, trust_env=False).json()
        body = {"revision": now["header"]["revision"], "physical": True}
        answer = httpx2.post(self._etcd("/v3/kv/compaction"), json=body, timeout=10, trust_env=False)
        assert answer.is_success, answer.text

    def request(self, method: str, path: str, body: Any = None, *, patch: str = "merge") -> dict[str, Any]:
        """One call as the administrator. Raises: httpx2.HTTPStatusError."""
        content_type = f"application/{patch}-patch+json" if method == "PATCH" else "application/json"
        answer = self._client.request(
            method, path, content=json.dumps(body) if body else None, headers={"Content-Type": content_type}
        )
        if not answer.is_success:
            raise httpx2.HTTPStatusError(f"{method} {path}: {answer.text}", request=answer.request, response=answer)
        return answer.json()

    def token_of(self, namespace: str, account: str) -> str:
        """A service account's own token, as the cluster made it."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            secrets = self.request("GET", f"/api/v1/namespaces/{namespace}/secrets")["items"]
            for secret in secrets:
                owner = secret["metadata"].get("annotations", {}).get("kubernetes.io/service-account.name")
                if owner == account and "token" in secret.get("data", {}):
                    return base64.b64decode(secret["data"]["token"]).decode()
            time.sleep(0.1)
        raise AssertionError(f"no token was made for {namespace}/{account}")

    def kubeconfig(self, token: str, name: str) -> Path:
        """A kubeconfig file for whoever has the token."""
        authority = _b64((self.folder / "server.crt").read_text())
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": self.url, "certificate-authority-data": authority}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        path = self.folder / f"{name}.kubeconfig"
        path.write_text(json.dumps(config))
        return path

    def pid(self, name: str) -> int:
        """The process of a part."""
        return self._processes[name].pid

    def _start_etcd(self) -> None:
        address, peers = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{self._etcd_peer_port}"
        self._spawn(
            "etcd",
            str(self._programs.etcd),
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={address}",
            f"--advertise-client-urls={address}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--log-level=error",
        )
        self._wait("etcd", lambda: httpx2.get(self._etcd("/health"), timeout=2, trust_env=False).is_success)

    def _start_manager(self) -> None:
        self._spawn(
            "kube-controller-manager",
            str(self._programs.controller_manager),
            f"--kubeconfig={self.admin_kubeconfig}",
            f"--controllers={_CONTROLLERS}",
            f"--service-account-private-key-file={self.folder / 'server.key'}",
            f"--root-ca-file={self.folder / 'server.crt'}",
            "--leader-elect=false",
            "--port=0",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._manager_port}",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
        )

    def _spawn(self, name: str, *command: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        wrapped = ["setpriv", "--pdeathsig", "KILL", *command] if shutil.which("setpriv") else list(command)
        self._processes[name] = subprocess.Popen(wrapped, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()

    def _end(self, name: str, number: signal.Signals) -> None:
        if process := self._processes.pop(name, None):
            process.send_signal(number)
            process.wait(20)

    def _wait(self, name: str, is_up: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < deadline:
            assert self._processes[name].poll() is None, f"{name} ended: {self.last_words(name)}"
            try:
                if is_up():
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"{name} is not ready: {self.last_words(name)}")

    def last_words(self, name: str) -> str:
        """The end of a part's log."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]

    def _is_ready(self) -> bool:
        return self._client.get("/readyz").is_success

    def _etcd(self, path: str) -> str:
        return f"http://127.0.0.1:{self._etcd_port}{path}"

    def _make_keys(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
        addresses = [x509.IPAddress(ipaddress.ip_address(one)) for one in ("127.0.0.1", *self._addresses)]
        loopback = x509.SubjectAlternativeName(addresses)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=2))
            .add_extension(loopback, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        (self.folder / "server.key").write_bytes(pem)
        (self.folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (self.folder / "tokens.csv").write_text(f'{_ADMIN},admin,admin,"system:masters"\n')


@contextmanager
def running_control_plane(addresses: Sequence[str] = ()) -> Iterator[ControlPlane]:
    """A control plane of its own, ready; nothing of it is left afterwards. The first time it has to be built.

    Its certificate is good for 127.0.0.1 and for `addresses`, under which somebody may forward to it.
    """
    programs = binaries()
    with tempfile.TemporaryDirectory(prefix="p2m-kubernetes-") as folder:
        plane = ControlPlane(Path(folder), programs, addresses)
        try:
            plane.start()
            yield plane
        finally:
            plane.stop()


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports


def environment_for(kubeconfig: Path) -> Mapping[str, str]:
    """The environment of a process that shall find this cluster, and no other."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KUBERNETES_")}
    return kept | {"KUBECONFIG": str(kubeconfig)}


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
