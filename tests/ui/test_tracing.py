"""A click begins a trace that the request to the API carries on; without a collector nothing is sent along."""

import time

import pytest

from tests.support.otlp_receiver import otlp_receiver
from ui.trace_header import trace_headers
from ui.tracing import ClickTracer, click


def test_without_a_collector_a_click_is_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("P2M_OTLP_ENDPOINT", raising=False)
    with click("send prompt"):
        assert trace_headers() == {}


def test_a_click_is_a_span_whose_id_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    with otlp_receiver() as collector:
        monkeypatch.setenv("P2M_OTLP_ENDPOINT", collector.url + "/")
        with click("send prompt"):
            version, trace_id, span_id, flags = trace_headers()["traceparent"].split("-")
            time.sleep(0.02)
        with pytest.raises(ValueError, match="no"), click("build brief"):
            raise ValueError("no")
        sent, failed = collector.wait_for("send prompt"), collector.wait_for("build brief")
    assert (version, flags) == ("00", "01")
    assert (sent.trace_id, sent.span_id, sent.parent_id) == (trace_id, span_id, "")
    assert sent.service == "prompt2mesh-ui"
    assert 0.02 <= sent.seconds < 5
    assert failed.trace_id != trace_id
    assert not collector.problems
    assert trace_headers() == {}


def test_a_collector_that_hangs_delays_no_click() -> None:
    with otlp_receiver(delay_s=1.0) as collector:
        tracer = ClickTracer(collector.url)
        began = time.perf_counter()
        for _ in range(2000):  # more than may wait
            with tracer.click("x"):
                pass
        assert time.perf_counter() - began < 2.0


def test_a_click_that_is_left_out_tells_the_others_so() -> None:
    with otlp_receiver() as collector:
        none, all_of_them = ClickTracer(collector.url, share=0.0), ClickTracer(collector.url)
        with none.click("left out"):
            assert trace_headers()["traceparent"].endswith("-00")
        with all_of_them.click("kept"):
            pass
        collector.wait_for("kept")
    assert [span.name for span in collector.spans] == ["kept"]
