"""The running stand-in: its routes, its script, and what it kept."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.messages_api import caching
from tests.support.messages_api.caching import PromptCache
from tests.support.messages_api.check_request import check_request
from tests.support.messages_api.ledger import Ledger
from tests.support.messages_api.models import DEFAULT_MODELS, KnownModel
from tests.support.messages_api.playing import Player, break_off
from tests.support.messages_api.refusal import Refused
from tests.support.messages_api.replies import Answer, Broken, Entry, Fault, Reply, TokenUse, says

VERSIONS = ("2023-06-01", "2026-10-21")
MAX_BODY_BYTES = 32 * 1024 * 1024
Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass
class MessagesApi:
    """A stand-in that runs.

    `script`: the entries that are left, or a function that answers every request. `faults`: by number of whole
    reply (the first is 1), what comes before that reply. `refusals` has the sentence of each invalid request,
    `requests` the body of each message call that came, `keys` the key that came with it.
    """

    base_url: str
    script: list[Entry] | Callable[[dict[str, Any]], Answer]
    faults: dict[int, list[Entry]]
    models: dict[str, KnownModel]
    player: Player
    any_model: KnownModel | None = None
    key: str | None = None
    knows_models: bool = True
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    counted: int = 0
    replied: int = 0

    def model(self, model_id: object) -> KnownModel | None:
        """The model of this id; None if there is none."""
        known = self.models.get(str(model_id))
        return replace(self.any_model, id=str(model_id)) if known is None and self.any_model else known

    @property
    def ledger(self) -> Ledger:
        """What was billed."""
        return self.player.ledger

    @property
    def invalid_requests(self) -> int:
        """How many requests the real API would have refused."""
        return len(self.refusals)

    def next_answer(self, body: dict[str, Any]) -> Answer:
        """What the script has for this request."""
        waiting = self.faults.get(self.replied + 1)
        if waiting:
            entry = waiting.pop(0)
            answer = entry(body) if callable(entry) else entry
            if isinstance(answer, Broken) and answer.reply is None and callable(self.script):
                reply = self.script(body)
                return Broken(answer.at, answer.by, reply if isinstance(reply, Reply) else None, answer.began)
            return answer
        if callable(self.script):
            answer = self.script(body)
        elif self.script:
            entry = self.script.pop(0)
            answer = entry(body) if callable(entry) else entry
        else:
            return Fault(400, "invalid_request_error", "the script is at its end")
        self.replied += isinstance(answer, Reply)
        return answer


@asynccontextmanager
async def messages_api(
    *script: Entry,
    answering: Callable[[dict[str, Any]], Answer] | None = None,
    faults: Mapping[int, Sequence[Entry]] | None = None,
    models: Iterable[KnownModel] = DEFAULT_MODELS,
    any_model: KnownModel | None = None,
    default_use: TokenUse | None = None,
    key: str | None = None,
    knows_models: bool = True,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[MessagesApi]:
    """Serve on a free loopback port.

    It answers with the script's entries in order (then with a 400 that says so), or with `answering`. `any_model`:
    what a model is like that is not one of `models` (None: unknown). `default_use`: what a reply costs that does not
    say (None: what is counted). `key`: the only key that is taken (None: any). `knows_models`: whether the models
    endpoint answers. `clock`: the seconds by which cached prefixes age.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    api = MessagesApi(
        base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        script=answering or list(script),
        faults={number: list(entries) for number, entries in (faults or {}).items()},
        models={model.id: model for model in models},
        player=Player(PromptCache(clock), Ledger(), default_use),
        any_model=any_model,
        key=key,
        knows_models=knows_models,
    )
    config = uvicorn.Config(_app_of(api), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))
    try:
        yield api
    finally:
        server.should_exit = server.force_exit = True
        await serving
        listener.close()


def _app_of(api: MessagesApi) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def messages(request: Request) -> Response:
        return await _answer(api, request)

    async def count_tokens(request: Request) -> Response:
        try:
            body = await _read(api, request)
            check_request(body, api.model, api.player.issued, counting=True)
        except Refused as refused:
            return _refuse(api, refused)
        api.counted += 1
        return JSONResponse({"input_tokens": caching.count(body)})

    async def model_list(request: Request) -> Response:
        try:
            _check_head(api, request)
        except Refused as refused:
            return _refuse(api, refused)
        facts = [model.facts() for model in api.models.values()]
        ends = {"first_id": facts[0]["id"], "last_id": facts[-1]["id"]} if facts else {}
        return JSONResponse({"data": facts, "has_more": False, **ends})

    async def model(request: Request) -> Response:
        try:
            _check_head(api, request)
        except Refused as refused:
            return _refuse(api, refused)
        known = api.model(request.path_params["model_id"]) if api.knows_models else None
        if known is None:
            return error_response(Fault(404, message=f"model: {request.path_params['model_id']}"))
        return JSONResponse(known.facts())

    app = Starlette(
        routes=[
            Route("/v1/messages", messages, methods=["POST"]),
            Route("/v1/messages/count_tokens", count_tokens, methods=["POST"]),
            Route("/v1/models", model_list, methods=["GET"]),
            Route("/v1/models/{model_id}", model, methods=["GET"]),
        ]
    )

    async def cutting(scope: Scope, receive: Receive, send: Send) -> None:
        # uvicorn's `send` is a method of the request's cycle, which alone knows the connection.
        transport = getattr(send, "__self__").transport  # noqa: B009
        scope["cut"] = lambda by: _cut(transport, by)
        await app(scope, receive, send)

    return cutting


def _cut(transport: asyncio.Transport, by: str) -> None:
    """End the connection: `reset` at once and with a reset, `close` after what was sent."""
    if by == "reset":
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()


def key_of(request: Request) -> str:
    """The key that came with the request; newer SDKs send it as a bearer, and `x-api-key` wins over that."""
    return request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")


def _check_head(api: MessagesApi, request: Request) -> None:
    """Raises: Refused: the key or the version is missing or wrong."""
    key = key_of(request)
    if not key or (api.key is not None and key != api.key):
        raise Refused("invalid x-api-key", 401)
    version = request.headers.get("anthropic-version")
    if version not in VERSIONS:
        raise Refused("anthropic-version: header is required" if version is None else "anthropic-version: not valid")


async def _read(api: MessagesApi, request: Request) -> dict[str, Any]:
    """The request's body. Raises: Refused: its headers or its size are wrong, or it is no JSON."""
    _check_head(api, request)
    raw = await request.body()
    if len(raw) > MAX_BODY_BYTES:
        raise Refused("Request exceeds the maximum size", 413)
    try:
        return json.loads(raw)
    except ValueError:
        raise Refused("The request body is not valid JSON") from None


async def _answer(api: MessagesApi, request: Request) -> Response:
    try:
        body = await _read(api, request)
        api.requests.append(body)
        api.keys.append(key_of(request))
        model = check_request(body, api.model, api.player.issued)
    except Refused as refused:
        return _refuse(api, refused)
    answer = api.next_answer(body)
    if isinstance(answer, Fault):
        return error_response(answer)
    broken = answer if isinstance(answer, Broken) else None
    if broken and broken.at == "before":
        await break_off(broken, request.scope["cut"])
        return Response()
    reply = answer if isinstance(answer, Reply) else (answer.reply or says("I begin with the plan."))
    headers = {"request-id": "req_standin"}
    if not body.get("stream"):
        return JSONResponse(api.player.whole(body, model, reply), headers=headers)
    return StreamingResponse(
        api.player.stream(body, model, reply, broken, request.scope["cut"]),
        media_type="text/event-stream",
        headers=headers,
    )


def _refuse(api: MessagesApi, refused: Refused) -> Response:
    # A wrong key or an unknown model is the user's mistake; all else is ours.
    if refused.status in (400, 413):
        api.refusals.append(str(refused))
    return error_response(Fault(refused.status, refused.kind, str(refused)))


def error_response(fault: Fault) -> Response:
    """An error as the API words it."""
    body = {"type": "error", "error": {"type": fault.error_kind, "message": fault.message}, "request_id": "req_standin"}
    return JSONResponse(body, status_code=fault.status, headers={"request-id": "req_standin", **fault.headers})
