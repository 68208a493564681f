"""Accounts whose password hashes cost nothing, so that many tests and attempts do."""

from collections.abc import Callable

import pytest

from cloud.accounts.sign_in import AccountRules, Accounts
from cloud.db.engine import Database

AccountsMaker = Callable[[AccountRules], Accounts]


@pytest.fixture
def accounts_with(database: Database, monkeypatch: pytest.MonkeyPatch) -> AccountsMaker:
    """Makes accounts by these rules, on the test's database."""

    async def verify(password: str, kept_hash: str | None) -> bool:
        return kept_hash is not None and kept_hash == f"hash of {password}"

    async def hash_of(password: str) -> str:
        return f"hash of {password}"

    def make(rules: AccountRules) -> Accounts:
        made = Accounts(database.sessions, rules)
        monkeypatch.setattr(made.passwords, "verify", verify)
        monkeypatch.setattr(made.passwords, "hash", hash_of)
        return made

    return make


@pytest.fixture
def cheap_accounts(accounts_with: AccountsMaker) -> Accounts:
    """Accounts by the rules of one machine."""
    return accounts_with(AccountRules())
