"""The tokens that open a pod: signed by the backend, for one pod and one user, for a minute."""

import time

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud.errors import InvalidInput

TOKEN_LIFETIME_S = 60
_NO_KEY = (
    "P2M_POD_SIGNING_KEY is no Ed25519 private key in PEM: make one with `prompt2mesh pod-keys`, and give its public "
    "half to the Blender pods."
)


class PodTokens:
    """An Ed25519 key pair: made at the start, so that the private half never leaves this process, or given.

    On Kubernetes it is given: all runners sign with one key, and the pods, which outlive them, have its public half.
    """

    def __init__(self, private_key: Ed25519PrivateKey | None = None) -> None:
        self._private_key = private_key or Ed25519PrivateKey.generate()

    @classmethod
    def of_pem(cls, pem: str) -> "PodTokens":
        """With the private key of `prompt2mesh pod-keys`. Raises: InvalidInput."""
        try:
            # A secret that came through an environment file often has its line ends written out.
            key = serialization.load_pem_private_key(pem.strip().replace("\\n", "\n").encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise InvalidInput(_NO_KEY) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise InvalidInput(_NO_KEY)
        return cls(key)

    @property
    def private_key_pem(self) -> str:
        """What the runners are given to sign tokens with: a secret."""
        return self._private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

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
