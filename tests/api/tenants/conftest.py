"""The walks as two kinds of strangers, and what they need."""

from collections.abc import Iterator

import pytest

from tests.api.tenants.estate import Settling
from tests.api.tenants.rows_of import RowsOf
from tests.api.tenants.walk import TenantWalk
from tests.conftest import RunningApi


@pytest.fixture(scope="module")
def settling(database_url: str) -> Iterator[Settling]:
    made = Settling(database_url)
    yield made
    made.close()


@pytest.fixture(scope="module")
def rows_of(database_url: str) -> Iterator[RowsOf]:
    rows = RowsOf(database_url)
    yield rows
    rows.close()


@pytest.fixture(scope="module")
def walk(api: RunningApi, settling: Settling, rows_of: RowsOf) -> Iterator[TenantWalk]:
    """As another user."""
    walking = TenantWalk(api.url, settling, rows_of)
    yield walking
    walking.close()


@pytest.fixture(scope="module")
def admins_walk(api: RunningApi, settling: Settling, rows_of: RowsOf) -> Iterator[TenantWalk]:
    """As an admin, who sees no more of others by a user's routes than anybody else."""
    walking = TenantWalk(api.url, settling, rows_of, as_admin=True)
    yield walking
    walking.close()
