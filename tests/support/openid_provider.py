"""A real OpenID provider on loopback: discovery, keys, a page to sign in on, and codes that it redeems once.

It is as strict as a good one: the client's secret, the exact redirect address and PKCE's verifier must be right. Tests
make it a bad one: by `claims` and `forge` in its id tokens, by `answers` in place of its own, by `extra` in what it
sends back with the browser.
"""

import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "prompt2mesh-test", "planted-oidc-client-secret-7c1f"
Claims = dict[str, Any]
Key = RSAKey | ECKey | OKPKey
Forge = Callable[[dict[str, Any], Claims, Key], str]
Endpoint = Callable[[Request], Response]
_KEYS: dict[str, Key] = {}


def key_for(algorithm: str) -> Key:
    """A key that signs so. Making an RSA key takes a while: it is made once a run."""
    if algorithm not in _KEYS:
        options: dict[str, Any] = {"parameters": {"kid": f"{algorithm}-{secrets.token_hex(4)}"}}
        if algorithm.startswith("ES"):
            curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm]
            _KEYS[algorithm] = ECKey.generate_key(curve, **options)
        elif algorithm.startswith("Ed"):
            _KEYS[algorithm] = OKPKey.generate_key("Ed25519", **options)
        else:
            _KEYS[algorithm] = RSAKey.generate_key(2048, **options)
    return _KEYS[algorithm]


def signed(header: dict[str, Any], claims: Claims, key: Key) -> str:
    """An honest id token."""
    return jwt.encode(header, claims, key, registry=JWSRegistry(algorithms=[header["alg"]], strict_check_header=False))


@dataclass
class OpenIdProvider:
    """The provider as tests see it; `reset` makes it a good one again. `asked` counts the requests to each endpoint."""

    issuer: str
    redirect_uris: set[str] = field(default_factory=set)
    algorithm: str = "RS256"
    keys: dict[str, Key] = field(default_factory=dict)
    claims: Claims = field(default_factory=dict)
    forge: Forge = signed
    answers: dict[str, Endpoint] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    issued: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def reset(self) -> None:
        """Honest again, with its first key."""
        self.__init__(self.issuer, self.redirect_uris)
        self.use_key("RS256", key_for("RS256"))

    def use_key(self, algorithm: str, key: Key) -> None:
        """Sign with this key from now on, and publish it alone."""
        self.algorithm, self.keys = algorithm, {str(key.kid): key}

    @property
    def key(self) -> Key:
        return next(iter(self.keys.values()))

    def code_for(self, subject: str, **asked: str) -> str:
        """A code for somebody who has signed in, for a request with these parameters."""
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**asked, "subject": subject}
        return code

    def discovery(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [self.algorithm],
                **self.metadata,
            }
        )

    def jwks(self, request: Request) -> Response:
        return JSONResponse(KeySet(list(self.keys.values())).as_dict(private=False))

    def page(self, request: Request) -> Response:
        """Where people sign in; whoever they say that they are."""
        asked = dict(request.query_params)
        fault = self._fault_of(asked)
        if fault:
            return HTMLResponse(f"<h1>{fault}</h1>", 400)
        kept = "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in asked.items())
        return HTMLResponse(
            f'<title>Example ID</title><h1>Example ID</h1><form method="post" action="/decide">{kept}'
            '<label>Who are you? <input name="subject"></label>'
            '<button name="answer" value="yes">Continue</button><button name="answer" value="no">Cancel</button></form>'
        )

    async def decide(self, request: Request) -> Response:
        """The person has answered: back to the client."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if self._fault_of(form):
            return HTMLResponse("<h1>no</h1>", 400)
        back = {"state": form.get("state", "")}
        if form.get("answer") == "no":
            back["error"] = "access_denied"
        else:
            back["code"] = self.code_for(**{"subject": "nobody", **form})
        address = f"{form['redirect_uri']}?{urlencode({**back, **self.extra})}"
        return RedirectResponse(address, 303)

    def _fault_of(self, asked: dict[str, str]) -> str:
        if asked.get("client_id") != CLIENT_ID:
            return "unknown client"
        if asked.get("redirect_uri") not in self.redirect_uris:
            return "unknown redirect_uri"
        is_flow = asked.get("response_type") == "code" and "openid" in asked.get("scope", "").split()
        is_pkce = asked.get("code_challenge_method") == "S256" and len(asked.get("code_challenge", "")) == 43
        return "" if is_flow and is_pkce and asked.get("state") and asked.get("nonce") else "invalid_request"

    async def token(self, request: Request) -> Response:
        """Redeem a code, once, for the client that it was made for."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        is_client = request.headers.get("authorization") == f"Basic {basic}" or (
            (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        )
        if not is_client:
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self._codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != asked["redirect_uri"]
            or base64.urlsafe_b64encode(challenge).decode().rstrip("=") != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        id_token = self.forge({"alg": self.algorithm, "kid": self.key.kid}, self._claims_for(asked), self.key)
        self.issued.append(id_token)
        answer = {"access_token": "planted-access-token", "token_type": "Bearer", "expires_in": 60}
        return JSONResponse({**answer, "id_token": id_token})

    def _claims_for(self, asked: dict[str, str]) -> Claims:
        now = int(time.time())
        subject = asked["subject"]
        claims = {"iss": self.issuer, "sub": subject, "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], "preferred_username": subject, "email": f"{subject}@example.org"}
        return {name: value for name, value in {**claims, **self.claims}.items() if value is not None}


@contextmanager
def openid_provider() -> Iterator[OpenIdProvider]:
    """Serve one until the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    provider = OpenIdProvider(f"http://127.0.0.1:{listener.getsockname()[1]}")
    provider.reset()
    own: dict[str, tuple[Any, str]] = {
        "/.well-known/openid-configuration": (provider.discovery, "GET"),
        "/keys": (provider.jwks, "GET"),
        "/authorize": (provider.page, "GET"),
        "/decide": (provider.decide, "POST"),
        "/token": (provider.token, "POST"),
    }

    async def answer(request: Request) -> Response:
        path = request.url.path
        provider.asked[path] = provider.asked.get(path, 0) + 1
        if path in provider.answers:
            return provider.answers[path](request)
        found = own[path][0](request)
        return found if isinstance(found, Response) else await found

    app = Starlette(routes=[Route(path, answer, methods=[method]) for path, (_, method) in own.items()])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(15)
        listener.close()
