"""Nobody sees, changes or can tell apart from nothing what is another's: every operation of the document."""

import pytest

from cloud.api.access import PUBLIC
from cloud.db.models import Base
from tests.api.every_route import Route, document_doors, routes
from tests.api.tenants.estate import OF_NOBODY, Settling
from tests.api.tenants.rows_of import RowsOf
from tests.api.tenants.walk import TenantWalk

SCOPES = {door.name: door.demand.scope for door in document_doors() if door.demand is not None}
WALKED = sorted((route for route in routes() if str(route) not in PUBLIC), key=str)
FOR_USERS = [route for route in WALKED if SCOPES[str(route)] != "admin"]


def test_a_user_has_a_row_in_every_table_that_can_have_any(settling: Settling, rows_of: RowsOf) -> None:
    ours = {table for table in Base.metadata.tables if table not in OF_NOBODY}

    assert {table for table, _ in rows_of(settling.settle())} == ours


@pytest.mark.parametrize("route", FOR_USERS, ids=str)
def test_another_user_finds_nothing(walk: TenantWalk, route: Route) -> None:
    assert walk.find_holes(route) == []


@pytest.mark.heavy
@pytest.mark.parametrize("route", FOR_USERS, ids=str)
def test_an_admin_finds_nothing_by_a_users_routes(admins_walk: TenantWalk, route: Route) -> None:
    assert admins_walk.find_holes(route) == []
