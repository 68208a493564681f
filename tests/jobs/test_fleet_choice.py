"""A runner has the fleet that its settings name, or says in a sentence why it cannot."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloud.errors import InvalidInput
from cloud.fleet.cluster import ClusterRefused
from cloud.fleet.kubernetes import KubernetesFleet
from cloud.fleet.local import LocalFleet
from cloud.fleet.pod_tokens import PodTokens
from cloud.jobs.fleet_choice import start_fleet
from cloud.settings import Settings

KEY = PodTokens().private_key_pem


@pytest.fixture
def no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))


def on_kubernetes(data_dir: Path, **settings: str) -> Settings:
    return Settings(data_dir=data_dir, fleet="kubernetes", **settings)  # type: ignore[arg-type]


async def test_without_a_word_pods_are_processes_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_pods(_: LocalFleet) -> None:
        pass

    monkeypatch.setattr(LocalFleet, "start", no_pods)
    assert isinstance(await start_fleet(Settings(data_dir=tmp_path)), LocalFleet)


@pytest.mark.parametrize("key", [None, " ", "secret", PodTokens().public_key_pem])
async def test_without_the_pods_key_a_runner_does_not_start(tmp_path: Path, key: str | None) -> None:
    given = {"pod_signing_key": key} if key is not None else {}
    with pytest.raises(InvalidInput, match=r"P2M_POD_SIGNING_KEY.*pod-keys"):
        await start_fleet(on_kubernetes(tmp_path, **given))


@pytest.mark.usefixtures("no_cluster")
async def test_without_a_cluster_a_runner_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ClusterRefused, match=r"service account.*KUBECONFIG"):
        await start_fleet(on_kubernetes(tmp_path, pod_signing_key=KEY))


async def test_with_a_kubeconfig_a_runner_waits_for_a_cluster_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (tmp_path / "config").write_text(json.dumps(config))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    fleet = await start_fleet(on_kubernetes(tmp_path, pod_signing_key=KEY))
    assert isinstance(fleet, KubernetesFleet)
    assert await fleet.list() == {}
    await fleet.aclose()


def test_pod_keys_makes_a_pair_that_fits_and_never_overwrites_one(tmp_path: Path) -> None:
    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from cloud.cli import main; main()", "pod-keys", *options]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))

    assert run("--folder", str(tmp_path)).returncode == 0
    private = tmp_path / "pod-signing-key.pem"
    assert private.stat().st_mode & 0o777 == 0o600
    before = private.read_text()
    assert PodTokens.of_pem(before).public_key_pem == (tmp_path / "pod.pub").read_text()
    assert run("--folder", str(tmp_path)).returncode == 2
    assert private.read_text() == before
    printed = run().stdout
    assert printed.count("-----BEGIN") == 2
