"""Session tokens: opaque, recognisable by their prefix, and kept only as a hash."""

import hashlib
import secrets

PREFIX = "p2m_"
_SECRET_BYTES = 32


def new_token() -> str:
    """A fresh token. It has so much entropy that a plain SHA-256 keeps it safe at rest."""
    return PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", errors="replace")).digest()
