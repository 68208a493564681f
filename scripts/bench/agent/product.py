"""The product under evaluation: a stack of our own on a temporary folder, or one that runs somewhere."""

import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cloud.cli.local_stack import local_stack
from cloud.settings import Settings
from ui.api_client import ApiClient
from ui.api_requests import path_of
from ui.api_types import Job


class BenchClient(ApiClient):
    """The clients' own client, with what only an evaluation sends."""

    def send(self, project_id: str, prompt: str, options: Mapping[str, Any]) -> Job:
        """Send a prompt with any of the API's options."""
        return self._make(path_of("projects", project_id, "jobs"), json={"prompt": prompt, **options})


@contextmanager
def own_product(data_dir: Path, users: int, cache: Path) -> Iterator[list[BenchClient]]:
    """A stack that ends with the block (or with us), and a signed-up user for each job at a time.

    It takes the key and the settings of the environment, but for its folder and what an evaluation needs.
    """
    own = {
        "P2M_DATA_DIR": str(data_dir),
        "P2M_POD_CACHE_DIR": str(cache),
        "P2M_ALLOW_ABLATIONS": "true",
        "P2M_RUNNER_CONCURRENCY": str(users),
        "P2M_RUNNERS": "1",
    }
    before = {name: os.environ.pop(name, None) for name in (*own, "DATABASE_URL")}
    os.environ.update(own)
    try:
        with local_stack(Settings(data_dir=data_dir), keep=False, on_wait=say) as info, ExitStack() as clients:
            yield [clients.enter_context(_new_user(info.api_url, number)) for number in range(users)]
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def product_at(url: str, tokens: Sequence[str]) -> Iterator[list[BenchClient]]:
    """A running product; a user's jobs run one after the other, so give as many tokens as jobs at a time."""
    with ExitStack() as clients:
        yield [clients.enter_context(BenchClient(url, token)) for token in tokens]


def say(what: str) -> None:
    """Progress, for people."""
    print(f"eval: {what}", file=sys.stderr, flush=True)


def _new_user(url: str, number: int) -> BenchClient:
    client = BenchClient(url)
    name, password = f"eval-{number}-{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    client.sign_up(name, password)
    client.log_in(name, password)
    return client
