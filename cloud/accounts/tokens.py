"""Tokens: opaque, kept only as a hash, and told from any other text by anybody, without asking us.

A token is `p2m_`, its kind, `_`, 43 random characters and 6 of a checksum: the CRC32 of the 43 in base 62, with
leading zeros. So a secret scanner finds what is ours and real offline, as with GitHub's tokens, and we refuse what is
not without a look at the database. The pattern for scanners: `p2m_[a-z]{3}_[0-9A-Za-z]{49}`.
"""

import hashlib
import re
import secrets
import string
import zlib
from typing import Literal, get_args

Kind = Literal["ses", "pat", "dev", "lnk", "shr"]
"""`ses`: session; `pat`: API token; `dev`: device code (RFC 8628); `lnk`: link that works once;
`shr`: page that is shared."""

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_CHARS = 43  # of 62: 256 bits
_CHECKSUM_CHARS = 6
_FORM = re.compile(
    rf"p2m_({'|'.join(get_args(Kind))})_([0-9A-Za-z]{{{_SECRET_CHARS}}})([0-9A-Za-z]{{{_CHECKSUM_CHARS}}})"
)


def new_token(kind: Kind) -> str:
    """A fresh token. It has so much entropy that a plain SHA-256 keeps it safe at rest."""
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_CHARS))
    return f"p2m_{kind}_{secret}{_checksum(secret)}"


def kind_of(token: str) -> Kind | None:
    """What kind of token this is; None if it cannot be one that we made."""
    found = _FORM.fullmatch(token)
    if found is None or _checksum(found[2]) != found[3]:
        return None
    return next(kind for kind in get_args(Kind) if kind == found[1])


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", errors="replace")).digest()


def _checksum(secret: str) -> str:
    rest, digits = zlib.crc32(secret.encode()), ""
    for _ in range(_CHECKSUM_CHARS):
        rest, digit = divmod(rest, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
