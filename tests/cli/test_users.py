"""`prompt2mesh users`: accounts without signing in, by who has the database."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cloud.accounts.links import links
from cloud.accounts.sign_in import AccountRules, Accounts
from cloud.cli.commands import app
from cloud.db.engine import Database

PASSWORD = "correct horse battery"


@pytest.fixture
def operate(database_url: str, tmp_path: Path) -> Any:
    def run(*arguments: str, stdin: str = "") -> Result:
        environment = {"DATABASE_URL": database_url, "P2M_DATA_DIR": str(tmp_path), "P2M_PUBLIC_URL": "https://x.org"}
        return CliRunner().invoke(app, ["users", *arguments], input=stdin, env=environment)

    return run


def test_operator_makes_users_admins_and_links(operate: Any, database_url: str) -> None:
    def json_of(*arguments: str, stdin: str = "") -> Any:
        done = operate(*arguments, "--json", stdin=stdin)
        assert done.exit_code == 0, done.output
        assert PASSWORD not in done.output
        return json.loads(done.stdout)

    assert json_of("add", "ada", stdin=f"{PASSWORD}\n")["is_admin"] is False
    assert json_of("make-admin", "ADA")["username"] == "ada"
    assert [(user["username"], user["is_admin"]) for user in json_of("list")] == [("ada", True)]
    invite, reset = json_of("invite", "--days", "2", "--note", "for Grace"), json_of("reset-link", "ada")

    async def check() -> None:
        database = Database.connect(database_url, pool_size=2)
        async with database.sessions() as session:
            assert (await links.check(session, invite["code"], "invite")).note == "for Grace"
            assert (await links.check(session, reset["code"], "reset")).user_id
        _, _, user = await Accounts(database.sessions, AccountRules()).log_in("ada", PASSWORD)
        assert user.is_admin
        await database.aclose()

    assert invite["url"] == f"https://x.org/?invite={invite['code']}"
    asyncio.run(check())


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (("make-admin", "nobody"), "", "no user named 'nobody'"),
        (("reset-link", "nobody"), "", "no user named 'nobody'"),
        (("add", "weak"), "password1\n", "guessed first"),
        (("add", "a\u200bb"), f"{PASSWORD}\n", "username"),
    ],
    ids=["make-admin", "reset-link", "weak", "name"],
)
def test_what_cannot_be_done_is_one_sentence(operate: Any, arguments: tuple[str, ...], stdin: str, words: str) -> None:
    done = operate(*arguments, stdin=stdin)

    assert done.exit_code in {1, 2}
    assert words in " ".join(done.output.split())
    assert "Traceback" not in done.output
