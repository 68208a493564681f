"""For each alert, series under which it fires and series under which it does not, in promtool's own notation.

`values` go a minute a step; `fires_at` is when it must fire first of the quarters that are looked at.
"""

from dataclasses import dataclass

API, RUNNER = 'job="prompt2mesh-api",pod="api-1"', 'job="prompt2mesh-runner",pod="runner-1"'


@dataclass(frozen=True)
class Case:
    """`bad` and `good`: the series, each with its values. `after_m`: minutes after which it is looked."""

    bad: dict[str, str]
    good: dict[str, str]
    after_m: int = 30


def _h(name: str, labels: str, slow: str, fast: str, le_slow: str = "+Inf", le_fast: str = "0.05") -> dict[str, str]:
    """Two buckets of a histogram: what is fast, and all."""
    name = f"prompt2mesh_{name}_seconds_bucket"
    return {f'{name}{{{labels},le="{le_fast}"}}': fast, f'{name}{{{labels},le="{le_slow}"}}': slow}


def _s(name: str, labels: str, values: str) -> dict[str, str]:
    return {f"prompt2mesh_{name}{{{labels}}}": values}


_UP = _s("build_info", f'{API},part="api",version="1"', "1x60")

CASES: dict[str, Case] = {
    "ApiDown": Case({}, _UP),
    "ProcessSilent": Case({f"up{{{API}}}": "0x60"}, {f"up{{{API}}}": "1x60", 'up{job="others"}': "0x60"}),
    "ApiErrors": Case(
        _s("http_requests_total", f'{API},status="500"', "0+6x60")
        | _s("http_requests_total", f'{API},status="200"', "0+60x60"),
        # One in a hundred; and in the dead of night one of three.
        _s("http_requests_total", f'{API},status="503"', "0+6x60")
        | _s("http_requests_total", f'{API},status="200"', "0+600x60"),
    ),
    "ApiSlow": Case(
        _h("http_request_duration", f'{API},route="/v1/jobs"', "0+60x60", "0+30x60", "2.5")
        | _h("http_request_duration", f'{API},route="/v1/jobs"', "0+60x60", "0+30x60")
        | _s("http_requests_total", f'{API},route="/v1/jobs",status="200"', "0+60x60"),
        _h("http_request_duration", f'{API},route="/v1/jobs"', "0+60x60", "0+59x60")
        | _s("http_requests_total", f'{API},route="/v1/jobs",status="200"', "0+60x60"),
    ),
    "EventsLate": Case(
        _h("event_latency", API, "0+60x60", "0+6x60", "5") | _h("event_latency", API, "0+60x60", "0+6x60"),
        _h("event_latency", API, "0+60x60", "0+60x60"),
    ),
    "QueueUnknown": Case(
        _s("queue_asked_timestamp_seconds", API, "60x60"),
        # One process of two still gets its answers.
        _s("queue_asked_timestamp_seconds", API, "60x60")
        | _s("queue_asked_timestamp_seconds", 'pod="api-2"', "0+60x60"),
    ),
    "JobsWait": Case(
        _s("queue_oldest_age_seconds", API, "0+60x60"),
        # Long, and then it is over, again and again.
        _s("queue_oldest_age_seconds", API, "400 400 0 400 400 0 400 400 0 400 400 0 400 400 0 0x30"),
        after_m=14,
    ),
    "RunnersDown": Case(
        _s("jobs_waiting", API, "3x60"),
        _s("jobs_waiting", API, "3x60") | _s("runner_slots", RUNNER, "2x60"),
    ),
    "RunnersFull": Case(
        _s("jobs_waiting", API, "3x60") | _s("runner_slots", RUNNER, "2x60") | _s("runner_slots_busy", RUNNER, "2x60"),
        _s("jobs_waiting", API, "0x60") | _s("runner_slots", RUNNER, "2x60") | _s("runner_slots_busy", RUNNER, "2x60"),
    ),
    "RunnerStuck": Case(
        _s("runner_heartbeat_age_seconds", RUNNER, "0+60x60"), _s("runner_heartbeat_age_seconds", RUNNER, "1x60")
    ),
    "JobsFail": Case(
        _s("jobs_finished_total", f'{RUNNER},state="failed",kind="build"', "0+1x60")
        | _s("jobs_finished_total", f'{RUNNER},state="succeeded",kind="build"', "0+2x60"),
        _s("jobs_finished_total", f'{RUNNER},state="failed",kind="build"', "0+1x60")
        | _s("jobs_finished_total", f'{RUNNER},state="succeeded",kind="build"', "0+9x60"),
    ),
    "JobsLoseRunners": Case(
        _s("jobs_put_back_total", f'{RUNNER},reason="runner_lost"', "0+1x60"),
        _s("jobs_put_back_total", f'{RUNNER},reason="deploy"', "0+5x60"),
    ),
    "PodsSlow": Case(
        _h("pod_claim", f'{RUNNER},outcome="ok"', "0+10x60", "0+5x60", "80")
        | _h("pod_claim", f'{RUNNER},outcome="ok"', "0+10x60", "0+5x60"),
        _h("pod_claim", f'{RUNNER},outcome="ok"', "0+10x60", "0+10x60"),
    ),
    "PodsNotReady": Case(
        _s("pod_claim_seconds_count", f'{RUNNER},outcome="pod_not_ready"', "0+1x60"),
        _s("pod_claim_seconds_count", f'{RUNNER},outcome="ok"', "0+9x60")
        | _s("pod_claim_seconds_count", f'{RUNNER},outcome="pod_not_ready"', "0x20 1x40"),
    ),
    "PodsLost": Case(
        _s("pods_lost_total", RUNNER, "0+1x60")
        | _s("tool_call_duration_seconds_count", f'{RUNNER},tool="look",outcome="ok"', "0+10x60"),
        _s("pods_lost_total", RUNNER, "0+1x60")
        | _s("tool_call_duration_seconds_count", f'{RUNNER},tool="look",outcome="ok"', "0+1000x60"),
    ),
    "ModelErrors": Case(
        _s("model_call_duration_seconds_count", f'{RUNNER},model="m",outcome="overloaded"', "0+1x60")
        | _s("model_call_duration_seconds_count", f'{RUNNER},model="m",outcome="ok"', "0+1x60"),
        _s("model_call_duration_seconds_count", f'{RUNNER},model="m",outcome="cancelled"', "0+9x60")
        | _s("model_call_duration_seconds_count", f'{RUNNER},model="m",outcome="ok"', "0+1x60"),
    ),
    "SpendingFast": Case(
        _s("model_cost_usd_total", f'{RUNNER},model="m"', "0+2x90"),
        _s("model_cost_usd_total", f'{RUNNER},model="m"', "0+1x90"),
        after_m=85,
    ),
    "StoreErrors": Case(
        _s("store_errors_total", f'{RUNNER},operation="write"', "0+1x60"),
        _s("store_errors_total", f'{RUNNER},operation="write"', "0x20 1x40"),
    ),
    "SpansLost": Case(
        _s("trace_spans_total", f'{RUNNER},outcome="lost"', "0+9x60"),
        _s("trace_spans_total", f'{RUNNER},outcome="sent"', "0+9x60"),
        after_m=45,
    ),
}
