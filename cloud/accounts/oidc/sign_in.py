"""Signing in with an OpenID provider: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 9700)."""

import logging
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cloud.accounts.audit.queries import add_entry
from cloud.accounts.oidc import flows, people, queries
from cloud.accounts.oidc.errors import (
    SIGN_IN_ERRORS,
    IdentityTaken,
    IdTokenWrong,
    ProviderSaidNo,
    ProviderUnreachable,
    SignInFailed,
    SignInGone,
)
from cloud.accounts.oidc.flows import Flow, Handover, Kept, Purpose, Ticket
from cloud.accounts.oidc.id_token import Person
from cloud.accounts.oidc.provider import Provider
from cloud.accounts.origin import Origin, network_of
from cloud.accounts.secrets import Safe
from cloud.accounts.sign_in import Accounts, SignUpMode, UsernameTaken
from cloud.accounts.standing.standing import refusal_of
from cloud.accounts.throttle.throttle import Limit, Throttle
from cloud.db.account_models import ExternalIdentity
from cloud.errors import Prompt2MeshError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

    from cloud.accounts.queries import Identity
    from cloud.db.models import Session, User

log = logging.getLogger(__name__)
_TRIES = 3
_TICKETS = Limit(20, 60, "attempts to connect an identity")
# In the place of a code: it finds nothing, and whoever redeems it is told that the sign-in is gone.
_NO_HANDOVER = "gone"


@dataclass(frozen=True)
class Begun:
    """Where the browser goes, and what it must keep as a cookie until it is back. `is_page`: `url` is of the web UI."""

    url: str
    browser: str
    is_page: bool = False


@dataclass(frozen=True)
class Answer:
    """What the provider has sent back with the browser (RFC 6749, section 4.1.2; `iss` is of RFC 9207)."""

    state: str = ""
    code: str = ""
    error: str = ""
    iss: str | None = None


class OidcSignIn:
    """The sign-in with one provider. Belongs to one event loop."""

    def __init__(
        self,
        provider: Provider,
        safe: Safe,
        mode: SignUpMode,
        accounts: Accounts,
        sessions: "async_sessionmaker[AsyncSession]",
        throttle: Throttle,
    ) -> None:
        """`mode`: who gets an account at the first sign-in."""
        self.provider = provider
        self._safe = safe
        self._mode: SignUpMode = mode
        self._sessions = sessions
        self._accounts = accounts
        self._throttle = throttle

    async def allow_connecting(self, identity: "Identity") -> str:
        """A ticket for `begin`; what comes of it can be connected with this account alone. Raises: LimitReached."""
        self._throttle.demand(f"oidc-ticket:{identity.user.id}", _TICKETS)
        async with self._sessions.begin() as session:
            return await flows.keep(session, self._safe, Ticket(user_id=identity.user.id), flows.TICKET_LASTS)

    async def begin(
        self, *, redirect_uri: str, ticket: str | None = None, to: str = "/", invite: str | None = None
    ) -> Begun:
        """Send a browser to the provider; it comes back to the page `to` of the web UI. With a ticket: to connect.

        If there is no provider to send it to, it goes back at once, with a code by whose redeeming it is told. Raises:
        SignInGone: the ticket has been used, or is too old.
        """
        user_id = (await self._take(Ticket, ticket)).user_id if ticket is not None else None
        browser, nonce, verifier = flows.new_secret(), flows.new_secret(), flows.new_secret()
        flow = Flow(
            browser_hash=flows.hash_of_browser(browser),
            user_id=user_id,
            issuer=self.provider.client.issuer,
            redirect_uri=redirect_uri,
            nonce=nonce,
            verifier=verifier,
            to=to,
            invite=invite,
        )
        async with self._sessions.begin() as session:
            state = await flows.keep(session, self._safe, flow, flows.FLOW_LASTS)
        try:
            url = await self.provider.authorization_url(
                redirect_uri=redirect_uri, state=state, nonce=nonce, verifier=verifier
            )
        except ProviderUnreachable as error:
            return Begun(await self._hand_over(flow, error, Origin()), browser, is_page=True)
        return Begun(url, browser)

    async def finish(self, answer: Answer, browser: str, origin: Origin) -> str:
        """Take the provider's answer. Returns: where in the web UI the browser goes, with a code to redeem.

        Whatever went wrong is told to who redeems the code. Raises: nothing but what the database raises.
        """
        try:
            flow = await self._take(Flow, answer.state, browser)
        except SignInGone:
            return page_of_gone("sign_in")
        try:
            outcome = await self._person(flow, answer)
        except SIGN_IN_ERRORS as error:
            outcome = error
        return await self._hand_over(flow, outcome, origin)

    async def _hand_over(self, flow: Flow, outcome: Person | Prompt2MeshError, origin: Origin) -> str:
        """Keep it for the web UI. Returns: the page with the code that finds it."""
        handover = Handover(browser_hash=flow.browser_hash, user_id=flow.user_id, invite=flow.invite)
        if isinstance(outcome, Person):
            found = {"issuer": outcome.issuer, "subject": outcome.subject, "name": outcome.name}
        else:
            why = outcome.why if isinstance(outcome, IdTokenWrong | ProviderUnreachable) else ""
            log.warning("a sign-in with the OpenID provider failed", extra={"code": outcome.code, "why": why})
            found = {"refusal": str(outcome), "refusal_code": outcome.code}
        purpose = _purpose(flow)
        async with self._sessions.begin() as session:
            if isinstance(outcome, SignInFailed):
                details = {"issuer": flow.issuer, "why": outcome.code}
                await add_entry(session, "session.failed", actor=None, origin=origin, details=details)
            kept = handover.model_copy(update=found)
            code = await flows.keep(session, self._safe, kept, flows.HANDOVER_LASTS[purpose])
        return _page(flow.to, purpose, code)

    async def open_session(
        self, code: str, browser: str, *, client: str, origin: Origin
    ) -> tuple[str, "Session", "User"]:
        """A fresh token with its session and user, who is new if the identity is.

        Raises: SignInGone. SignInFailed. AccountSuspended, AccountBeingDeleted. SignUpClosed, InviteNeeded,
        InviteWrong. LimitReached.
        """
        handover = await self._redeem(code, browser, None)
        person = Person(handover.issuer, handover.subject, handover.name)
        for _ in range(_TRIES):
            try:
                return await self._open_session(person, handover.invite, client, origin)
            except (IdentityTaken, UsernameTaken) as error:
                # The same person at the same moment, or somebody of the same name: look again.
                log.info("two first sign-ins at once", extra={"code": error.code})
        raise SignInGone

    async def connect(self, code: str, browser: str, identity: "Identity", origin: Origin) -> ExternalIdentity:
        """The signed-in user signs in with this identity too. Raises: SignInGone. SignInFailed. IdentityTaken."""
        handover = await self._redeem(code, browser, identity.user.id)
        person = Person(handover.issuer, handover.subject, handover.name)
        async with self._sessions.begin() as session:
            return await people.connect(session, identity.user, person, origin)

    async def _open_session(
        self, person: Person, invite: str | None, client: str, origin: Origin
    ) -> tuple[str, "Session", "User"]:
        async with self._sessions() as session:
            is_known = await queries.find_user_of(session, person.issuer, person.subject) is not None
        limit = self._accounts.rules.sign_ups_an_hour
        if not is_known and limit:
            key = f"sign-up:{network_of(origin.address)}"
            await self._throttle.demand_kept(key, Limit(limit, 3600, "sign-ups from your network"))
        async with self._sessions.begin() as session:
            user = await queries.find_user_of(session, person.issuer, person.subject)
            if user is None:
                user = await people.add_person(session, self._accounts, person, self._mode, invite, origin)
            if refusal := refusal_of(user):
                raise refusal
            token, added = await self._accounts.open_session(session, user, client=client, origin=origin)
            return token, added, user

    async def _person(self, flow: Flow, answer: Answer) -> Person:
        """Raises: ProviderSaidNo, ProviderUnreachable, IdTokenWrong, SignInFailed."""
        issuer, name = self.provider.client.issuer, self.provider.name
        if flow.issuer != issuer or (answer.iss is not None and answer.iss != issuer):
            raise IdTokenWrong(name, "the answer is of another issuer")
        if answer.iss is None and await self.provider.demands_iss():
            raise IdTokenWrong(name, "the answer does not name its issuer")
        if answer.error or not answer.code:
            raise ProviderSaidNo(name, answer.error or "no code")
        return await self.provider.person_of(
            answer.code, redirect_uri=flow.redirect_uri, nonce=flow.nonce, verifier=flow.verifier
        )

    async def _redeem(self, code: str, browser: str, user_id: uuid.UUID | None) -> Handover:
        """What was begun for this account; None: to sign in."""
        handover = await self._take(Handover, code, browser)
        if handover.user_id != user_id:
            raise SignInGone
        if handover.refusal:
            raise SignInFailed(handover.refusal, handover.refusal_code)
        return handover

    async def _take(self, kind: type[Kept], secret: str, browser: str = "") -> Kept:
        gone = None
        async with self._sessions.begin() as session:
            try:
                return await flows.take(session, self._safe, kind, secret, browser)
            except SignInGone as error:
                gone = error  # committed all the same: another browser has no second try
        raise gone


def _purpose(flow: Flow) -> Purpose:
    return "sign_in" if flow.user_id is None else "connect"


def page_of_gone(purpose: Purpose) -> str:
    """The page of the web UI that tells that what was begun is gone."""
    return _page("/" if purpose == "sign_in" else "/account", purpose, _NO_HANDOVER)


def _page(to: str, purpose: Purpose, code: str) -> str:
    name = "oidc" if purpose == "sign_in" else "connect"
    return f"{to}{'&' if '?' in to else '?'}{urlencode({name: code})}"
