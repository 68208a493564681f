"""The OpenAPI document against the running API, by requests that schemathesis makes up: both say the same."""

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from cloud.api.app import create_app
from cloud.settings import Settings
from tests.api.every_route import routes
from tests.conftest import RunningApi

DOCUMENT = schemathesis.openapi.from_dict(create_app(Settings(database_url="postgresql://nowhere/none")).openapi())
FOUND = list(DOCUMENT.get_all_operations())
OPERATIONS = {found.ok().label: found.ok() for found in FOUND if isinstance(found, Ok)}
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


STREAMS = {route.path for route in routes() if route.streams}


def test_the_document_can_be_read() -> None:
    assert [found.err() for found in FOUND if not isinstance(found, Ok)] == []


@pytest.mark.heavy
@pytest.mark.parametrize("label", OPERATIONS)  # schemathesis gives all tests one id, and pytest-xdist runs one of them
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
    derandomize=True,
)
@given(data=strategies.data())
def test_the_api_does_what_its_document_says(
    data: strategies.DataObject, label: str, api: RunningApi, ada: httpx2.Client, project: str, png: bytes
) -> None:
    """With ids that exist, but for streams, which would not end."""
    case = data.draw(OPERATIONS[label].as_strategy())
    if (case.method, case.path) == ("DELETE", "/v1/sessions/current"):
        return  # those that follow need the session
    if case.path not in STREAMS:
        image = ada.post(f"/v1/projects/{project}/images", content=png).json().get("id", "")
        known = {"project_id": project, "artifact_id": image}
        case.path_parameters = {name: known.get(name) or value for name, value in case.path_parameters.items()}
    answer = case.call(base_url=api.url, headers={"Authorization": ada.headers["Authorization"]}, timeout=30)
    case.validate_response(answer, checks=CHECKS)
