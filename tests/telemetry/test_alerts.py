"""The alerts as Prometheus itself works them out: each fires when it should, and not when it should not."""

from pathlib import Path

import pytest
import yaml

from tests.support.promtool import promtool
from tests.telemetry.alert_cases import CASES
from tests.telemetry.monitoring_files import adapter_query, alerts, panel_queries, rule_groups

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": rule_groups()}))
    return file


def test_prometheus_takes_the_rules(rules: Path) -> None:
    done = promtool("check", "rules", "--lint-fatal", str(rules))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(alerts())} rules found" in done.stdout


def test_prometheus_takes_every_query_of_the_dashboard_and_of_the_adapter(tmp_path: Path) -> None:
    queries = {**panel_queries(), "adapter": adapter_query()}
    recorded = [{"record": f"p2m:query_{n}", "expr": query} for n, query in enumerate(queries.values())]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": recorded}]}))
    done = promtool("check", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(queries)} rules found" in done.stdout


def test_each_alert_has_its_case() -> None:
    assert set(CASES) == set(alerts())


@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_when_it_should_and_not_when_it_should_not(name: str, rules: Path, tmp_path: Path) -> None:
    case = CASES[name]
    file = tmp_path / "case.yaml"
    firing = f'count(ALERTS{{alertname="{name}",alertstate="firing"}}) or vector(0)'
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": each, "values": values} for each, values in series.items()],
            "promql_expr_test": [
                {"expr": firing, "eval_time": f"{case.after_m}m", "exp_samples": [{"labels": "{}", "value": expected}]}
            ],
        }
        for series, expected in ((case.bad, 1), (case.good, 0))
    ]
    file.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}))
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
