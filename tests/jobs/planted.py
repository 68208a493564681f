"""A user who has left a planted word in everything that can be said, and another who has some of the same bytes."""

import asyncio
import base64
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import psycopg
import zstandard
from PIL import Image
from psycopg.types.json import Jsonb
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr

from cloud.accounts.tokens import hash_of, new_token
from cloud.db.engine import Database, libpq_url
from cloud.jobs.transcript import pack
from cloud.settings import Settings
from cloud.storage.store import ArtifactStore
from tests.api.rows import give_file, give_steps
from tests.conftest import RunningApi, serve_api

PASSWORD = "correct horse battery staple"
SHARED = b"the same bytes, whoever has them"


@contextmanager
def serve_with_keys(database_url: str, data_dir: Path) -> Iterator[RunningApi]:
    """The API of a deployment that keeps users' own keys."""
    keys = SecretStr(base64.b64encode(secrets.token_bytes(32)).decode())
    with serve_api(Settings(data_dir=data_dir, database_url=database_url, secret_keys=keys)) as running:
        yield running


@dataclass
class Person:
    """A signed-in user; `words` were planted wherever they could say something, `hashes` are contents they stored."""

    client: httpx2.Client
    username: str
    user_id: UUID = field(default_factory=lambda: UUID(int=0))
    words: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)

    def word(self) -> str:
        """A new word that stands nowhere else."""
        self.words.append(f"plant{secrets.token_hex(8)}")
        return self.words[-1]

    def post(self, path: str, **request: object) -> dict[str, str]:
        """The answer's JSON; anything but a success fails the test."""
        answer = self.client.post(path, **request)  # pyright: ignore[reportArgumentType]
        assert answer.is_success, answer.text
        return answer.json()

    def give_up(self, **facts: object) -> httpx2.Response:
        """Ask for the deletion of the account."""
        body = {"username": self.username, "password": PASSWORD, **facts}
        return self.client.request("DELETE", "/v1/account", json=body)


def sign_up(api: RunningApi, username: str = "") -> Person:
    """A new user, signed in."""
    client = httpx2.Client(base_url=api.url, timeout=30, headers={"User-Agent": "prompt2mesh-test"})
    person = Person(client, username)
    person.username = username or f"user {person.word()}"
    credentials = {"username": person.username, "password": PASSWORD}
    person.post("/v1/users", json=credentials)
    session = person.post("/v1/sessions", json=credentials)
    client.headers["Authorization"] = f"Bearer {session['token']}"
    person.user_id = UUID(client.get("/v1/me").json()["id"])
    return person


def fail_to_sign_in(api: RunningApi, person: Person) -> None:
    """Once with a wrong password, then with the right one, from a client that says a word of its own."""
    other = httpx2.Client(base_url=api.url, headers={"User-Agent": person.word()}, timeout=30)
    statuses = [
        other.post("/v1/sessions", json={"username": person.username, "password": password}).status_code
        for password in ("wrong", PASSWORD)
    ]
    assert statuses == [401, 201]


def enter(api: RunningApi) -> Person:
    """A user who is signed in, without the time that it takes to hash a password: theirs is PASSWORD too."""
    client = httpx2.Client(base_url=api.url, timeout=30, headers={"User-Agent": "prompt2mesh-test"})
    person = Person(client, "")
    person.username, person.user_id, token = f"user {person.word()}", uuid4(), new_token("ses")
    with psycopg.connect(libpq_url(api.settings.database_url), autocommit=True) as sql:
        user = (person.user_id, person.username, _hash_of_password())
        sql.execute("INSERT INTO users (id, username, password_hash) VALUES (%s, %s, %s)", user)
        session = (uuid4(), person.user_id, hash_of(token))
        sql.execute(
            "INSERT INTO sessions (id, user_id, token_hash, expires_at) VALUES (%s, %s, %s, now() + interval '1 day')",
            session,
        )
    client.headers["Authorization"] = f"Bearer {token}"
    return person


@cache
def _hash_of_password() -> str:
    return Argon2Hasher().hash(PASSWORD)  # not through an event loop: tests of both kinds come here


def settle(api: RunningApi, person: Person) -> str:
    """The person uses everything. Returns: the id of a project of theirs."""
    project = person.post("/v1/projects", json={"name": person.word()})["id"]
    person.post(
        f"/v1/projects/{project}/jobs", json={"prompt": person.word()}, headers={"Idempotency-Key": person.word()}
    )
    person.post("/v1/batches", json={"name": person.word(), "items": [{"prompt": person.word()}, person.word()]})
    person.client.post(f"/v1/projects/{project}/images", params={"name": f"{person.word()}.png"}, content=_picture())
    person.post("/v1/account/tokens", json={"name": person.word(), "scopes": ["read"], "expires_in_days": 1})
    asyncio.run(_work(api, person, project))
    return project


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 90).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


async def _work(api: RunningApi, person: Person, project: str) -> None:
    """What a runner would have left: steps, a transcript with a picture, files, and a job that still runs."""
    database = Database.connect(api.settings.database_url, pool_size=2)
    store = ArtifactStore.local(api.settings.artifacts_dir)
    prompt = {"prompt": person.word()}
    job = person.post(f"/v1/projects/{project}/jobs", json=prompt)["id"]
    await give_steps(database, api, job, [f"name = '{person.word()}'", f"label = '{person.word()}'"])
    scene = zstandard.compress(person.word().encode() * 20)
    await give_file(database, api, job, f"{person.word()}.blend", scene)
    await give_file(database, api, job, "same.blend", SHARED)
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": _base64(person.word())}}
    content = await pack([{"type": "text", "text": person.word()}, image], store)
    with psycopg.connect(libpq_url(api.settings.database_url), autocommit=True) as sql:
        told = Jsonb(content)
        sql.execute(
            "INSERT INTO messages (job_id, seq, role, content, attempt) VALUES (%s, 1, 'user', %s, 1)", (job, told)
        )
        # As it is sealed no word of the key would be found: what is planted stands for the sealed bytes.
        key = (person.user_id, person.word().encode())
        sql.execute("INSERT INTO model_keys (user_id, sealed, hint) VALUES (%s, %s, 'wxyz')", key)
        answer = Jsonb({"text": person.word()})
        sql.execute(
            "INSERT INTO shares (id, user_id, project_id, snapshot_id, token_hash, hint, title) SELECT"
            " gen_random_uuid(), user_id, project_id, id, %s, 'wxyz', %s FROM snapshots WHERE project_id = %s LIMIT 1",
            (secrets.token_bytes(32), person.word(), project),
        )
        sql.execute(
            "INSERT INTO external_identities (id, user_id, issuer, subject) VALUES (%s, %s, 'https://id.example', %s)",
            (uuid4(), person.user_id, person.word()),
        )
        sql.execute(
            "INSERT INTO one_time_links (id, purpose, token_hash, made_by, note, expires_at)"
            " VALUES (%s, 'invite', %s, %s, %s, now())",
            (uuid4(), secrets.token_bytes(32), person.user_id, person.word()),
        )
        sql.execute(
            "INSERT INTO audit_log (actor_id, action, subject, details) VALUES (%s, 'user.suspended', %s, %s)",
            (uuid4(), f"user:{person.user_id}", Jsonb({"reason": person.word()})),
        )
        sql.execute(
            "INSERT INTO consultations (job_id, key, answer, attempt) VALUES (%s, 'refine', %s, 1)", (job, answer)
        )
    await database.aclose()


def _base64(word: str) -> str:
    return base64.b64encode(word.encode()).decode()
