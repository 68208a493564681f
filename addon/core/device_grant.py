"""A device sign-in that waits for its answer."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class DeviceGrant:
    """A code to show (`user_code`), and one that nobody sees (`device_code`)."""

    device_code: str = field(repr=False)
    user_code: str
    page: str
    page_with_code: str
    lasts_s: float
    interval_s: float
