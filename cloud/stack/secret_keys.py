"""The key that users' secrets are encrypted with on one machine: made once, kept in the data folder for us alone."""

import base64
import os
import secrets
from pathlib import Path

_KEY_BYTES = 32


def ensure_secret_keys(data_dir: Path) -> str:
    """The keys as `P2M_SECRET_KEYS` takes them, made where there are none yet. Only for who holds the stack's lock.

    Whoever has a copy of the folder can read the secrets: it is as safe as the folder is.
    Raises: OSError: the file cannot be read or written.
    """
    path = data_dir / "secret-keys"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    key = base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return key
