"""An S3 server on loopback (moto, over real HTTP), and one before it that fails as told.

moto keeps objects in this process's memory. It is not S3 in this: it takes every signature and every credential, does
not compare the checksums that come with an upload, encrypts nothing (it only notes what was asked), has no limits, and
serves one request after the other here.
"""

import datetime as dt
import http.client
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

from cloud.settings import Settings

KEY_ID, SECRET = "AKIA" + "P2MTESTS" * 2, "vTq3nX0b" * 5
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Bucket:
    """A bucket of its own for one test. `url` is its server's address."""

    name: str
    url: str
    client: Any = field(repr=False)

    def settings(self, data_dir: Path, **more: Any) -> Settings:
        """Settings of a deployment whose artifacts lie here, below a prefix."""
        given = {
            "artifacts_url": f"s3://{self.name}/some/where",
            "artifacts_endpoint": self.url,
            "artifacts_region": "us-east-1",
            "aws_access_key_id": KEY_ID,
            "aws_secret_access_key": SECRET,
            "artifacts_retries": 2,
        }
        return Settings(**{"data_dir": data_dir, **given, **more})

    def names(self) -> list[str]:
        """What lies in it, below the prefix and elsewhere."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def uploads(self) -> list[str]:
        """The objects of which only parts have come."""
        return [each["Key"] for each in self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])]

    def set_time(self, key: str, moment: dt.datetime) -> None:
        """Have an object be as old as that."""
        found = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_object(self.name, key)
        assert found is not None
        found.last_modified = moment.replace(tzinfo=None)


@contextmanager
def s3_server() -> Iterator[Callable[[], Bucket]]:
    """Runs the server; gives what makes a bucket."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, _OneAtATime(), threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=Config(proxies={}, s3={"addressing_style": "path"}),
    )

    def make() -> Bucket:
        name = f"p2m-tests-{next(_numbers)}"
        client.create_bucket(Bucket=name)
        return Bucket(name, url, client)

    try:
        yield make
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


class _OneAtATime:
    """moto's application for WSGI. Two writers of one key at the same time break it."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with self._lock:
            return list(self._app(environ, start_response))


@dataclass
class Fault:
    """What happens to the requests that `hits` says yes to, for `times` of them; each hit is counted in `hit`."""

    hits: Callable[[str, str], bool]
    status: int = 0
    code: str = ""
    cut_at: int | None = None
    silent_s: float = 0.0
    times: int = 1_000_000
    hit: int = 0


class FaultyServer(ThreadingHTTPServer):
    """Hands every request on to the server at `behind`; a fault may answer in its place, cut the answer or be silent.

    `asked`: every request as (method, path with query); `heads`: the headers of each.
    """

    daemon_threads = True

    def __init__(self, behind: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Passing)
        self.behind = behind.removeprefix("http://")
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.faults: list[Fault] = []
        self.asked: list[tuple[str, str]] = []
        self.heads: list[dict[str, str]] = []
        self.lock = threading.Lock()
        self.is_gone = False

    def fault_of(self, method: str, path: str) -> Fault | None:
        """The first fault for this request, which it uses up once."""
        with self.lock:
            self.asked.append((method, path))
            for fault in self.faults:
                if fault.hit < fault.times and fault.hits(method, path):
                    fault.hit += 1
                    return fault
        return None


@contextmanager
def faulty(behind: str, port: int = 0) -> Iterator[FaultyServer]:
    """A server that fails as told, before the one at `behind`."""
    server = FaultyServer(behind, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.is_gone = True
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


class _Passing(BaseHTTPRequestHandler):
    server: FaultyServer  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        if self.server.is_gone:  # on a connection that was kept
            self.close_connection = True
            return
        expected = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(expected)
        if (
            len(body) < expected
        ):  # the client gave up; the server behind would wait for the rest, and let nobody else in
            self.close_connection = True
            return
        self.server.heads.append({name.lower(): value for name, value in self.headers.items()})
        fault = self.server.fault_of(self.command, self.path)
        if fault and fault.silent_s:
            time.sleep(fault.silent_s)
        if fault and fault.status:
            told = f"<Error><Code>{fault.code}</Code><Message>as told</Message></Error>".encode()
            self._answer(fault.status, [("Content-Type", "application/xml")], told, len(told))
            return
        behind = http.client.HTTPConnection(self.server.behind, timeout=30)
        try:
            behind.request(self.command, self.path, body, dict(self.headers))
            answer = behind.getresponse()
            content = answer.read()
        finally:
            behind.close()
        headers = [pair for pair in answer.getheaders() if pair[0].lower() not in ("connection", "transfer-encoding")]
        said = int(answer.getheader("Content-Length") or len(content))
        if fault and fault.cut_at is not None:
            content = content[: fault.cut_at]
            self.close_connection = True
        self._answer(answer.status, headers, content, said)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass_on  # noqa: N815

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, said_bytes: int) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(said_bytes))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the tests read `asked`."""
