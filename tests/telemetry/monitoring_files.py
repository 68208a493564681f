"""The files of k8s/monitoring, as the tests look at them."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "k8s" / "monitoring"
RUNBOOKS = FOLDER / "runbooks"

_NAME = re.compile(r"\bprompt2mesh_[a-z0-9_]+")
_LABELS = re.compile(r"\b(\w+)\s*(?:=~|!~|!=|=)\s*\"")
_SUFFIXES = ("_bucket", "_sum", "_count", "_total")


def rule_groups() -> list[dict[str, Any]]:
    """The groups of alerts, as Prometheus itself takes them."""
    return yaml.safe_load((FOLDER / "alerts.yaml").read_text())["spec"]["groups"]


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert by its name."""
    return {rule["alert"]: rule for group in rule_groups() for rule in group["rules"]}


def dashboard() -> dict[str, Any]:
    """The dashboard's JSON."""
    return json.loads((FOLDER / "dashboard.json").read_text())


def panel_queries() -> dict[str, str]:
    """The PromQL of each panel, with Grafana's variables filled in."""
    found = {}
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"].replace("$__rate_interval", "5m").replace("$namespace", "prompt2mesh")
            found[f"{panel['title']} {target['refId']}"] = query
    return found


def adapter_query() -> str:
    """The PromQL behind the external metric that runners are scaled by."""
    [rule] = yaml.safe_load((FOLDER / "adapter" / "values.yaml").read_text())["rules"]["external"]
    return rule["metricsQuery"].replace("<<.LabelMatchers>>", 'namespace="prompt2mesh"')


def families_in(query: str) -> set[str]:
    """The metrics of ours that a query names, without the suffixes of their series."""
    found = set()
    for name in _NAME.findall(query):
        suffix = next((each for each in _SUFFIXES if name.endswith(each)), "")
        found.add(name.removesuffix(suffix))
    return found


def labels_in(query: str) -> set[str]:
    """The labels that a query selects or groups by."""
    grouped = {name.strip() for names in re.findall(r"by \(([^)]*)\)", query) for name in names.split(",")}
    return set(_LABELS.findall(query)) | grouped
