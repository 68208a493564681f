"""Why a sign-in with an OpenID provider ends without one. Their sentences hold nothing that the provider wrote."""

from cloud.errors import Conflict, Forbidden, NotFound, Prompt2MeshError, Unavailable


class OidcOff(NotFound):
    """No provider is set."""

    code = "oidc_off"

    def __init__(self) -> None:
        Exception.__init__(self, "Signing in with an OpenID provider is not set up on this server.")


class SignInGone(Forbidden):
    """A state or a code that opens nothing (any more), or is of another browser."""

    code = "oidc_sign_in_gone"

    def __init__(self) -> None:
        super().__init__(
            "This sign-in took too long, has been used already, or began in another browser; begin it again."
        )


class SignInFailed(Forbidden):
    """The provider said no, or what it said cannot be believed. `code` is the error's that it was."""

    code = "oidc_sign_in_failed"

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        if code:
            self.code = code


class ProviderSaidNo(SignInFailed):
    """The provider answered with an OAuth error; only its code is shown, and only if it looks like one."""

    code = "oidc_provider_said_no"

    def __init__(self, provider: str, error: str) -> None:
        is_code = len(error) <= 40 and error.isascii() and error.replace("_", "").isalpha()
        what = "the sign-in was cancelled" if error == "access_denied" else "it refused the sign-in"
        note = f" ({error})" if is_code and error != "access_denied" else ""
        super().__init__(f"At {provider} {what}{note}; begin it again.")


class IdTokenWrong(SignInFailed):
    """What the provider says of the person cannot be believed. `why` is for the log."""

    code = "oidc_id_token_wrong"

    def __init__(self, provider: str, why: str) -> None:
        super().__init__(f"What {provider} answered cannot be trusted, so nobody was signed in; begin it again.")
        self.why = why


class ProviderUnreachable(Unavailable):
    """The provider does not answer, or not as one does. `why` is for the log."""

    code = "oidc_provider_unreachable"

    def __init__(self, provider: str, why: str) -> None:
        super().__init__(f"{provider} does not answer as an OpenID provider should; try again in a moment.")
        self.why = why


class IdentityTaken(Conflict):
    """Another account signs in with this identity."""

    code = "identity_taken"

    def __init__(self) -> None:
        super().__init__("Another account here is connected with this identity; disconnect it there first.")


class LastWayIn(Conflict):
    """Nobody could sign in to the account afterwards."""

    code = "last_way_in"

    def __init__(self) -> None:
        super().__init__(
            "This is the only way to sign in to this account; connect another identity first, or ask an admin for a "
            "link that sets a password."
        )


SIGN_IN_ERRORS: tuple[type[Prompt2MeshError], ...] = (SignInFailed, ProviderUnreachable)
"""What ends a sign-in at the provider, to be told to the person who is back in the browser."""
