"""Masks secrets in whatever we write or answer: by value, where a secret is known, and by shape, where it is not.

`mask` is for our own words (logs, tracebacks, problem documents, a job's error); `mask_values` for what users and
models have written, where a shape proves nothing; `mask_fields` for structured data, whose field names tell too.
One register per process: `keep_secret` adds to it whenever a process gets hold of a secret.
"""

import base64
import json
import re
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "[masked]"

_LEAST_CHARS = 8
# The settings' own and those of the users that a process works for; the oldest are forgotten, as each costs a search.
_KEPT_LIMIT = 512

# Fields, parameters, variables and headers whose value is a secret, by how their names end.
_NAME = (
    r"(?:password|passwd|passphrase|pwd|secret|secret[_-]?keys?|api[_-]?key|token|cookie|authorization"
    r"|secret[_-]?access[_-]?keys?|(?:session|security)[_-]?token|private[_-]?key|credentials?|code[_-]?verifier|device[_-]?code|password[_-]?hash|token[_-]?hash|database[_-]?url)"
)
_HEADER = r"(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-csrf-token"
# A sentence that begins with the name of a field `cookie` is no header: that holds a pair, name=value.
_NO_HEADER = r"cookie: (?=[^\n=]*(?:\n|\Z))"
_NAMED = re.compile(rf"(?:.*[_.\- ]|x-)?{_NAME}", re.IGNORECASE)
_HARMLESS = r"(?!(?:None|null|true|false|\d{1,4})\b|\[masked\])"

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    # The password of a PostgreSQL's address may hold what no address may, so it lasts to the last @.
    (re.compile(r"(\bpostgres(?:ql)?(?:\+\w+)?://[^\s:/@]*:)[^\s\"'<>]+(?=@)"), rf"\1{MASK}"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@\"'<>]+(?=@)", re.IGNORECASE), rf"\1{MASK}"),
    # A header, in a message, in JSON or as a pair of a tuple, as HTTP libraries write them; all of its value.
    (re.compile(rf"(\b(?:{_HEADER})[\"']?\s*[:=,]\s*b?[\"'])[^\"'\n]*", re.IGNORECASE), rf"\1{MASK}"),
    (
        re.compile(
            rf"(?!{_NO_HEADER})(\b(?:{_HEADER})\s*[:=]\s*+)(?![\"'`…]|b[\"']|\[masked\]|Bearer …)[^\n\"'`]+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(\bBearer\s+)(?=[^\s\"'`]*[0-9_])[^\s\"'`,;]{6,}", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{6,}"), MASK),
    (re.compile(r"p2m_[a-z]{3}_[0-9A-Za-z]{6,}"), MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"), MASK),
    (re.compile(r"\bgAAAAA[A-Za-z0-9_-]{30,}={0,2}"), MASK),
    (re.compile(r"\$argon2[a-z]{1,2}\$[^\s\"']+"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MASK),
    # AWS: what STS answers with, and what makes a presigned link good.
    (re.compile(r"(<(?:SecretAccessKey|SessionToken|AccessKeyId)>)[^<]*"), rf"\1{MASK}"),
    (re.compile(r"(\bX-Amz-(?:Signature|Security-Token|Credential)=)[^\s&\"'`<>]+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"(\bSignature=)[0-9a-f]{64}\b"), rf"\1{MASK}"),
    # name=value, name='value', "name": "value", also with the quotes escaped.
    (
        re.compile(
            rf"((?<![A-Za-z0-9])(?:[\w.-]*[_.-])?{_NAME}(?:\\*[\"'])?\s*(?:=|:(?=\s*\\*[\"']))\s*(\\*[\"']))"
            rf"{_HARMLESS}(?:(?!\2).)+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    (
        re.compile(
            rf"((?<![A-Za-z0-9])(?:[\w.-]*[_.-])?{_NAME}\s*=\s*+){_HARMLESS}[^\s&;,\"'`)}}\]<>]+", re.IGNORECASE
        ),
        rf"\1{MASK}",
    ),
    # PostgreSQL shows the whole row that a constraint refuses: prompts, hashes, addresses.
    (re.compile(r"(Failing row contains \()[^\n]*"), rf"\1{MASK}"),
    (re.compile(r"([?&](?:code|state|claim|invite|reset|nonce|sig|signature|key)=)[^\s&\"'`<>]+"), rf"\1{MASK}"),
    # 32 or 64 random bytes in base64; without padding only where it looks random, as names can be long too.
    (re.compile(r"(?<![A-Za-z0-9+/_=-])(?:[A-Za-z0-9+/_-]{43}=|[A-Za-z0-9+/_-]{86}==)(?![A-Za-z0-9=])"), MASK),
    (
        re.compile(
            r"(?<![A-Za-z0-9+/_=.-])(?=[A-Za-z_-]*\d)(?=[^A-Z\s]{0,42}[A-Z])(?=[^a-z\s]{0,42}[a-z])[A-Za-z0-9_-]{43}"
            r"(?![A-Za-z0-9+/_=.-])"
        ),
        MASK,
    ),
)


class SecretRegister:
    """The secrets that a process knows, in every form in which they may come up. Any thread."""

    def __init__(self) -> None:
        self._forms: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()
        self._all: tuple[str, ...] = ()

    def add(self, value: str) -> None:
        """Mask this from now on. What is shorter than 8 characters is passed over: it would mask common words."""
        value = value.strip()
        if len(value) < _LEAST_CHARS or value in self._forms:
            return
        with self._lock:
            self._forms[value] = forms_of(value)
            while len(self._forms) > _KEPT_LIMIT:
                del self._forms[next(iter(self._forms))]
            # The longest first: a secret may lie within another's other form.
            self._all = tuple(sorted({form for forms in self._forms.values() for form in forms}, key=len, reverse=True))

    def mask(self, text: str) -> str:
        """The text with each form of each secret masked."""
        for form in self._all:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def __repr__(self) -> str:
        return f"<SecretRegister of {len(self._forms)}>"


def forms_of(value: str) -> tuple[str, ...]:
    """The value as it is, URL-encoded, JSON-escaped, as Python shows it, in base64 and in hex; each once."""
    raw = value.encode("utf-8", errors="surrogatepass")
    found = {
        value,
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        raw.hex(),
        raw.hex().upper(),
        *_base64_of(raw),
    }
    return tuple(form for form in found if len(form) >= _LEAST_CHARS)


def _base64_of(raw: bytes) -> set[str]:
    """What base64 of any text with these bytes in it has in common, at each of the three ways to lie in it."""
    found = set()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        cut = encoded[(0, 2, 3)[before] : len(encoded) - (0, 3, 2)[(before + len(raw)) % 3]]
        found |= {cut, cut.replace("+", "-").replace("/", "_")}
    return found


_register = SecretRegister()


def keep_secret(*values: str | None) -> None:
    """This process knows these secrets now: they are masked wherever it masks. See `SecretRegister.add`."""
    for value in values:
        if value:
            _register.add(value)


def mask_values(text: str) -> str:
    """The text without the secrets that this process knows."""
    return _register.mask(text)


def mask(text: str) -> str:
    """The text without the secrets that this process knows, and without what looks like one."""
    text = _register.mask(text)
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


def mask_fields(value: Any, name: str = "") -> Any:
    """JSON data of the same form, masked; also by the names of fields. What is no JSON becomes its masked `repr`."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if name and _NAMED.fullmatch(name):
        return MASK
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {mask(str(key)): mask_fields(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_fields(item) for item in value]
    return mask(repr(value))


def mask_values_in(value: Any) -> Any:
    """JSON data of the same form without the secrets that this process knows: for what users and models wrote."""
    if isinstance(value, str):
        return _register.mask(value)
    if isinstance(value, dict):
        return {_register.mask(str(key)): mask_values_in(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask_values_in(item) for item in value]
    return value
