"""What a runner notes of its work: numbers for Prometheus, spans, and the ids that go along with it."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from cloud.logs import log_field, log_fields
from cloud.telemetry.labels import OTHER, FewValues
from cloud.telemetry.metrics import (
    ERRORS,
    JOB_DURATION_S,
    JOB_WAIT_S,
    JOBS_FINISHED,
    JOBS_PUT_BACK,
    MODEL_CALL_S,
    MODEL_COST_USD,
    MODEL_TOKENS,
    POD_CLAIM_S,
    TOOL_CALL_S,
)
from cloud.telemetry.traceparent import HEADER, trace_id_of
from cloud.telemetry.tracing import current_traceparent, past_span, span
from cloud.telemetry.watch import Watched, watched

if TYPE_CHECKING:
    from cloud.agent.model import CutOffCall, ModelReply
    from cloud.db.models import Job
    from cloud.fleet.contract import Endpoint, Fleet

JOB_ID_HEADER = "X-Job-Id"

# Users name models, and models name tools: neither may make new time series without end.
_model_label = FewValues(30)
_TOOLS = frozenset({"run_python", "look", "inspect", "check", "lookup", "snapshots", "export", "import_file"})


@contextmanager
def watched_attempt(job: "Job") -> Iterator[None]:
    """An attempt at a job: its lines of the log have the job's id, its spans lie below the request that ordered it."""
    facts = {"job.id": str(job.id), "job.kind": job.kind, "attempt": job.attempt}
    with (
        log_fields(job_id=str(job.id), trace_id=trace_id_of(job.traceparent)),
        span("job", "consumer", parent=job.traceparent, attributes=facts),
        log_fields(trace_id=trace_id_of(current_traceparent())),
    ):
        if job.attempt == 1 and job.started_at is not None:
            JOB_WAIT_S.observe(max((job.started_at - job.created_at).total_seconds(), 0.0))
            past_span("queue wait", job.created_at.timestamp())
        yield


def note_end(kind: str, state: str, code: str, seconds: float) -> None:
    """A job of this kind has ended in this state; `code` says why it failed."""
    JOBS_FINISHED.labels(kind=kind, state=state).inc()
    JOB_DURATION_S.labels(kind=kind).observe(seconds)
    if code:
        ERRORS.labels(part="job", code=code).inc()


def note_put_back(reason: str) -> None:
    """An attempt has ended, and its job waits for the next."""
    JOBS_PUT_BACK.labels(reason=reason).inc()


def note_paid(call: "ModelReply | CutOffCall") -> None:
    """A model call was paid for."""
    model, tokens = _model_label(call.model), call.tokens
    MODEL_TOKENS.labels(model=model, kind="input").inc(tokens.input_tokens)
    MODEL_TOKENS.labels(model=model, kind="output").inc(tokens.output_tokens)
    MODEL_TOKENS.labels(model=model, kind="cache_read").inc(tokens.cache_read_tokens)
    MODEL_TOKENS.labels(model=model, kind="cache_write").inc(tokens.cache_write_tokens)
    MODEL_COST_USD.labels(model=model).inc(call.usd or 0.0)


def watch_model(model: str) -> AbstractContextManager[Watched]:
    """One request to a model. Nothing of the trace goes to its server: that is somebody else's."""
    return watched("model call", MODEL_CALL_S, {"model": _model_label(model)}, kind="client")


def watched_tool(tool: str) -> AbstractContextManager[Watched]:
    """One tool call in a pod; `outcome` failed is the model's business, any other error ours."""
    return watched("tool call", TOOL_CALL_S, {"tool": tool if tool in _TOOLS else OTHER}, kind="client")


async def watched_claim(fleet: "Fleet", user_id: str) -> "Endpoint":
    """The user's pod. Raises: PodNotReady, and what else the fleet raises."""
    with watched("pod acquire", POD_CLAIM_S, {}):
        return await fleet.acquire(user_id)


def ids_for_the_pod() -> Mapping[str, str]:
    """The headers that tell a pod what a call is for."""
    found = {HEADER: current_traceparent(), JOB_ID_HEADER: log_field("job_id")}
    return {name: value for name, value in found.items() if value}
