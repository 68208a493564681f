"""What a request may do: a session everything that its user may, an API token what its scopes say."""

from typing import Literal, get_args

Scope = Literal["read", "build", "account", "admin"]
"""`read`: see one's own things; `build`: make and change them; `account`: passwords, tokens, keys; `admin`: others."""

TokenScope = Literal["read", "build", "admin"]
"""Those that an API token can have: none of them lets a stolen token make another, or change a password."""

SCOPES: tuple[Scope, ...] = get_args(Scope)
TOKEN_SCOPES: tuple[TokenScope, ...] = get_args(TokenScope)


def session_scopes(*, is_admin: bool) -> frozenset[Scope]:
    """Those of somebody who has signed in."""
    return frozenset(SCOPES if is_admin else ("read", "build", "account"))
