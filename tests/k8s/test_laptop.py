"""`k8s/overlays/local/up`, against a kubectl and a kind that write down what they are asked."""

import base64
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from tests.k8s.manifests import K8S, Manifests

_UP = K8S / "overlays" / "local" / "up"


@dataclass
class Laptop:
    """The folder of the stand-ins, and what they were asked."""

    folder: Path

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        environment = {
            "PATH": f"{self.folder}/bin:/usr/bin:/bin",
            "STAND_IN_FOLDER": str(self.folder),
            "REAL_KUBECTL": shutil.which("kubectl") or "kubectl",
        }
        command = [sys.executable, str(_UP), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    @property
    def calls(self) -> list[str]:
        """The commands, in their order."""
        return [" ".join(each["arguments"]) for each in self.records]

    @property
    def records(self) -> list[dict[str, Any]]:
        """The same with what was given on stdin."""
        return [json.loads(line) for line in (self.folder / "calls.jsonl").read_text().splitlines()]

    @property
    def secrets(self) -> dict[str, dict[str, str]]:
        """What the cluster keeps, in plain text."""
        kept = json.loads((self.folder / "secrets.json").read_text())
        return {
            name: {key: base64.b64decode(value).decode() for key, value in values.items()}
            for name, values in kept.items()
        }


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    """One on which nothing was done yet."""
    return _new_laptop(tmp_path)


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Laptop:
    """One on which `up --images` was done once; for those who only look."""
    laptop = _new_laptop(tmp_path_factory.mktemp("laptop"))
    done = laptop.up("--images")
    assert done.returncode == 0, done.stderr
    (laptop.folder / "said").write_text(done.stdout + done.stderr)
    return laptop


def _new_laptop(tmp_path: Path) -> Laptop:
    assert shutil.which("kubectl"), "install kubectl: the overlay is built with it"
    (tmp_path / "bin").mkdir()
    stand_in = Path(__file__).with_name("kubectl_stand_in.py")
    for name in ("kubectl", "kind"):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {stand_in} "$@"\n')
        program.chmod(0o755)
    return Laptop(tmp_path)


def test_the_secrets_fit_each_other(set_up: Laptop) -> None:
    backend = set_up.secrets["prompt2mesh/backend"]
    password = set_up.secrets["prompt2mesh/postgres"]["password"]
    assert backend["DATABASE_URL"] == f"postgresql://p2m:{password}@postgres:5432/p2m"
    assert len(base64.b64decode(backend["P2M_SECRET_KEYS"])) == 32
    private = load_pem_private_key(backend["P2M_POD_SIGNING_KEY"].encode(), None)
    assert isinstance(private, Ed25519PrivateKey)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert set_up.secrets["prompt2mesh-blender/pod-public-key"] == {"pod.pub": public}


def test_no_secret_is_an_argument_or_is_said(set_up: Laptop) -> None:
    shown = " ".join(set_up.calls) + (set_up.folder / "said").read_text()

    for values in set_up.secrets.values():
        for value in values.values():
            assert value not in shown


def test_a_second_run_keeps_the_secrets_and_rolls_out_again(laptop: Laptop) -> None:
    assert laptop.up().returncode == 0
    before, calls = laptop.secrets, len(laptop.calls)

    assert laptop.up().returncode == 0

    assert laptop.secrets == before
    assert not [call for call in laptop.calls[calls:] if " create " in f" {call} "]


def test_a_run_that_was_cut_short_is_mended_by_the_next(laptop: Laptop) -> None:
    (laptop.folder / "fails").write_text('"name": "postgres"')
    done = laptop.up()
    assert done.returncode == 1
    assert "failed; what it said stands above." in done.stderr
    assert set(laptop.secrets) == {"prompt2mesh/backend"}
    (laptop.folder / "fails").unlink()

    assert laptop.up().returncode == 0

    password = laptop.secrets["prompt2mesh/postgres"]["password"]
    assert f":{password}@" in laptop.secrets["prompt2mesh/backend"]["DATABASE_URL"]


def test_the_migrations_of_the_last_time_make_room_and_are_waited_for(set_up: Laptop, local: Manifests) -> None:
    calls = set_up.calls
    applied = next(index for index, each in enumerate(set_up.records) if each["text"] == local.text)
    deleted = next(index for index, call in enumerate(calls) if "delete job migrate" in call)
    waited = next(index for index, call in enumerate(calls) if "job/migrate" in call)
    assert deleted < applied < waited
    assert [call.split("deployment/")[1].split()[0] for call in calls if "rollout status" in call] == [
        "api",
        "ui",
        "runner",
        "blender",
    ]


def test_images_are_loaded_first_if_wanted(set_up: Laptop, local: Manifests) -> None:
    used = {each["image"] for workload in local.workloads for each in workload.containers}
    loaded = set(set_up.calls[0].removeprefix("load docker-image --name prompt2mesh ").split())
    assert loaded == {image for image in used if image.startswith("localhost/")}


def test_without_kubectl_it_says_what_is_missing(laptop: Laptop) -> None:
    shutil.rmtree(laptop.folder / "bin")
    environment = {"PATH": str(laptop.folder), "HOME": os.environ.get("HOME", "/")}
    command = [sys.executable, str(_UP)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert done.stderr == "kubectl is not installed; k8s/README.md says what a laptop needs.\n"
