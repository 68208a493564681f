"""What the sign-in with an OpenID provider is started with, and the addresses at which browsers find it."""

import logging
from urllib.parse import urlsplit

from fastapi import Request

from cloud.accounts.oidc.addresses import CALLBACK, is_loopback, is_trusted
from cloud.accounts.oidc.errors import OidcOff
from cloud.accounts.oidc.provider import Client, Provider
from cloud.accounts.oidc.sign_in import OidcSignIn
from cloud.accounts.secrets import Safe
from cloud.accounts.sign_in import Accounts
from cloud.accounts.throttle.throttle import Throttle
from cloud.api.account_shapes import OidcOptions
from cloud.api.dependencies import Services
from cloud.db.engine import Database
from cloud.errors import InvalidInput
from cloud.settings import Settings

log = logging.getLogger(__name__)
_PARTS = ("P2M_OIDC_ISSUER", "P2M_OIDC_CLIENT_ID", "P2M_OIDC_CLIENT_SECRET")


def oidc_client_of(settings: Settings) -> Client | None:
    """What the provider knows us by; None: none is set. Raises: InvalidInput: it is set by halves, or wrongly."""
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else ""
    issuer, client_id = settings.oidc_issuer.strip(), settings.oidc_client_id.strip()
    missing = [name for name, value in zip(_PARTS, (issuer, client_id, secret), strict=True) if not value]
    if len(missing) == len(_PARTS):
        return None
    if missing:
        raise InvalidInput(
            f"Signing in with an OpenID provider needs {', '.join(_PARTS)}, and {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not set; set all three, or none."
        )
    parts = urlsplit(issuer)
    if not is_trusted(issuer) or parts.query or parts.fragment:
        raise InvalidInput(
            "P2M_OIDC_ISSUER must be an https address without ? and #, such as https://accounts.google.com "
            "(http only on this machine)."
        )
    redirect = settings.oidc_redirect_url.strip()
    if redirect and not (is_trusted(redirect) and redirect.endswith(CALLBACK)):
        raise InvalidInput(f"P2M_OIDC_REDIRECT_URL must be an https address that ends with {CALLBACK}.")
    if settings.secret_keys is None:
        raise InvalidInput("Signing in with an OpenID provider needs P2M_SECRET_KEYS, to seal what is under way.")
    return Client(issuer, client_id, secret, settings.oidc_name.strip() or parts.hostname or issuer)


def oidc_sign_in(
    settings: Settings, safe: Safe | None, accounts: Accounts, database: Database, throttle: Throttle
) -> OidcSignIn | None:
    """The sign-in with the provider that is set; None: none is."""
    client = oidc_client_of(settings)
    if client is None or safe is None:
        return None
    if not settings.public_url:
        log.warning("P2M_PUBLIC_URL is not set: nobody can sign in with the OpenID provider, as no page is known")
    return OidcSignIn(
        Provider(client), safe, settings.oidc_sign_up or settings.sign_up, accounts, database.sessions, throttle
    )


def redirect_uri_of(request: Request, services: Services) -> str:
    """The callback's address as browsers and the provider know it. Raises: OidcOff: it cannot be known.

    The request's own address is believed on this machine alone: elsewhere it is what the caller says it is.
    """
    settings = services.settings
    if settings.oidc_redirect_url:
        return settings.oidc_redirect_url.strip()
    if settings.public_url and not is_loopback(settings.public_url):
        return settings.public_url + CALLBACK
    own = str(request.base_url).rstrip("/")
    if not (settings.public_url and is_loopback(own)):
        raise OidcOff
    return own + CALLBACK


def cookie_of(redirect_uri: str) -> str:
    """The name of the cookie that binds a sign-in to its browser: over https no other host can set one of that name."""
    return "__Host-p2m_oidc" if redirect_uri.startswith("https:") else "p2m_oidc"


def oidc_options(request: Request, services: Services) -> OidcOptions | None:
    """What the sign-in page needs to know of the provider; None: there is none."""
    try:
        redirect_uri = redirect_uri_of(request, services)
        name = demand_oidc(services).provider.name
    except OidcOff:
        return None
    return OidcOptions(name=name, url=login_url(redirect_uri), cookie=cookie_of(redirect_uri))


def login_url(redirect_uri: str) -> str:
    """Where a browser begins that comes back there."""
    return f"{redirect_uri.removesuffix('/callback')}/login"


def demand_oidc(services: Services) -> OidcSignIn:
    """Raises: OidcOff."""
    if services.oidc is None:
        raise OidcOff
    return services.oidc
