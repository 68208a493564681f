"""The tokens that open a pod: signed by the backend, for one pod and one user, for a minute."""

import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TOKEN_LIFETIME_S = 60


class PodTokens:
    """An Ed25519 key pair made at the start; the private half never leaves this process."""

    def __init__(self) -> None:
        self._private_key = Ed25519PrivateKey.generate()

    @property
    def public_key_pem(self) -> str:
        """What a pod is given to check tokens with."""
        return (
            self._private_key.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode()
        )

    def sign(self, *, pod: str, user_id: str, lifetime_s: int = TOKEN_LIFETIME_S) -> str:
        """A fresh token with which `user_id` may call `pod`."""
        now = int(time.time())
        claims = {"aud": pod, "sub": user_id, "iat": now, "exp": now + lifetime_s}
        return jwt.encode(claims, self._private_key, algorithm="EdDSA")
