"""The calls of `ApiClient` about signing in with an OpenID provider."""

from typing import cast

from ui.account_types import ProviderIdentity
from ui.api_requests import ApiRequests, path_of
from ui.api_types import Session


class OidcCalls(ApiRequests):
    """See `ApiClient`. A `code` is of our page's address, `browser` the cookie of the browser that shows it."""

    def open_oidc_session(self, code: str, browser: str) -> Session:
        """Sign in with what the provider has said. Raises: ApiError 403: it has said no, or the code is gone; why."""
        body = {"code": code, "browser": browser, "client": "web"}
        session: Session = self._json("POST", "/v1/oidc/sessions", json=body)
        self.token = session["token"]
        return session

    def identities(self) -> list[ProviderIdentity]:
        """What one can sign in with, but for the password."""
        return list(self._pages("/v1/account/identities"))

    def begin_to_connect(self) -> str:
        """Where one's browser goes to connect an identity; once, within ten minutes."""
        return cast(str, self._json("POST", "/v1/account/identity-tickets")["url"])

    def connect_identity(self, code: str, browser: str) -> ProviderIdentity:
        """Sign in with this identity too from now on. Raises: ApiError 403, 409: it cannot be, and why."""
        return self._json("POST", "/v1/account/identities", json={"code": code, "browser": browser})

    def disconnect_identity(self, identity_id: str) -> None:
        """Sign in with it no more. Raises: ApiError 409: there is no other way into the account."""
        self._send("DELETE", path_of("account", "identities", identity_id))
