"""What a call is for: the ids that the backend sends along, for the pod's log and nothing else."""

import re

from starlette.datastructures import Headers

# W3C's Trace Context, version 00: trace, who asks, flags. By hand: nothing of OpenTelemetry is in a pod.
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_JOB_ID = re.compile(r"[0-9a-f-]{1,36}")


def ids_in(headers: Headers) -> dict[str, str]:
    """The `trace_id`, `span_id` (of the caller) and `job_id` that the headers tell, where they have their shape."""
    found = {}
    if match := _TRACEPARENT.fullmatch(headers.get("traceparent", "")):
        found["trace_id"], found["span_id"] = match[1], match[2]
    job_id = headers.get("x-job-id", "")
    if _JOB_ID.fullmatch(job_id):
        found["job_id"] = job_id
    return found
