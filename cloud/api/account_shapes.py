"""The JSON of users, sessions, passwords and one-time links."""

import datetime as dt
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool

from cloud.accounts.links.links import MadeLink
from cloud.accounts.password_rules import LEAST_CHARS, MOST_CHARS
from cloud.api.schemas import Body
from cloud.db.account_models import OneTimeLink
from cloud.db.models import Session, User

Client = Literal["web", "cli", "add-on", "api"]
Username = Annotated[str, Field(min_length=1, max_length=64, examples=["ada"])]
NewPassword = Annotated[
    str,
    Field(
        min_length=LEAST_CHARS,
        max_length=MOST_CHARS,
        examples=["correct horse battery staple"],
        description="Any characters, spaces too; refused if it is short, common, or made of the username.",
    ),
]
KnownPassword = Annotated[str, Field(min_length=1, max_length=MOST_CHARS, examples=["correct horse battery staple"])]
Code = Annotated[str, Field(min_length=1, max_length=100, examples=["p2m_lnk_…"])]


class SignUpIn(Body):
    username: Username
    password: NewPassword
    invite: Code | None = Field(default=None, description="The code of an invite, where signing up takes one.")


class LogInIn(Body):
    username: Username
    password: KnownPassword
    client: Client = Field(default="api", description="Which of our programs this is, for the list of sessions.")
    cookie: StrictBool = Field(
        default=False,
        description="For web pages: the token goes into a cookie that scripts cannot read, not into the answer.",
    )


class PasswordIn(Body):
    old_password: KnownPassword
    new_password: NewPassword


class PasswordResetIn(Body):
    code: Code
    new_password: NewPassword


class ClaimIn(Body):
    code: Code


class OidcOptions(BaseModel):
    """The provider whose people may sign in."""

    name: str = Field(description="What people call it.", examples=["Google"])
    url: str = Field(description="Where a browser goes to sign in; add `to` and `invite` as you need them.")
    cookie: str = Field(description="The cookie whose value goes into `browser` when the code is redeemed.")


class SignInOptions(BaseModel):
    """What a page needs to know that lets people sign in."""

    sign_up: Literal["open", "invite", "closed"] = Field(description="Who can sign up.")
    password_least_chars: int
    password_most_chars: int
    oidc: OidcOptions | None = Field(description="Null: no OpenID provider is set up.")


class UserOut(BaseModel):
    id: UUID
    username: str
    is_admin: bool
    has_password: bool = Field(description="False: signs in with an OpenID provider alone.")
    created_at: dt.datetime

    @classmethod
    def of(cls, user: User) -> Self:
        """What is shown of a user."""
        return cls(
            id=user.id,
            username=user.username,
            is_admin=user.is_admin,
            has_password=user.password_hash is not None,
            created_at=user.created_at,
        )


class SessionOut(BaseModel):
    id: UUID
    token: str | None = Field(
        description="Send as `Authorization: Bearer …`. Shown once; null: the cookie has it.", examples=["p2m_ses_…"]
    )
    csrf_token: str | None = Field(
        default=None,
        description="With a cookie: send as `X-CSRF-Token` with each call that changes something. The cookie "
        "`p2m_csrf` (over https `__Host-p2m_csrf`) has it too, for scripts to read.",
    )
    expires_at: dt.datetime = Field(description="Moves on with each use, up to `ends_at`.")
    ends_at: dt.datetime | None
    user: UserOut


class SessionRow(BaseModel):
    """A session as its user sees it. `address` is the last one that it came from."""

    id: UUID
    client: str
    device: str
    address: str
    created_at: dt.datetime
    last_used_at: dt.datetime = Field(description="To the minute.")
    expires_at: dt.datetime
    ends_at: dt.datetime | None
    is_current: bool = Field(description="Whether this request was made with it.")

    @classmethod
    def of(cls, row: Session, current: UUID | None) -> Self:
        """What is shown of a session."""
        shown = {name: getattr(row, name) for name in cls.model_fields if name != "is_current"}
        return cls(**shown, is_current=row.id == current)


class InviteIn(Body):
    note: str = Field(default="", max_length=200, description="For whom it is; shown in the list of invites.")
    valid_days: float = Field(default=7, gt=0, le=365, allow_inf_nan=False)


class LinkOut(BaseModel):
    """A one-time link as the list shows it: its code is gone."""

    id: UUID
    note: str
    created_at: dt.datetime
    expires_at: dt.datetime

    @classmethod
    def of(cls, row: OneTimeLink) -> Self:
        """What is shown of a link."""
        return cls(id=row.id, note=row.note, created_at=row.created_at, expires_at=row.expires_at)


class MadeLinkOut(LinkOut):
    """A one-time link that has just been made."""

    code: str = Field(description="Shown once.", examples=["p2m_lnk_…"])
    url: str = Field(description='Where the web UI takes the code; "" where the server knows no address of it.')

    @classmethod
    def made(cls, link: MadeLink, public_url: str) -> Self:
        """What is shown of a link, this once with its code."""
        return cls(**LinkOut.of(link.row).model_dump(), code=link.code, url=link.url(public_url))
