"""A full run of the real stack at log level DEBUG, with a secret planted in every place that has one.

What it must not be in: logs, events, transcripts, all other rows, answers, artifacts and what is packed in them, the
support bundle, what users' code can see, command lines, and environments of whoever needs no secret.
"""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from cloud.accounts.secrets import new_key
from cloud.db.engine import libpq_url
from cloud.jobs.formats import FORMATS, TURNTABLES
from tests.blender.pod_process import CACHE
from tests.cli.conftest import COMMAND
from tests.support.messages_api import server as stand_in
from tests.support.messages_api.replies import Answer, Fault, calls, finishes, says
from tests.support.messages_api.server import MessagesApi
from tests.support.secret_hunt import Hunt, descendants_of, has_a_root_of_its_own
from tests.support.stack_processes import wait_for

pytestmark = [pytest.mark.blender, pytest.mark.heavy]

PATIENCE_S = 300
# Of the stack's processes, those that call models or the database.
MAY_KNOW = ("cloud.api", "cloud.jobs", "prompt2mesh up")

SNOOP = """
import bpy, glob, json, os, sys
seen = {"environ": dict(os.environ), "argv": sys.argv}
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline") + ["/proc/self/mountinfo"]:
    try:
        seen[path] = open(path, "rb").read().decode("utf-8", "replace")
    except OSError as error:
        seen[path] = repr(error)
text = bpy.data.texts.new("seen")
text.write(json.dumps(seen))
print(text.as_string())
bpy.ops.mesh.primitive_cube_add()
bpy.context.object["seen"] = text.as_string()
SIZE = 1.5  # parameter: size of the cube, in metres
bpy.context.object.scale = (SIZE, SIZE, SIZE)
"""
PLAIN = "import bpy\nbpy.ops.mesh.primitive_uv_sphere_add(location=(3, 0, 0))\n"


@dataclass
class Deployment:
    """The running stack, what is planted in it, and every answer that it gave."""

    data_dir: Path
    environment: dict[str, str]
    planted: dict[str, str]
    process: subprocess.Popen[bytes]
    api_url: str = ""
    answers: list[tuple[str, bytes]] = field(default_factory=list)

    def client(self, token: str = "") -> httpx2.Client:
        """A client whose answers are all kept for the hunt, but for those that are there to give a secret."""

        def keep(response: httpx2.Response) -> None:
            response.read()
            gives_a_secret = response.status_code == 201 and response.request.url.path in GIVES_SECRETS
            if not gives_a_secret:
                head = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
                where = f"the answer {response.status_code} to {response.request.method} {response.request.url.path}"
                self.answers.append((where, head.encode() + b"\n\n" + response.content))

        headers = {"Authorization": f"Bearer {token}"} if token else {}
        hooks = {"response": [keep]}
        return httpx2.Client(base_url=self.api_url, timeout=120, headers=headers, event_hooks=hooks)


JSON = {"Content-Type": "application/json"}
GIVES_SECRETS = ("/v1/sessions", "/v1/account/tokens")


def _answers(api: MessagesApi) -> Callable[[dict[str, Any]], Answer]:
    """A model that snoops, and a server that says keys back in every way that it has."""

    def answer(body: dict[str, Any]) -> Answer:
        key = api.keys[-1]
        asked = json.dumps([message for message in body["messages"] if message["role"] == "user"])
        echo = f"the key {key} (Authorization: Bearer {key}, x-api-key: {key}) is wrong"
        if "be refused" in asked:
            return Fault(401, message=echo)
        if "be wrong" in asked:
            return Fault(400, message=echo)
        if "be unknown" in asked:
            return Fault(404, kind=key, message=echo)
        steps = asked.count('"tool_result"')
        if steps == 0:
            return calls(("run_python", {"code": SNOOP, "title": f"Look for {key}"}), text=f"Your key is {key}.")
        if steps == 1:
            return calls(("run_python", {"code": PLAIN, "title": "Make a sphere"}))
        if "talk" in asked:
            return says(f"I have {key}.")
        return finishes(f"Built with {key}.")

    return answer


@pytest.fixture
async def model_server() -> AsyncIterator[MessagesApi]:
    async with stand_in.messages_api(answering=lambda body: answer(body)) as api:
        answer = _answers(api)
        yield api


@contextmanager
def deployed(folder: Path, database_url: str, model_url: str) -> Iterator[Deployment]:
    """The whole stack with its web UI, as `prompt2mesh up` runs it; ended with the block."""
    planted = {
        "the system's key": f"sk-ant-api03-{secrets.token_hex(20)}",
        "the database's password": f"Db+{secrets.token_hex(12)}/z",
        "the encryption key": new_key(),
    }
    password = planted["the database's password"].replace("+", "%2B").replace("/", "%2F")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("P2M_", "ANTHROPIC_"))}
    environment = {
        **ours,
        "P2M_DATA_DIR": str(folder / "data"),
        "P2M_POD_CACHE_DIR": str(CACHE),
        "P2M_LOG_LEVEL": "DEBUG",
        "P2M_REVIEW": "0",
        "P2M_SECRET_KEYS": planted["the encryption key"],
        "ANTHROPIC_API_KEY": planted["the system's key"],
        "ANTHROPIC_BASE_URL": model_url,
        "DATABASE_URL": database_url.replace("postgres@", f"postgres:{password}@"),
    }
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [COMMAND, "up", "--port", "0"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    stack = Deployment(folder / "data", environment, planted, process)
    try:
        info = stack.data_dir / "stack.json"
        wait_for(lambda: info.exists() or process.poll() is not None, PATIENCE_S, "the stack's start")
        assert process.poll() is None, (folder / "up.log").read_text()
        stack.api_url = json.loads(info.read_text())["api_url"]
        yield stack
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


@dataclass
class Person:
    """A user who is signed in."""

    stack: Deployment
    client: httpx2.Client

    @classmethod
    def sign_up(cls, stack: Deployment, name: str) -> "Person":
        """Sign up, in with a wrong password, in with the right one; all that is secret is planted."""
        password = f"pass {secrets.token_hex(10)} word"
        stack.planted[f"{name}'s password"] = password
        anybody = stack.client()
        credentials = {"username": name, "password": password}
        assert anybody.post("/v1/users", json=credentials).status_code == 201
        assert anybody.post("/v1/users", json=credentials).status_code == 409
        wrong = f"wrong {secrets.token_hex(10)}"
        stack.planted[f"{name}'s wrong password"] = wrong
        assert anybody.post("/v1/sessions", json={**credentials, "password": wrong}).status_code == 401
        assert anybody.post("/v1/sessions", json={**credentials, "passwort": wrong}).status_code == 422
        assert anybody.post("/v1/sessions", content=f'{{"password": "{wrong}",', headers=JSON).status_code == 400
        token = anybody.post("/v1/sessions", json=credentials).json()["token"]
        stack.planted[f"{name}'s session"] = token
        return cls(stack, stack.client(token))

    def make_token(self, name: str) -> None:
        """An API token, and a call with it."""
        made = self.client.post("/v1/account/tokens", json={"name": name, "scopes": ["read"]})
        assert made.status_code == 201, made.text
        self.stack.planted[f"the API token {name}"] = made.json()["token"]
        assert self.stack.client(made.json()["token"]).get("/v1/projects").status_code == 200
        assert self.stack.client(made.json()["token"].swapcase()).get("/v1/projects").status_code == 401

    def set_key(self) -> None:
        """A Claude key of one's own."""
        key = f"own-key-{secrets.token_hex(16)}"
        self.stack.planted["a user's own key"] = key
        assert self.client.put("/v1/account/model-key", json={"key": key}).status_code == 200
        self.client.put("/v1/account/model-key", json={"key": f"{key} {key}"})
        assert self.client.get("/v1/account/model-key").status_code == 200

    def project(self) -> str:
        """A new project's id."""
        return self.client.post("/v1/projects", json={"name": "Castle"}).json()["id"]

    def ask(self, project: str, what: str, **more: Any) -> str:
        """Post a prompt. Returns: the job's id."""
        posted = self.client.post(f"/v1/projects/{project}/jobs", json={"prompt": what, **more})
        assert posted.status_code in (201, 202), posted.text
        return posted.json()["id"]

    def ended(self, job_id: str) -> dict[str, Any]:
        """The job when it has ended; its events and files were read too."""
        deadline = time.monotonic() + PATIENCE_S
        while (job := self.client.get(f"/v1/jobs/{job_id}").json())["state"] not in ("succeeded", "failed"):
            assert time.monotonic() < deadline, job
            time.sleep(0.5)
        self.client.get(f"/v1/jobs/{job_id}/events")
        self.client.get(f"/v1/jobs/{job_id}/usage")
        for artifact in self.client.get(f"/v1/jobs/{job_id}/artifacts").json()["items"]:
            assert self.client.get(f"/v1/artifacts/{artifact['id']}/content").status_code == 200
        return job


def _work(stack: Deployment) -> None:
    """Everything that users do, and everything that goes wrong for them."""
    ada, eve = Person.sign_up(stack, "ada"), Person.sign_up(stack, "eve")
    ada.make_token("reader")
    ada.set_key()
    project = ada.project()
    built = ada.ended(ada.ask(project, "look around", formats=[one for one in FORMATS if one not in TURNTABLES]))
    assert built["state"] == "succeeded", built
    for prompt in ("be refused", "be wrong", "be unknown"):
        failed = ada.ended(ada.ask(ada.project(), prompt))
        assert failed["state"] == "failed", failed
    other = eve.project()
    eve.ended(eve.ask(other, "look around and talk"))
    eve.ended(eve.ask(eve.project(), "a red cube", model="offline-modeller"))
    eve.ended(eve.ask(eve.project(), "be wrong"))
    _edit_and_export(ada, project)
    _go_wrong(ada, eve, project)
    _use_a_cookie(stack)
    for person in (ada, eve):  # what the account's export packs is hunted through as all answers are
        assert person.client.post("/v1/account/export").status_code == 200
    _lose_the_runner(stack, ada, project)


def _edit_and_export(ada: Person, project: str) -> None:
    steps = ada.client.get(f"/v1/projects/{project}/snapshots").json()["items"]
    assert steps
    for step in steps:
        for what in ("", "/content", "/script"):
            assert ada.client.get(f"/v1/projects/{project}/snapshots/{step['id']}{what}").status_code == 200
    parameters = ada.client.get(f"/v1/projects/{project}/parameters").json()["items"]
    assert isinstance(parameters, list)
    exported = ada.client.post(f"/v1/projects/{project}/exports", json={"format": "ply"})
    if exported.status_code == 202:
        ada.ended(exported.json()["id"])
    glb = next(
        each
        for each in ada.client.get(f"/v1/projects/{project}/artifacts").json()["items"]
        if each["name"][-4:] == ".glb"
    )
    imported = ada.client.post(f"/v1/projects/{ada.project()}/imports", params={"artifact_id": glb["id"]})
    assert ada.ended(imported.json()["id"])["state"] == "succeeded"
    assert ada.client.post(f"/v1/projects/{project}/shares", json={"allow_download": True}).status_code == 201
    assert ada.client.post(f"/v1/projects/{project}/undo").status_code == 200


def _go_wrong(ada: Person, eve: Person, project: str) -> None:
    stack = ada.stack
    secret = stack.planted["the system's key"]
    assert eve.client.get(f"/v1/projects/{project}").status_code == 404
    assert stack.client().get("/v1/projects").status_code == 401
    for path in ("/v1/nothing", f"/v1/projects?cursor={secret}", f"/v1/jobs/{secret}"):
        assert 400 <= ada.client.get(path).status_code < 500
    for body in ({"prompt": ""}, {"prompt": 3, "password": secret}):
        assert 400 <= ada.client.post(f"/v1/projects/{project}/jobs", json=body).status_code < 500
    assert eve.client.put("/v1/account/password", json={"old": "x", "password": "y"}).status_code in (400, 403, 422)


def _use_a_cookie(stack: Deployment) -> None:
    with stack.client() as browser:
        browser.headers["Origin"] = stack.api_url
        credentials = {"username": "ada", "password": stack.planted["ada's password"], "cookie": True}
        begun = browser.post("/v1/sessions", json=credentials)
        assert begun.status_code == 201, begun.text
        stack.planted["ada's cookie"] = browser.cookies["p2m_session"]
        assert browser.post("/v1/projects", json={"name": "Den"}).status_code == 403
        browser.headers["X-CSRF-Token"] = begun.json()["csrf_token"]
        assert browser.post("/v1/projects", json={"name": "Den"}).status_code == 201
        assert browser.delete("/v1/sessions/current").status_code == 204


def _lose_the_runner(stack: Deployment, ada: Person, project: str) -> None:
    job = ada.ask(project, "look around once more")
    wait_for(lambda: ada.client.get(f"/v1/jobs/{job}").json()["state"] != "queued", PATIENCE_S, "the job's start")
    for pid, line in descendants_of(stack.process.pid).items():
        if "cloud.jobs" in line:
            os.kill(pid, signal.SIGKILL)
    ada.ended(job)


def _hunted(stack: Deployment, database_url: str) -> Hunt:
    """Everything that the run has left."""
    hunt = Hunt.of(stack.planted)
    for where, answer in stack.answers:
        hunt.look_at(answer, where)
    hunt.look_into(stack.data_dir.parent, lambda path: path.name == "secret-keys")
    hunt.look_through_database(libpq_url(database_url))
    for pid, line in descendants_of(stack.process.pid).items():
        hunt.look_at_process(pid, may_know=any(name in line for name in MAY_KNOW))
        if has_a_root_of_its_own(pid):
            for place in ("workspace", "scratch", "tmp", "home"):
                hunt.look_into(Path(f"/proc/{pid}/root/{place}"))
    return hunt


async def test_planted_secrets_are_nowhere(tmp_path: Path, database_url: str, model_server: MessagesApi) -> None:
    with deployed(tmp_path, database_url, model_server.base_url) as stack:
        await asyncio.to_thread(_work, stack)
        assert set(model_server.keys) >= {stack.planted["the system's key"], stack.planted["a user's own key"]}
        bundle = await asyncio.to_thread(_support_bundle, stack)
        assert bundle.stat().st_size > 1000
        hunt = await asyncio.to_thread(_hunted, stack, database_url)
        assert not hunt.finds, "\n".join(hunt.finds)
        assert len(hunt.secrets) >= 10
        assert hunt.places > 200
        assert _leaks_found(stack, database_url) == {"a log", "an event", "an artifact", "an answer", "the pod"}


def _support_bundle(stack: Deployment) -> Path:
    bundle = stack.data_dir.parent / "bundle.zip"
    done = subprocess.run(
        [COMMAND, "support-bundle", bundle], env=stack.environment, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    stack.answers.append(("what support-bundle says", done.stdout + done.stderr))
    return bundle


def _leaks_found(stack: Deployment, database_url: str) -> set[str]:
    """Where leaks are found that are made on purpose: each place that the hunt must be able to see."""
    key = stack.planted["a user's own key"]
    with (stack.data_dir / "logs" / "api.log").open("a") as log:
        log.write(json.dumps({"event": f"calling with {key}"}) + "\n")
    (stack.data_dir / "artifacts" / "leak").write_bytes(key.encode())
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute(
            "INSERT INTO events (project_id, project_seq, type, data) SELECT id, 9999, 'text', "
            "jsonb_build_object('text', %s::text) FROM projects LIMIT 1",
            (key,),
        )
    stack.answers.append(("the answer 500 to GET /leak", key.encode()))
    pod = subprocess.Popen(["sleep", "120"], env={"PATH": os.defpath, "KEY": key})
    try:
        hunt = _hunted(stack, database_url)
        wait_for(lambda: "sleep" in descendants_of(os.getpid()).get(pod.pid, ""), 10, "the process")
        hunt.look_at_process(pod.pid, may_know=False)
    finally:
        pod.kill()
        pod.wait()
    kinds = {"logs/api.log": "a log", "of events": "an event", "artifacts/leak": "an artifact"}
    kinds |= {"the answer 500": "an answer", "the environment of": "the pod"}
    assert all(any(mark in found for mark in kinds) for found in hunt.finds), hunt.finds
    return {kind for mark, kind in kinds.items() if any(mark in found for found in hunt.finds)}
