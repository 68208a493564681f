"""The whole product from its images on this machine: `python -m tests.support.podman_cluster.product [options]`.

A real API server and controller manager (1.20) hold the manifests of `k8s/overlays/local`; podman runs the pods as
their specs say (`kubelet.py`); nginx with TLS stands in front, as k8s/nginx configures it. PostgreSQL is the embedded
one of this machine, behind a forwarded port: the overlay's own image cannot be pulled here.
"""

import argparse
import base64
import contextlib
import json
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from cloud.db.embedded import EmbeddedPostgres
from cloud.db.engine import libpq_url
from tests.support.kubernetes_api.control_plane import ControlPlane, running_control_plane
from tests.support.podman_cluster import containers, objects
from tests.support.podman_cluster.kubelet import Kubelet, Ran
from tests.support.podman_cluster.services import Forwarders
from tests.support.real_nginx import HOST, OTHER_HOST, RunningNginx, real_nginx

BACKEND, BLENDER = "prompt2mesh", "prompt2mesh-blender"
_API_PORT, _DATABASE_PORT, _MODEL_PORT = 6443, 5432, 7000
_START_S = 300.0
_FAILED_AT_MOST = 5


@dataclass
class Product:
    """It runs, and answers at `nginx.url`. `database_url` is as libpq takes it."""

    plane: ControlPlane
    kubelet: Kubelet
    nginx: RunningNginx
    network: containers.Network
    database_url: str
    artifacts: Path
    timings_s: dict[str, float] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.nginx.url

    def pods(self, name: str) -> list[Ran]:
        """The pods of a part that take requests."""
        namespace = BLENDER if name == "blender" else BACKEND
        return self.kubelet.ready(namespace, {"app.kubernetes.io/name": name})

    def roll_out(self, name: str, limit_s: float = 300) -> float:
        """Replace the pods of a Deployment as an apply with a new image does. Returns: the seconds it took."""
        began = time.monotonic()
        path = f"/apis/apps/v1/namespaces/{BACKEND}/deployments/{name}"
        stamp = {"spec": {"template": {"metadata": {"annotations": {"prompt2mesh.test/rolled-out": str(time.time())}}}}}
        generation = self.plane.request("PATCH", path, stamp)["metadata"]["generation"]

        def is_done() -> bool:
            found = self.plane.request("GET", path)
            status, wanted = found.get("status", {}), found["spec"]["replicas"]
            counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
            going = [ran for ran in self.kubelet.pods.values() if ran.deleting_s is not None and ran.key[0] == BACKEND]
            return status.get("observedGeneration", 0) >= generation and counts == [wanted] * 3 and not going

        wait_for(is_done, f"the roll-out of {name}", limit_s)
        return time.monotonic() - began


@contextlib.contextmanager
def running_product(
    folder: Path,
    *,
    model_url: str = "",
    blenders: int = 1,
    replicas: Mapping[str, int] | None = None,
    build: bool = True,
) -> Iterator[Product]:
    """The product, ready; nothing of it is left afterwards.

    `model_url`: a Messages API on this machine, instead of the offline modeller. `blenders`: how many users can work at
    once. `build`: the images are built first as the sources are now.
    """
    containers.ensure_tools()
    timings: dict[str, float] = {}
    with ExitStack() as stack:
        if build:
            with _timed(timings, "images"):
                containers.build_images("api", "ui", "blender")
        network = containers.Network()
        stack.callback(network.remove)
        anchor = _hold_the_bridge(network)
        stack.callback(containers.podman, "rm", "--force", "--time=1", anchor, check=False)
        network.take_gateway()
        forwarders = Forwarders()
        stack.callback(forwarders.stop)
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        socket = _socket_of(postgres.url)
        forwarders.add(network.gateway, _DATABASE_PORT, lambda: [socket])
        with _timed(timings, "control plane"):
            plane = stack.enter_context(running_control_plane([network.gateway]))
        api_server = ("127.0.0.1", int(plane.url.rpartition(":")[2]))
        forwarders.add(network.gateway, _API_PORT, lambda: [api_server])
        if model_url:
            host, _, port = model_url.removeprefix("http://").partition(":")
            forwarders.add(network.gateway, _MODEL_PORT, lambda: [(host, int(port))])
        hosts: dict[str, str] = dict.fromkeys(("api", "ui", "postgres"), network.gateway)
        kubelet = Kubelet(plane, network, folder / "pods", hosts, (network.gateway, _API_PORT))
        both = {f"server_name {HOST};": f"server_name {HOST} {OTHER_HOST};"}
        nginx = stack.enter_context(
            real_nginx(folder / "nginx", f"{network.gateway}:8000", f"{network.gateway}:8501", both)
        )
        built = objects.built_overlay()
        with _timed(timings, "product"):
            _fit(built, network, nginx.url, model_url, blenders, replicas or {})
            objects.apply(plane, [*_secrets(postgres.url, network, model_url), *built])
            _serve(built, kubelet, forwarders, network.gateway)
            kubelet.start()
            stack.callback(kubelet.stop)
            _migrate(plane, built)
            product = Product(
                plane,
                kubelet,
                nginx,
                network,
                libpq_url(postgres.url),
                folder / "pods" / "claims" / "artifacts",
                timings,
            )
            wait_for(lambda: _is_up(product, built), "the product's start", _START_S, lambda: _failures(kubelet))
        yield product


@contextlib.contextmanager
def _timed(timings: dict[str, float], what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    timings[what] = round(time.monotonic() - began, 2)


def _hold_the_bridge(network: containers.Network) -> str:
    """The network's gateway address is there for as long as a container is on it. Returns: that one's name."""
    name = f"{network.name}-anchor"
    wait = "import signal; signal.pause()"
    options = [f"--network={network.name}", "--read-only", "--cap-drop=all", "--ulimit=nofile=1024:1024"]
    options += ["--ulimit=nproc=32768:32768", "--no-healthcheck", "--log-driver=k8s-file"]
    containers.start(name, "localhost/prompt2mesh-api:dev", options, ["python", "-c", wait])
    return name


def _socket_of(url: str) -> str:
    """The path of the unix socket that PostgreSQL listens on."""
    folder = httpx2.URL(url.replace("postgresql+psycopg://", "http://x")).params["host"]
    return str(next(Path(folder).glob(".s.PGSQL.*[0-9]")))


def _fit(
    built: list[dict[str, Any]],
    network: containers.Network,
    url: str,
    model_url: str,
    blenders: int,
    replicas: Mapping[str, int],
) -> None:
    """What an operator sets in an overlay: addresses, sizes."""
    for one in built:
        if one["kind"] == "ConfigMap" and one["metadata"]["name"].startswith("backend"):
            one["data"] |= {
                "P2M_PUBLIC_URL": url,
                "P2M_SHARE_URL": url,
                "P2M_TRUSTED_PROXIES": network.subnet,
                "P2M_WARM_PODS_MIN": "1",
                "P2M_WARM_PODS_MAX": str(blenders),
                "P2M_MAX_PODS": str(blenders),
                "P2M_RUNNER_CONCURRENCY": str(max(2, blenders)),
            }
            if model_url:
                one["data"]["ANTHROPIC_BASE_URL"] = f"http://{network.gateway}:{_MODEL_PORT}"
                one["data"]["P2M_REVIEW"] = "0"  # a conversation of its own, which such a model cannot hold
        if one["kind"] == "ResourceQuota":
            one["spec"]["hard"] |= {"pods": "60", "requests.cpu": "60", "requests.memory": "60Gi"}
        if one["kind"] == "Deployment":
            if one["metadata"]["name"] in replicas:
                one["spec"]["replicas"] = replicas[one["metadata"]["name"]]
            if one["metadata"]["name"] == "ui":
                (ui,) = one["spec"]["template"]["spec"]["containers"]
                ui.setdefault("env", []).append({"name": "FORWARDED_ALLOW_IPS", "value": network.gateway})


def _secrets(database_url: str, network: containers.Network, model_url: str) -> list[dict[str, Any]]:
    key = ed25519.Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    user = httpx2.URL(database_url.replace("postgresql+psycopg", "http", 1)).username or "postgres"
    values = {
        "DATABASE_URL": f"postgresql+psycopg://{user}@postgres:{_DATABASE_PORT}/postgres",
        "P2M_SECRET_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "P2M_POD_SIGNING_KEY": private,
    }
    if model_url:
        values["ANTHROPIC_API_KEY"] = "sk-chaos-stand-in-for-claude"

    def secret(namespace: str, name: str, data: Mapping[str, str]) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "stringData": dict(data),
        }

    return [secret(BACKEND, "backend", values), secret(BLENDER, "pod-public-key", {"pod.pub": public})]


def _serve(built: list[dict[str, Any]], kubelet: Kubelet, forwarders: Forwarders, gateway: str) -> None:
    for name in ("api", "ui"):
        service = objects.named(built, "Service", name)
        selector, port = service["spec"]["selector"], service["spec"]["ports"][0]["port"]

        def ready(selector: Mapping[str, str] = selector, port: int = port) -> list[tuple[str, int] | str]:
            return [(ran.address, port) for ran in kubelet.ready(BACKEND, selector)]

        keeps = service["spec"].get("sessionAffinity") == "ClientIP"
        forwarders.add(gateway, port, ready, keeps_clients=keeps)


def _migrate(plane: ControlPlane, built: list[dict[str, Any]]) -> None:
    """The Job's pod, made by ourselves: the controllers that run here know no Jobs."""
    job = next(one for one in built if one["kind"] == "Job" and one["metadata"]["name"].startswith("migrate"))
    pod = objects.for_1_20(job)["spec"]["template"]
    pod |= {"apiVersion": "v1", "kind": "Pod"}
    pod["metadata"] |= {"name": "migrate", "namespace": BACKEND}
    plane.request("POST", f"/api/v1/namespaces/{BACKEND}/pods", pod)


def _is_up(product: Product, built: Sequence[Mapping[str, Any]]) -> bool:
    failed = [ran for ran in product.kubelet.gone if ran.failure]
    if len(failed) >= _FAILED_AT_MOST:
        raise RuntimeError(f"{len(failed)} pods have failed: {_failures(product.kubelet)}")
    for one in built:
        if one["kind"] == "Deployment":
            name = one["metadata"]["name"]
            if len(product.pods(name)) < one["spec"].get("replicas", 1):
                return False
    return True


def _failures(kubelet: Kubelet) -> str:
    ran = [*kubelet.pods.values(), *kubelet.gone]
    return "\n".join(f"{one.key[1]}: {one.failure[-1500:]}" for one in ran if one.failure)


def wait_for(condition: Callable[[], bool], what: str, limit_s: float, why: Callable[[], str] = str) -> None:
    """Return once the condition holds. Raises: TimeoutError: it never did."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {limit_s:.0f} s. {why()}")
        time.sleep(0.2)


def main() -> int:
    """See the module: runs until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="scripts/images/run", description=__doc__)
    parser.add_argument("--blenders", type=int, default=2, help="how many users can work at once [2]")
    parser.add_argument("--no-build", action="store_true", help="take the images as they are")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        tempfile.TemporaryDirectory(prefix="p2m-images-") as folder,
        running_product(Path(folder), blenders=chosen.blenders, build=not chosen.no_build) as product,
    ):
        print(json.dumps({"url": product.url, "ca": str(product.nginx.ca), "seconds": product.timings_s}), flush=True)  # noqa: T201
        print("It runs until Ctrl-C.", file=sys.stderr)  # noqa: T201
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
