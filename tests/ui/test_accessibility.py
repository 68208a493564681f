"""Every page in a real browser, in both themes, under axe-core: no serious or critical finding. A page is a line."""

from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.ui.fake_account import quota, signed_in_client, waiting_device
from tests.ui.fake_admin import account, sums
from tests.ui.fake_answers import now
from tests.ui.fake_api import FakeApi
from tests.ui.fake_batches import batch_of
from tests.ui.served_ui import served_ui

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.heavy]

CHAIR = "5f0f2c1e-6d5b-4a53-9d0e-2a1f1a6a2c11"
STRANGERS = {
    "sign-in": "/",
    "new account": "/?invite=the-code",
    "new password": "/?reset=the-code",
}
"""Pages before the sign-in: a name, and the address. `name -> tab`: a tab or a part of a page is clicked first."""
PAGES = {
    "studio": "/",
    "studio of a project": f"/?project={CHAIR}",
    "projects": "/projects",
    "batch": "/batch",
    "batch that builds": "/batch?batch=b1",
    "account": "/account",
    "account, devices": "/account -> Devices and tokens",
    "account, usage": "/account -> Usage",
    "account, data": "/account -> Your data",
    "connect": "/connect",
    "admin": "/admin",
    "admin, users": "/admin -> Users",
    "admin, invites": "/admin -> Invites",
    "admin, jobs": "/admin -> Jobs",
    "admin, cost": "/admin -> Cost",
    "admin, audit": "/admin -> Audit log",
    "device": "/device",
    "device that asks": "/device?code=ABCD-EFGH",
}
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What Streamlit itself draws wrongly, and we can not change: the rule, and the part of the page.
KNOWN: dict[str, str] = {}
Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, FakeApi, str]]:
    """The address, the API, and the token of ada, an admin who has a bit of everything."""
    with served_ui(tmp_path_factory.mktemp("ui") / "ui.log") as (url, api):
        token = api.add_user("ada")
        furnish(api)
        yield url, api, token


def furnish(api: FakeApi) -> None:
    """Something on every page."""
    api.admins.add("ada")
    api.codes["the-code"] = ""
    api.finish(api.add_project("A red chair", CHAIR), "a red wooden chair")
    api.batches["b1"] = {**batch_of(["a chair", "a table"], "Furniture"), "id": "b1"}
    api.model_keys.append("sk-ant-somebodys-key-wxyz")
    api.account.other_sessions.append(signed_in_client("cli", "Linux, host lab"))
    api.account.quotas = [quota("day_jobs", 20, 3), quota("month_usd", None, 0.25)]
    api.account.devices["ABCD-EFGH"] = waiting_device("ABCD-EFGH")
    api.admin.users.append(account("bob"))
    api.admin.usage = [sums(now()[:10])]
    claim = {"job_id": "1", "user_id": "2", "username": "bob", "kind": "build", "attempt": 1, "started_at": now()}
    api.admin.claims.append({**claim, "silent_s": 1.0, "is_held": True})
    entry = {"id": 1, "at": now(), "action": "token.created", "actor_id": None, "actor_name": "ada", "details": {}}
    api.admin.entries.append({**entry, "subject": "token:1", "address": "203.0.113.7", "device": "Firefox on Linux"})


def settled(
    browser: "Browser", url: str, token: str, where: str, width_px: int = 1280, scheme: Scheme = "light"
) -> "Page":
    """The page, drawn to its end, of whoever has the token; "": of a stranger."""
    address, _, tab = where.partition(" -> ")
    context = browser.new_context(
        viewport={"width": width_px, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    if token:
        context.add_cookies([{"name": "p2m_web", "value": token, "url": url}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(url + address)
    wait_until_drawn(page)
    if tab:
        page.get_by_text(tab, exact=True).first.click()
        wait_until_drawn(page)
    return page


def wait_until_drawn(page: "Page") -> None:
    page.wait_for_selector("[data-testid=stMainBlockContainer] [data-testid=stElementContainer]", state="attached")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_timeout(1000)  # components and charts are drawn after the page's script has ended


def findings(page: "Page") -> list[str]:
    """What axe-core holds against the page: the rule, what it is about, and where."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("tags => axe.run({ runOnly: tags, resultTypes: ['violations'] })", TAGS)
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {node['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
        if KNOWN.get(one["id"], "\0") not in node["html"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", STRANGERS)
def test_nothing_stands_in_a_strangers_way(
    browser: "Browser", ui: tuple[str, FakeApi, str], name: str, scheme: Scheme
) -> None:
    page = settled(browser, ui[0], "", STRANGERS[name], scheme=scheme)
    found = findings(page)
    page.context.close()
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_stands_in_anybodys_way(
    browser: "Browser", ui: tuple[str, FakeApi, str], name: str, scheme: Scheme
) -> None:
    page = settled(browser, ui[0], ui[2], PAGES[name], scheme=scheme)
    found = findings(page)
    page.context.close()
    assert found == []


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_the_page_without_scrolling_sideways(
    browser: "Browser", ui: tuple[str, FakeApi, str], name: str
) -> None:
    page = settled(browser, ui[0], ui[2], PAGES[name], 375)
    wide = page.evaluate(
        """() => {
            const main = document.querySelector("[data-testid=stMain]") || document.documentElement;
            return [main, document.documentElement].map((each) => each.scrollWidth - each.clientWidth);
        }"""
    )
    page.context.close()
    assert max(wide) <= 0
