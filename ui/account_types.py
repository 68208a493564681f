"""The JSON about one's account that the API sends, as the clients see it. As in `ui.api_types`: no behaviour."""

from typing import Literal, TypedDict

TokenScope = Literal["read", "build", "admin"]


class DeviceGrant(TypedDict):
    """What a device shows (`user_code`, `verification_uri`), and what it keeps to itself (`device_code`)."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DeviceToken(TypedDict):
    """A session's token, for a device that was let in."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class WaitingDevice(TypedDict):
    """A device that asks to be let in. `device` is what it says of itself."""

    user_code: str
    client: str
    device: str
    address: str
    created_at: str
    expires_at: str


class ProviderIdentity(TypedDict):
    """Who one is at an OpenID provider."""

    id: str
    issuer: str
    subject: str
    created_at: str


class SignedInClient(TypedDict):
    """One session of one's own. `is_current`: the one that asks. `ends_at`: when it ends whatever its use."""

    id: str
    client: str
    device: str
    address: str
    created_at: str
    last_used_at: str
    expires_at: str
    ends_at: str | None
    is_current: bool


class ApiToken(TypedDict):
    """A token for scripts; `hint` is its last four characters. `expires_at` None: it holds until it is revoked."""

    id: str
    name: str
    hint: str
    scopes: list[TokenScope]
    created_at: str
    last_used_at: str | None
    expires_at: str | None


class NewApiToken(ApiToken):
    """One that has just been made: `token` is shown this once."""

    token: str


class Deletion(TypedDict):
    """How far the deletion of an account is: when `state` is `finished`, nothing is left. Names nobody."""

    report_id: str
    state: Literal["stopping", "deleting", "sweeping", "waiting", "finished"]
    requested_at: str
    finished_at: str | None
    rows: dict[str, int]
    bytes: dict[str, int]
    audit_entries_blanked: int
