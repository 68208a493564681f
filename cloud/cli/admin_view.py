"""What `prompt2mesh admin` prints, and the bars of quotas."""

from collections.abc import Sequence

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cloud.cli.display import plain
from ui.money import money
from ui.quota_types import AdminJob, AdminUser, AdminUserDetail, Deployment, OwnLimits, Quota
from ui.quota_words import amount_of, label_of, renewal_of, share_of
from ui.wording import binary_size, count

_BAR_WIDTH = 24
_LIMIT_NAMES = {"day_jobs": "--day-jobs", "month_usd": "--month-usd", "month_tokens": "--month-tokens"} | {
    "storage_mib": "--storage-mib"
}


def show_quotas(console: Console, quotas: Sequence[Quota]) -> None:
    """One line with a bar for each."""
    table = _table("quota", "used", "", "")
    for quota in quotas:
        share = share_of(quota)
        bar = Text("") if share is None else ProgressBar(total=1.0, completed=share, width=_BAR_WIDTH)
        table.add_row(plain(label_of(quota)), amount_of(quota), bar, renewal_of(quota))
    console.print(table)


_NEVER_BROKEN = ("since", "state", "storage")


def show_users(console: Console, users: Sequence[AdminUser]) -> None:
    """One line for each account."""
    if not users:
        console.print("There are no such users.")
        return
    table = _table("name", "since", "state", "running", "queued", "24 h", "month", "tokens", "storage")
    for user in users:
        table.add_row(
            plain(user["username"]),
            user["created_at"][:10],
            _state(user),
            str(user["running_jobs"]),
            str(user["queued_jobs"]),
            str(user["day_jobs"]),
            money(user["month_usd"]),
            f"{user['month_tokens']:,}",
            binary_size(user["storage_bytes"]),
        )
    console.print(table)


def show_user(console: Console, user: AdminUserDetail) -> None:
    """All about one account."""
    console.print(Text.assemble((plain(user["username"]).plain, "bold"), f"  {user['id']}"), soft_wrap=True)
    console.print(f"{_state(user)}, since {user['created_at'][:10]}")
    if user["suspended_at"]:
        why = f": {plain(user['suspended_for']).plain}" if user["suspended_for"] else ""
        console.print(Text(f"suspended since {_time(user['suspended_at'])}{why}", style="yellow"), soft_wrap=True)
    has = (
        count(user["projects"], "project"),
        count(user["sessions"], "session"),
        count(user["api_tokens"], "API token"),
        f"{user['running_jobs']} running and {user['queued_jobs']} queued jobs",
    )
    console.print(", ".join(has))
    show_quotas(console, user["quotas"])
    if own := _own(user["own_limits"]):
        console.print(f"Set by an admin: {own}.", markup=False)


def show_jobs(console: Console, jobs: Sequence[AdminJob]) -> None:
    """One line for each job."""
    if not jobs:
        console.print("Nothing is at work.")
        return
    table = _table("id", "user", "kind", "state", "sent", "started", "attempt")
    for job in jobs:
        times = (_time(job["created_at"]), _time(job["started_at"]))
        table.add_row(job["id"], plain(job["username"]), job["kind"], job["state"], *times, str(job["attempt"]))
    console.print(table)


def show_deployment(console: Console, whole: Deployment) -> None:
    """All users together."""
    suspended = whole["suspended_users"]
    console.print(
        f"{count(whole['users'], 'user')}, {count(whole['admins'], 'admin')} among them, {suspended} suspended"
    )
    console.print(f"{whole['running_jobs']} running and {whole['queued_jobs']} queued jobs")
    show_quotas(console, whole["quotas"])


def _state(user: AdminUser) -> str:
    if user["deletion_requested_at"]:
        return "being deleted"
    if user["suspended_at"]:
        return "suspended"
    return "admin" if user["is_admin"] else "active"


def _own(limits: OwnLimits) -> str:
    said = [f"{option} {limits[name]}" for name, option in _LIMIT_NAMES.items() if limits[name] is not None]
    return ", ".join(said)


def _time(moment: str | None) -> str:
    return moment[:16].replace("T", " ") if moment else ""


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, overflow="fold", no_wrap=head in _NEVER_BROKEN)
    return table
