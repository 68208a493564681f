"""What may be done with users' own Claude keys: enter, show the hint, remove, read for a call, seal anew."""

import datetime as dt
import re
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.accounts.audit.queries import add_entry
from cloud.accounts.model_keys import queries
from cloud.accounts.origin import OPERATOR, Origin
from cloud.accounts.secrets import Safe, SecretUnreadable
from cloud.errors import Conflict, InvalidInput, NotFound
from cloud.redaction import keep_secret

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.db.models import ModelKey

# It goes into a header: nothing else may be in it.
KEY_PATTERN = r"[!-~]{8,500}"
_HINT_CHARS = 4


class NoModelKey(NotFound):
    """The user has entered no key."""

    code = "no_model_key"

    def __init__(self) -> None:
        Exception.__init__(self, "You have entered no Claude key; jobs run with the deployment's, if it has one.")


class KeysNotKept(Conflict):
    """The deployment has nothing to encrypt keys with."""

    code = "keys_not_kept"

    def __init__(self) -> None:
        super().__init__("This server keeps no Claude keys: its operator must set P2M_SECRET_KEYS.")


def checked_key(key: str) -> str:
    """The key without the white space around it. Raises: InvalidInput, in words without the key."""
    key = key.strip()
    if not re.fullmatch(KEY_PATTERN, key):
        raise InvalidInput("This is no key: it must be 8 to 500 plain characters without spaces; paste it as it is.")
    keep_secret(key)
    return key


class ModelKeys:
    """Users' keys, sealed by `safe` (None: none can be entered)."""

    def __init__(self, safe: Safe | None) -> None:
        self._safe = safe

    def demand_safe(self) -> Safe:
        """Raises: KeysNotKept."""
        if self._safe is None:
            raise KeysNotKept
        return self._safe

    async def put(
        self, session: "AsyncSession", user_id: UUID, key: str, origin: Origin = OPERATOR, *, tested: bool
    ) -> "ModelKey":
        """Keep this key, instead of any that there was. Raises: KeysNotKept."""
        sealed = self.demand_safe().seal(user_id, key)
        tested_at = dt.datetime.now(dt.UTC) if tested else None
        details = {"hint": key[-_HINT_CHARS:]}
        subject = f"user:{user_id}"
        await add_entry(session, "model_key.set", actor=user_id, origin=origin, subject=subject, details=details)
        return await queries.put_key(session, user_id, sealed, key[-_HINT_CHARS:], tested_at)

    async def shown(self, session: "AsyncSession", user_id: UUID) -> "ModelKey":
        """What may be shown of the key. Raises: NoModelKey."""
        found = await queries.find_key(session, user_id)
        if found is None:
            raise NoModelKey
        return found

    async def remove(self, session: "AsyncSession", user_id: UUID, origin: Origin = OPERATOR) -> None:
        """The user has no key from now on."""
        if await queries.drop_key(session, user_id):
            await add_entry(session, "model_key.removed", actor=user_id, origin=origin, subject=f"user:{user_id}")

    async def read(self, session: "AsyncSession", user_id: UUID) -> str | None:
        """The key itself, for a call; None if the user has none. Raises: SecretUnreadable."""
        found = await queries.find_key(session, user_id)
        if found is None:
            return None
        if self._safe is None:
            raise SecretUnreadable
        key = self._safe.open(user_id, found.sealed)
        keep_secret(key)
        return key
