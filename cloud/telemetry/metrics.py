"""Every number that a process of the backend tells Prometheus. One process, one registry.

Names follow Prometheus' rules: `prompt2mesh_`, the base unit last, `_total` on what only grows. A label's values are
few and known beforehand (a route's template, a tool, a state, an error's code), never a user, a path, a prompt or a
file. Measuring takes microseconds, waits for nothing and fails never; so it is done whether or not anybody asks.

The gauges of the queue are the same in every API process, since each asks the one database: in PromQL write
`max(…)`, never `sum(…)`. All else is the process's own: `sum(…)`.
"""

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

# They double the series and say when a process first saw something, which nobody asks.
prometheus_client.disable_created_metrics()

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)

_SHORT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_POD_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640)
_CALL_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)
_JOB_S = (1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


def _gauge(name: str, told: str, *labels: str) -> Gauge:
    return Gauge(f"prompt2mesh_{name}", told, labels, registry=REGISTRY)


def _counter(name: str, told: str, *labels: str) -> Counter:
    return Counter(f"prompt2mesh_{name}", told, labels, registry=REGISTRY)


def _histogram(name: str, told: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(f"prompt2mesh_{name}", told, labels, buckets=buckets, registry=REGISTRY)


# The queue, as the database has it: of API processes alone.
JOBS = _gauge("jobs", "Jobs that have not ended, in the whole deployment (max, not sum).", "state")
JOBS_WAITING = _gauge(
    "jobs_waiting", "Users whose next job could begin if a runner were free, in the whole deployment (max, not sum)."
)
QUEUE_OLDEST_S = _gauge(
    "queue_oldest_age_seconds", "Since when the first of those jobs waits, in the whole deployment (max, not sum)."
)
QUEUE_ASKED = _gauge("queue_asked_timestamp_seconds", "When the gauges of the queue were last asked of the database.")

# Jobs, as a runner works on them.
RUNNER_SLOTS = _gauge("runner_slots", "Jobs that this runner works on at once.")
RUNNER_SLOTS_BUSY = _gauge("runner_slots_busy", "Jobs that this runner works on now.")
RUNNER_HEARTBEAT_AGE_S = _gauge("runner_heartbeat_age_seconds", "Since this runner's last sign of life.")
JOB_WAIT_S = _histogram("job_queue_wait_seconds", "From a job's order to its first attempt.", _JOB_S)
JOB_DURATION_S = _histogram("job_duration_seconds", "The last attempt at a job that ended.", _JOB_S, "kind")
JOBS_FINISHED = _counter("jobs_finished", "Jobs that a runner saw end.", "kind", "state")
JOBS_PUT_BACK = _counter("jobs_put_back", "Attempts that ended with their job back in the queue.", "reason")

# Events on their way to clients.
EVENT_LATENCY_S = _histogram(
    "event_latency_seconds", "From an event's transaction to its sending to a live client.", _SHORT_S
)
EVENT_STREAMS = _gauge("event_streams", "Clients that get live events from this process now.")

# Pods, as those see them who want one.
POD_CLAIM_S = _histogram("pod_claim_seconds", "From a job's wish for its pod to the pod's answer.", _POD_S, "outcome")
POD_START_S = _histogram("pod_start_seconds", "From a pod's creation to code that ran in it.", _POD_S, "outcome")
PODS_LOST = _counter("pods_lost", "Pods that a job lost and replaced.")

# Calls.
MODEL_CALL_S = _histogram("model_call_duration_seconds", "One request to a model.", _CALL_S, "model", "outcome")
MODEL_TOKENS = _counter("model_tokens", "Tokens of model calls that were paid for.", "model", "kind")
MODEL_COST_USD = _counter("model_cost_usd", "What model calls cost, in US dollars.", "model")
TOOL_CALL_S = _histogram("tool_call_duration_seconds", "One tool call in a pod.", _CALL_S, "tool", "outcome")
STORE_S = _histogram("store_operation_duration_seconds", "One operation of the artifact store.", _SHORT_S, "operation")
STORE_ERRORS = _counter("store_errors", "Operations that the artifact store did not do.", "operation")
HTTP_S = _histogram(
    "http_request_duration_seconds", "From a request to the head of its answer.", _SHORT_S, "method", "route"
)
HTTP_REQUESTS = _counter("http_requests", "Requests that were answered.", "method", "route", "status")

ERRORS = _counter("errors", "Errors that a user or client was told of, by their stable code.", "part", "code")
SPANS = _counter("trace_spans", "Spans of traces, by what became of them.", "outcome")
BUILD = _gauge("build_info", "Always 1; its labels say what runs.", "version", "part")
