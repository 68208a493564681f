"""The calls of `ApiClient` about who one is: signing up, in and out, and the codes that work once."""

from typing import Any

from ui.api_requests import ApiRequests
from ui.api_types import Session, SignInOptions, User


class SignInCalls(ApiRequests):
    """See `ApiClient`."""

    def sign_in_options(self) -> SignInOptions:
        """How one can sign in here; needs no token."""
        return self._json("GET", "/v1/sign-in/options")

    def sign_up(self, username: str, password: str, invite: str | None = None) -> User:
        """Make a user; `invite` is a code, where signing up takes one. This does not sign in: call `log_in`."""
        body: dict[str, Any] = {"username": username, "password": password}
        return self._json("POST", "/v1/users", json=body | ({"invite": invite} if invite else {}))

    def log_in(self, username: str, password: str, client: str = "api") -> Session:
        """Sign in; every later call of this client is this user's. `client`: web, cli, add-on or api."""
        body = {"username": username, "password": password, "client": client}
        session: Session = self._json("POST", "/v1/sessions", json=body)
        self.token = session["token"]
        return session

    def log_out(self) -> None:
        """Revoke the session. The client has no token afterwards, whatever the API says."""
        try:
            self._send("DELETE", "/v1/sessions/current")
        finally:
            self.token = None

    def me(self) -> User:
        """The signed-in user."""
        return self._json("GET", "/v1/me")

    def reset_password(self, code: str, new_password: str) -> None:
        """Set a new password with the code of a reset link; needs no token."""
        self._send("POST", "/v1/password-resets", json={"code": code, "new_password": new_password})

    def claim_admin(self, code: str) -> User:
        """Become the first admin, with the code that the server has written to its log."""
        return self._json("POST", "/v1/admin/claim", json={"code": code})
