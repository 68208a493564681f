"""The calls about one's own account: sessions, API tokens, the password."""

from collections.abc import Iterator, Sequence
from typing import Literal

from ui.account_types import ApiToken, NewApiToken, SignedInClient
from ui.api_requests import ApiRequests, path_of


class AccountCalls(ApiRequests):
    """See and end one's sessions; make, list and revoke API tokens; change the password."""

    def sessions(self) -> Iterator[SignedInClient]:
        """Where one is signed in, fetched page by page as they are asked for."""
        return self._pages("/v1/sessions")

    def end_session(self, session_id: str) -> None:
        """Sign one client out. Raises: ApiError 404: it is not signed in (any more)."""
        self._send("DELETE", path_of("sessions", session_id))

    def end_sessions(self, which: Literal["others", "all"]) -> None:
        """Sign out everywhere: but here, or here too."""
        self._send("DELETE", path_of("sessions", "others") if which == "others" else "/v1/sessions")

    def api_tokens(self) -> Iterator[ApiToken]:
        """One's API tokens, newest first."""
        return self._pages("/v1/account/tokens")

    def make_api_token(self, name: str, scopes: Sequence[str], expires_in_days: int | None) -> NewApiToken:
        """A new token, whose text is shown this once. Raises: ApiError 403, 409, 422: it cannot be made, and why."""
        asked = {"name": name, "scopes": list(scopes), "expires_in_days": expires_in_days}
        return self._json("POST", "/v1/account/tokens", json=asked)

    def revoke_api_token(self, token_id: str) -> None:
        """The token is worth nothing from now on. Raises: ApiError 404: there is no such token (any more)."""
        self._send("DELETE", path_of("account", "tokens", token_id))

    def change_password(self, old: str, new: str) -> None:
        """Ends all other sessions. Raises: ApiError 403: the old one is wrong. ApiError 422: the new one is weak."""
        self._send("PUT", "/v1/account/password", json={"old_password": old, "new_password": new})
