"""The pod takes the backend's ids for its log where they have their shape, and nothing else."""

import pytest
from starlette.datastructures import Headers

from cloud.blender.ids import ids_in

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_ids_of_the_backend_are_taken() -> None:
    job = "6c6b2f0e-6f5c-4b0e-9f7d-2f1c5a0d9e11"
    found = ids_in(Headers({"traceparent": f"00-{TRACE}-{SPAN}-01", "X-Job-Id": job}))
    assert found == {"trace_id": TRACE, "span_id": SPAN, "job_id": job}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("traceparent", ""),
        ("traceparent", f"01-{TRACE}-{SPAN}-01"),
        ("traceparent", f"00-{TRACE}-{SPAN}"),
        ("traceparent", "x" * 10_000),
        ("x-job-id", "not an id"),
        ("x-job-id", "a" * 37),
    ],
)
def test_anything_else_is_left_out(header: str, value: str) -> None:
    assert ids_in(Headers({header: value})) == {}
