"""The JSON of sign-ins with an OpenID provider."""

import datetime as dt
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from cloud.api.account_shapes import Client
from cloud.api.schemas import Body
from cloud.db.account_models import ExternalIdentity

_Secret = Annotated[str, Field(min_length=1, max_length=100)]
RETURN_PATTERN = r"^/(?:[A-Za-z0-9_-]+(?:\?[A-Za-z0-9_.~%=&-]*)?|\?[A-Za-z0-9_.~%=&-]*)?$"
"""A page of the web UI: no address of anywhere else fits."""


class RedeemIn(Body):
    """What the web UI was given: the code in its address, and the cookie of the browser that it speaks for."""

    code: _Secret
    browser: _Secret


class OidcSessionIn(RedeemIn):
    client: Client = Field(default="web", description="Which of our programs this is, for the list of sessions.")


class TicketOut(BaseModel):
    """Where a browser goes to connect an identity."""

    url: str


class IdentityOut(BaseModel):
    """An identity at a provider that one can sign in with."""

    id: UUID
    issuer: str
    subject: str = Field(description="Who one is there.")
    created_at: dt.datetime

    @classmethod
    def of(cls, row: ExternalIdentity) -> Self:
        """What is shown of an identity."""
        return cls(id=row.id, issuer=row.issuer, subject=row.subject, created_at=row.created_at)
