"""What is kept encrypted: authenticated (Fernet), under keys that can be changed, and bound to its owner."""

import base64
import binascii
import json
from collections.abc import Sequence
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from cloud.errors import InvalidInput, Prompt2MeshError

_KEY_BYTES = 32
# Of 32 random bytes as good as none has fewer different ones, or is all printable.
_LEAST_DIFFERENT = 16
HOW_TO_MAKE_ONE = "make one with `openssl rand -base64 32`"


class SecretUnreadable(Prompt2MeshError):
    """What was kept cannot be opened: its key is gone, or it is another's."""

    code, http_status = "secret_unreadable", 409

    def __init__(self) -> None:
        super().__init__("A secret that was kept cannot be read any more, as the server's own key has changed.")


class Safe:
    """Seals texts for their owners. The first key seals, all of them open. Its `repr` tells nothing."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises: InvalidInput: a key is no 32 random bytes in base64, or there is none."""
        if not keys:
            raise InvalidInput(f"P2M_SECRET_KEYS is not set: it needs at least one key; {HOW_TO_MAKE_ONE}.")
        each = [Fernet(_checked(key)) for key in keys]
        self._first, self._fernet = each[0], MultiFernet(each)

    @classmethod
    def of_setting(cls, setting: str) -> "Safe":
        """Of keys with commas between them. Raises: InvalidInput."""
        return cls([key.strip() for key in setting.split(",") if key.strip()])

    def seal(self, owner: UUID, secret: str) -> bytes:
        """The secret, to be opened for this owner alone."""
        return self._fernet.encrypt(json.dumps({"owner": str(owner), "secret": secret}).encode())

    def open(self, owner: UUID, sealed: bytes) -> str:
        """The secret. Raises: SecretUnreadable: sealed for another, with a key that is gone, or damaged."""
        try:
            envelope = json.loads(self._fernet.decrypt(sealed))
            is_own = envelope["owner"] == str(owner)
            secret = envelope["secret"]
        except (InvalidToken, ValueError, KeyError, TypeError):
            raise SecretUnreadable from None
        if not is_own or not isinstance(secret, str):
            raise SecretUnreadable
        return secret

    def is_current(self, sealed: bytes) -> bool:
        """Whether it is sealed with the first key already."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: bytes) -> bytes:
        """The same under the first key. Raises: SecretUnreadable."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise SecretUnreadable from None


def new_key() -> str:
    """A fresh key for the setting."""
    return Fernet.generate_key().decode()


def _checked(key: str) -> bytes:
    """The key as Fernet takes it. Raises: InvalidInput; its sentence does not hold the key."""
    try:
        raw = base64.b64decode(key.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise InvalidInput(f"A key of P2M_SECRET_KEYS is not 32 bytes in base64; {HOW_TO_MAKE_ONE}.")
    if len(set(raw)) < _LEAST_DIFFERENT or raw.isascii():
        raise InvalidInput(f"A key of P2M_SECRET_KEYS is a placeholder, or not random; {HOW_TO_MAKE_ONE}.")
    return base64.urlsafe_b64encode(raw)
