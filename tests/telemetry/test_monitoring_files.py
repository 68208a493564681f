"""What is written of the metrics elsewhere is true of the metrics that there are."""

import re

import prometheus_client
import pytest
from prometheus_client.parser import text_string_to_metric_families

from cloud.telemetry.metrics import REGISTRY
from tests.telemetry.monitoring_files import (
    FOLDER,
    RUNBOOKS,
    adapter_query,
    alerts,
    dashboard,
    families_in,
    labels_in,
    panel_queries,
)

# What Prometheus and its operator add, what histograms have, and what an expression itself may say.
_ADDED = {"namespace", "pod", "job", "le", "alertname", "alertstate"}


def told() -> dict[str, str]:
    """The metrics of a process as it tells them: their kinds by their names."""
    text = prometheus_client.generate_latest(REGISTRY).decode()
    return {family.name: family.type for family in text_string_to_metric_families(text)}


def label_names() -> set[str]:
    return {name for collector in REGISTRY._collector_to_names for name in getattr(collector, "_labelnames", ())}


ALL_QUERIES = {
    **{f"alert {name}": rule["expr"] for name, rule in alerts().items()},
    **{f"panel {name}": query for name, query in panel_queries().items()},
    "adapter": adapter_query(),
}


@pytest.mark.parametrize("where", ALL_QUERIES)
def test_every_metric_that_is_asked_for_exists_with_its_labels(where: str) -> None:
    query = ALL_QUERIES[where]
    known = told()
    assert families_in(query) - set(known) == set()
    assert labels_in(query) - label_names() - _ADDED == set()
    for gauge in ("prompt2mesh_jobs", "prompt2mesh_jobs_waiting", "prompt2mesh_queue_oldest_age_seconds"):
        assert not re.search(rf"sum[^(]*\(\s*{gauge}\b", query), "every API process tells the same: max, not sum"


def test_every_metric_is_looked_at_by_somebody() -> None:
    asked = set().union(*(families_in(query) for query in ALL_QUERIES.values()))
    assert {name for name in told() if name.startswith("prompt2mesh_")} - asked == set()


def test_names_follow_prometheus_rules() -> None:
    for name, kind in told().items():
        if not name.startswith("prompt2mesh_"):
            continue
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|mib)$", name), "base units only"
        if kind == "histogram":
            assert name.endswith("_seconds")


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    pages = {page.stem for page in RUNBOOKS.glob("*.md")}
    assert pages == set(alerts())


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_bad_it_is_and_its_page_says_what_to_do(name: str) -> None:
    rule = alerts()[name]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["for"]
    assert rule["annotations"]["runbook_url"] == f"runbooks/{name}.md"
    assert rule["annotations"]["summary"].endswith(".")
    page = (RUNBOOKS / f"{name}.md").read_text()
    heads = re.findall(r"^#+ .*$", page, re.MULTILINE)
    assert heads == [f"# {name}", "## What it means", "## Look here", "## Do this"]
    looks, does = page.split("## Look here")[1].split("## Do this")
    assert "`" in looks, "a page names a command or a query"
    assert len(does.strip()) > 80


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_what_a_page_tells_to_run_or_ask_exists(page: "type[object]") -> None:
    from cloud.cli.commands import app as cli
    from cloud.settings import Settings

    text = page.read_text()  # pyright: ignore[reportAttributeAccessIssue]
    assert families_in(text) - set(told()) - {"prompt2mesh_runner_demand"} == set()
    settings = {f"P2M_{name}".upper() for name in Settings.model_fields}
    others = {"P2M_WARM_PODS_MIN", "P2M_WARM_PODS_MAX", "P2M_MAX_PODS", "P2M_POD_IDLE_S", "P2M_POD_START_LIMIT_S"}
    assert set(re.findall(r"P2M_[A-Z_]+", text)) - settings - others == set()
    commands = {command.name or (command.callback and command.callback.__name__) for command in cli.registered_commands}
    commands |= {group.name for group in cli.registered_groups}
    for said in re.findall(r"`prompt2mesh ([a-z-]+)", text):
        assert said in commands, f"there is no command `prompt2mesh {said}`"


def test_the_dashboard_has_the_shape_that_grafana_reads() -> None:
    board = dashboard()
    assert board["uid"] == "prompt2mesh"
    assert {variable["name"] for variable in board["templating"]["list"]} == {"datasource", "namespace"}
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not places & cells, f"{panel['title']} lies over another panel"
        places |= cells
        if panel["type"] == "row":
            continue
        assert panel["targets"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


def test_the_readme_names_what_runners_are_scaled_by() -> None:
    assert "prompt2mesh_runner_demand" in (FOLDER / "README.md").read_text()
    assert families_in(adapter_query()) == {"prompt2mesh_jobs_waiting", "prompt2mesh_jobs"}
