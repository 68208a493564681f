"""Whether an id token can be believed (OpenID Connect Core 1.0, section 3.1.3.7), and whom it names."""

from dataclasses import dataclass
from typing import Protocol

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from cloud.accounts.oidc.errors import IdTokenWrong

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by the provider's private key alone: with `none` anybody could sign, with HS256 whoever knows the key."""
LEEWAY_S = 60
# What we know nothing of in a header is passed over, as RFC 7515 demands; some providers put certificates there.
_REGISTRY = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
_REGISTRY.max_header_length = 16_384
_SUBJECT_CHARS = 255


@dataclass(frozen=True)
class Person:
    """Who has signed in at the provider: `subject` is theirs for good there. `name` is what they may be called."""

    issuer: str
    subject: str
    name: str = ""


class ClientOf(Protocol):
    """What must stand in the token."""

    @property
    def issuer(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def name(self) -> str: ...


class KeyUnknown(IdTokenWrong):
    """It is signed with none of these keys."""


def read_id_token(id_token: str, keys: KeySet, client: ClientOf, nonce: str, access_token: str | None = None) -> Person:
    """Whom the token names, which came from the token endpoint with this access token.

    Raises: KeyUnknown. IdTokenWrong: it is another's, for another, of another sign-in, too old, or malformed.
    """
    try:
        token = jwt.decode(id_token, keys, registry=_REGISTRY)
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": client.issuer},
                "aud": {"essential": True, "value": client.client_id},
                "sub": {"essential": True},
            },
            params={"nonce": nonce, "client_id": client.client_id, "access_token": access_token},
        )
        claims.validate(leeway=LEEWAY_S)
    except (InvalidKeyIdError, BadSignatureError) as error:
        raise KeyUnknown(client.name, type(error).__name__) from None
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise IdTokenWrong(client.name, f"{type(error).__name__} {getattr(error, 'claim', '')}".strip()) from None
    subject = claims["sub"]
    if len(subject) > _SUBJECT_CHARS or not subject.isprintable():
        raise IdTokenWrong(client.name, "the subject is too long, or not text")
    return Person(client.issuer, subject, _name_in(claims))


def _name_in(claims: CodeIDToken) -> str:
    """What the person may be called: never used to find an account."""
    for claim in ("preferred_username", "email", "nickname", "name", "given_name"):
        said = claims.get(claim)
        if isinstance(said, str) and (name := said.partition("@")[0].strip()):
            return name[:200]
    return ""
