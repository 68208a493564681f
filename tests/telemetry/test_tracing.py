"""Spans: what they say, what they never say, and that no collector, however bad, delays or ends anything."""

import asyncio
import time

import pytest

from cloud.errors import NotFound
from cloud.telemetry.exporting import open_tracing
from cloud.telemetry.metrics import SPANS
from cloud.telemetry.traceparent import trace_id_of, usable
from cloud.telemetry.tracing import current_traceparent, is_traced, past_span, span
from tests.support.otlp_receiver import otlp_receiver

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_without_a_collector_nothing_is_made_and_a_trace_still_passes_through() -> None:
    assert not is_traced()
    with span("a") as made:
        assert made is None
        assert current_traceparent() is None
    with span("a", parent=PARENT):
        assert current_traceparent() == PARENT
    assert current_traceparent() is None


def test_spans_arrive_with_their_parents_and_only_what_may_be_said() -> None:
    said = {"job.id": "j1", "prompt": "a secret castle", "code": "import bpy", "token": "p2m_x", "tool": "t" * 500}
    with otlp_receiver() as collector:
        with (
            open_tracing(collector.url, part="runner", version="9"),
            span("outer", parent=PARENT, attributes=said) as made,
        ):
            assert made is not None
            with span("inner"):
                assert trace_id_of(current_traceparent()) == trace_id_of(PARENT)
            past_span("before", time.time() - 5)
        outer, inner = collector.wait_for("outer"), collector.wait_for("inner")
        before = collector.wait_for("before")
    assert outer.trace_id == trace_id_of(PARENT)
    assert outer.parent_id == "b7ad6b7169203331"
    assert inner.parent_id == before.parent_id == outer.span_id
    assert 4.9 < before.seconds < 6
    assert outer.service == "prompt2mesh-runner"
    assert outer.attributes == {"job.id": "j1", "tool": "t" * 100}
    assert not [body for body in collector.bodies if b"castle" in body or b"bpy" in body or b"p2m_x" in body]


def test_an_error_is_told_by_its_code_and_never_by_its_words() -> None:
    with otlp_receiver() as collector:
        with open_tracing(collector.url, part="api", version="9"):
            with pytest.raises(NotFound), span("lost"):
                raise NotFound("project", "of-the-president")
            with pytest.raises(ValueError, match="key"), span("broken"):
                raise ValueError("the key was sk-ant-api03-verysecret")
        assert collector.wait_for("lost").status == "not_found"
        assert collector.wait_for("broken").status == "error"
    assert not [body for body in collector.bodies if b"president" in body or b"verysecret" in body]


async def test_tasks_have_the_span_that_they_were_begun_in() -> None:
    with otlp_receiver() as collector:
        with open_tracing(collector.url, part="api", version="9"):

            async def work(name: str) -> None:
                with span(f"work {name}"):
                    await asyncio.sleep(0.01)

            async def job(name: str) -> None:
                with span(f"job {name}"):
                    await asyncio.create_task(work(name))

            await asyncio.gather(job("a"), job("b"))
        for name in ("a", "b"):
            assert collector.wait_for(f"work {name}").parent_id == collector.wait_for(f"job {name}").span_id


@pytest.mark.parametrize("collector", ["nobody", "refuses", "hangs"])
def test_a_bad_collector_delays_nothing_and_its_losses_are_counted(collector: str) -> None:
    lost = SPANS.labels(outcome="lost")
    before = lost._value.get()
    with otlp_receiver(delay_s=3.0 if collector == "hangs" else 0.0, status=500) as bad:
        url = "http://127.0.0.1:9" if collector == "nobody" else bad.url
        began = time.perf_counter()
        with open_tracing(url, part="api", version="9"):
            for _ in range(6000):  # more than may wait
                with span("x"):
                    pass
            spent_s = time.perf_counter() - began
        closed_s = time.perf_counter() - began - spent_s
    assert spent_s < 3.0, "6000 spans took as long as a collector"
    assert closed_s < 1.6
    if collector != "hangs":
        deadline = time.monotonic() + 10
        while lost._value.get() == before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert lost._value.get() > before


def test_share_0_sends_only_what_others_began() -> None:
    with otlp_receiver() as collector:
        with open_tracing(collector.url, part="api", version="9", share=0.0):
            with span("ours"):
                pass
            with span("theirs", parent=PARENT):
                pass
        collector.wait_for("theirs")
    assert [each.name for each in collector.spans] == ["theirs"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        PARENT.upper(),
        PARENT + "-x",
        "01" + PARENT[2:],
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        PARENT + "\n",
    ],
)
def test_a_malformed_header_is_no_trace(header: str) -> None:
    assert usable(header) is None
    assert trace_id_of(header) is None
