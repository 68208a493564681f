"""Who one is: sign-up, and what the sign-in page needs to know."""

from fastapi import APIRouter, Request

from cloud.accounts.password_rules import MOST_CHARS
from cloud.api.account_shapes import SignInOptions, SignUpIn, UserOut
from cloud.api.dependencies import IdentityDep, OriginDep, ServicesDep
from cloud.api.oidc_setup import oidc_options
from cloud.api.problems import documented

public = APIRouter(tags=["accounts"])
router = APIRouter(tags=["accounts"])


@public.get("/sign-in/options", summary="How one can sign in here")
async def get_sign_in_options(request: Request, services: ServicesDep) -> SignInOptions:
    """Who can sign up, how long a password is, and which OpenID provider there is."""
    rules = services.accounts.rules
    return SignInOptions(
        sign_up=rules.sign_up,
        password_least_chars=rules.password_least_chars,
        password_most_chars=MOST_CHARS,
        oidc=oidc_options(request, services),
    )


@public.post("/users", status_code=201, summary="Sign up", responses=documented(403, 409, 422, 429))
async def sign_up(body: SignUpIn, services: ServicesDep, origin: OriginDep) -> UserOut:
    """Make a user. Names are unique without regard to case. Log in afterwards to get a token.

    Where the server takes invites alone, or nobody, the answer is 403.
    """
    user = await services.accounts.sign_up(body.username, body.password, invite=body.invite, origin=origin)
    return UserOut.of(user)


@router.get("/me", summary="Who am I")
async def get_me(identity: IdentityDep) -> UserOut:
    """The signed-in user."""
    return UserOut.of(identity.user)
