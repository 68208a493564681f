"""A real stack is watched from the click to the call in Blender: one trace, one set of ids, true numbers."""

import json
from pathlib import Path

import pytest

from tests.support.otlp_receiver import ReceivedSpan
from tests.telemetry.conftest import PROMPT, WatchedStack
from tests.telemetry.monitoring_files import adapter_query, alerts, panel_queries
from tests.telemetry.prometheus_process import prometheus_of
from tests.telemetry.scrape import scrape

pytestmark = [pytest.mark.heavy, pytest.mark.blender]


def test_one_trace_leads_from_the_click_to_the_tool_call(watched_stack: WatchedStack) -> None:
    spans = watched_stack.collector.trace(watched_stack.trace_id)
    by_id = {span.span_id: span for span in spans}

    def way_to(span: ReceivedSpan) -> list[tuple[str, str]]:
        way = [(span.service.removeprefix("prompt2mesh-"), span.name)]
        while span.parent_id:
            span = by_id[span.parent_id]
            way.insert(0, (span.service.removeprefix("prompt2mesh-"), span.name))
        return way

    to_the_job = [("ui", "send prompt"), ("api", "POST /v1/projects/{project_id}/jobs"), ("runner", "job")]
    for name in ("queue wait", "pod acquire", "model call", "tool call"):
        found = [span for span in spans if span.name == name]
        assert found, f"there is no span {name!r}"
        for span in found:
            assert way_to(span) == [*to_the_job, ("runner", name)]
    [job] = [span for span in spans if span.name == "job"]
    assert job.attributes["job.id"] == watched_stack.job_id
    assert job.attributes["job.kind"] == "build"
    parts = [span.seconds for span in spans if span.parent_id == job.span_id and span.name != "queue wait"]
    assert 0 < sum(parts) <= job.seconds
    assert {span.attributes["tool"] for span in spans if span.name == "tool call"} >= {"run_python", "snapshots"} - {
        "snapshots"
    }


def test_no_word_of_the_prompt_or_the_code_leaves_with_a_span(watched_stack: WatchedStack) -> None:
    sent = b"\n".join(watched_stack.collector.bodies).lower()
    for word in ("zebra", "lighthouse", "import bpy", "p2m_", "correct horse", "sk-ant"):
        assert word.encode() not in sent, f"{word!r} is in a span"


def test_the_pod_logs_the_trace_and_the_job_of_each_call(watched_stack: WatchedStack) -> None:
    calls = [line for line in watched_stack.log_of("pod") if line["event"] == "tool call" and "job_id" in line]
    assert "run_python" in {line["tool"] for line in calls}
    tool_spans = {span.span_id for span in watched_stack.collector.trace(watched_stack.trace_id)}
    for line in calls:
        assert line["job_id"] == watched_stack.job_id
        assert line["trace_id"] == watched_stack.trace_id
        assert line["span_id"] in tool_spans, "the pod was told of another span than the call's"


def test_the_log_leads_from_the_request_to_the_job(watched_stack: WatchedStack) -> None:
    [ordered] = [line for line in watched_stack.log_of("api") if line["event"] == "jobs ordered"]
    assert ordered["job_id"] == watched_stack.job_id
    assert ordered["trace_id"] == watched_stack.trace_id
    [request] = [
        line
        for line in watched_stack.log_of("api")
        if line["event"] == "request" and line["request_id"] == ordered["request_id"]
    ]
    assert (request["route"], request["status"]) == ("/v1/projects/{project_id}/jobs", 202)
    ended = [line for line in watched_stack.log_of("runner") if line["event"] == "job finished"]
    assert [(line["job_id"], line["trace_id"]) for line in ended] == [(watched_stack.job_id, watched_stack.trace_id)]


def test_the_ui_writes_json_lines(watched_stack: WatchedStack) -> None:
    text = (watched_stack.data_dir / "logs" / "ui.log").read_text()
    lines = [line for line in text.splitlines() if line.startswith("{")]
    assert lines, text[:500]
    assert {"event", "level", "logger", "timestamp"} <= set(json.loads(lines[0]))


def test_the_numbers_of_a_job_are_those_of_the_job(watched_stack: WatchedStack) -> None:
    api, runner = scrape(watched_stack.api_port), scrape(watched_stack.runner_port)
    used = watched_stack.client.get_job(watched_stack.job_id)["result"]["usage"]  # pyright: ignore[reportOptionalSubscript]
    assert runner.value("prompt2mesh_jobs_finished_total", {"kind": "build", "state": "succeeded"}) == 1
    assert runner.value("prompt2mesh_model_tokens_total", {"kind": "input"}) == used["input_tokens"]
    assert runner.value("prompt2mesh_model_tokens_total", {"kind": "output"}) == used["output_tokens"]
    for name in ("model_call_duration", "tool_call_duration", "pod_claim", "pod_start", "store_operation_duration"):
        assert runner.value(f"prompt2mesh_{name}_seconds_count") >= 1, name
        assert runner.value(f"prompt2mesh_{name}_seconds_sum") > 0, name
    assert (runner.value("prompt2mesh_runner_slots"), runner.value("prompt2mesh_runner_slots_busy")) == (2, 0)
    assert runner.value("prompt2mesh_runner_heartbeat_age_seconds") < 30
    ordered = {"method": "POST", "route": "/v1/projects/{project_id}/jobs", "status": "202"}
    assert api.value("prompt2mesh_http_requests_total", ordered) == 1
    assert api.value("prompt2mesh_event_latency_seconds_count") >= 1
    assert api.value("prompt2mesh_jobs_waiting") == 0
    told = f"{api.samples} {runner.samples}".lower()
    assert not [word for word in PROMPT.split() if len(word) > 5 and word in told]
    assert watched_stack.job_id not in told


def test_no_label_has_more_values_than_a_list_of_ours(watched_stack: WatchedStack) -> None:
    client = watched_stack.client
    for number in range(30):
        client._http.get(f"/v1/projects/{number}-no-such")
        client._http.request(f"X{number}", f"/{number}")
    api = scrape(watched_stack.api_port)
    assert len(api.labels("prompt2mesh_http_requests_total", "route")) < 20
    assert len(api.labels("prompt2mesh_http_requests_total", "method")) <= 8


def test_prometheus_itself_scrapes_the_stack_and_answers_every_query(
    watched_stack: WatchedStack, tmp_path: Path
) -> None:
    with prometheus_of(watched_stack, tmp_path) as prometheus:
        assert {target["health"] for target in prometheus.targets()} == {"up"}
        assert prometheus.value('max(prompt2mesh_jobs_waiting{namespace="prompt2mesh"})') == 0
        assert prometheus.value(adapter_query()) == 0
        assert prometheus.value("sum(prompt2mesh_jobs_finished_total)") >= 1
        for query in panel_queries().values():
            prometheus.ask(query)
        rules = prometheus.rules()
        assert {rule["name"] for rule in rules} == set(alerts())
        assert {rule["health"] for rule in rules} == {"ok"}
        assert [rule["name"] for rule in rules if rule["state"] != "inactive"] == []
