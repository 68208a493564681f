"""The whole product from its images behind nginx with TLS: the main job, by the command line and in a browser."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from scripts.bench.third_party import BareBlender
from tests.support.podman_cluster.containers import podman
from tests.support.podman_cluster.product import Product, running_product
from tests.support.real_nginx import OTHER_HOST
from tests.ui.conftest import CHROMIUM, FLAGS

pytestmark = pytest.mark.heavy

PROMPT = "a red wooden chair next to a round table with two mugs on it"
PASSWORD = "correct horse battery staple"
ROOT = Path(__file__).resolve().parents[2]
_JOB_S = 600


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    # Whoever has just built them can say so.
    build = not os.environ.get("P2M_TEST_IMAGES_AS_THEY_ARE")
    with running_product(tmp_path_factory.mktemp("product"), blenders=2, build=build) as running:
        print(f"seconds of the start: {running.timings_s}")  # noqa: T201 - a measurement
        yield running


@pytest.fixture(scope="module")
def made_locally(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `./scripts/run` makes of the prompt, on this machine without a container."""
    out = tmp_path_factory.mktemp("locally") / "out"
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(Path.home())}
    environment |= {"P2M_DATA_DIR": str(out.parent / "data"), "PYTHONPATH": str(ROOT)}
    command = [str(Path(sys.executable).with_name("prompt2mesh")), "make", PROMPT, "--out", str(out), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_JOB_S, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return out


def make_in_a_container(product: Product, out: Path) -> None:
    """The command line of the API's image, as a user runs it: `prompt2mesh make --server https://…`."""
    out.mkdir(parents=True)
    out.chmod(0o777)
    with httpx2.Client(base_url=product.url, verify=product.nginx.trust, timeout=30, trust_env=False) as client:
        credentials = {"username": "Ada", "password": PASSWORD}
        client.post("/v1/users", json=credentials).raise_for_status()
        token = client.post("/v1/sessions", json=credentials).raise_for_status().json()["token"]
    server = f"https://{OTHER_HOST}:{product.nginx.https_port}"
    options = ["--rm", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--network=host"]
    options += ["--ulimit=nofile=16384:16384", "--ulimit=nproc=32768:32768", "--no-healthcheck", "--tmpfs=/tmp"]
    options += [f"--add-host={OTHER_HOST}:127.0.0.1", f"--volume={out}:/out:rw", f"--env=P2M_TOKEN={token}"]
    options += [f"--volume={product.nginx.ca}:/ca.crt:ro", "--env=SSL_CERT_FILE=/ca.crt", "--log-driver=k8s-file"]
    command = ["prompt2mesh", "make", PROMPT, "--server", server, "--out", "/out/scene", "--json"]
    podman("run", *options, "localhost/prompt2mesh-api:dev", *command, limit_s=_JOB_S)


def facts_of(folder: Path) -> dict[str, Any]:
    result = json.loads((folder / "result.json").read_text())
    return {key: result[key] for key in ("objects", "triangles", "state") if key in result}


def test_the_main_job_through_nginx_ends_as_scripts_run_does(
    product: Product, made_locally: Path, tmp_path: Path
) -> None:
    make_in_a_container(product, tmp_path / "out")

    made = tmp_path / "out" / "scene"
    assert facts_of(made) == facts_of(made_locally)
    assert facts_of(made)["objects"]
    assert {"scene.blend", "scene.glb", "preview.png", "script.py"} <= {path.name for path in made.iterdir()}
    with BareBlender.started() as blender:
        scenes = [str(made_locally / "scene.blend"), str(made / "scene.blend")]
        assert blender.ask(compare=scenes)["differences"] == []
    assert all(ran.restarts == 0 for ran in [*product.kubelet.pods.values(), *product.kubelet.gone])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # For the whole browser: a context's own option does not reach the worker that all tabs share.
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, "--ignore-certificate-errors"])
        yield opened
        opened.close()


@pytest.mark.browser
def test_in_the_browser_one_signs_up_prompts_and_watches_the_steps(product: Product, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)
    page: Page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(product.url)
    page.get_by_role("tab", name="Create account").click()
    form = page.get_by_role("tabpanel").filter(visible=True)
    form.get_by_label("User name").fill("Grace")
    form.get_by_label("Password", exact=True).fill(PASSWORD)
    form.get_by_role("button", name="Create account").click()
    page.get_by_label("Your prompt").fill(PROMPT)
    page.get_by_role("button", name="Build", exact=True).click()
    titles = page.locator(".steps .title")
    expect(titles.first).to_be_visible(timeout=120_000)
    kept = [cookie.get("secure") for cookie in context.cookies() if cookie.get("name") == "__Host-p2m_web"]
    assert kept == [True], "the web UI knows that it is asked over https"
    expect(page.get_by_role("application", name="3D model of")).to_be_visible(timeout=300_000)
    page.get_by_role("tab", name="Downloads").click()
    expect(page.get_by_role("link", name="Download: Blender file")).to_be_visible()
    assert complaints == []
    context.close()
