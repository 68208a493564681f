"""nginx on one machine and the ingress of the cluster hold the same rules: each value is compared."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = (ROOT / "k8s/nginx/prompt2mesh.conf.template").read_text()
INGRESSES: dict[str, Any] = {
    one["metadata"]["name"]: one
    for one in yaml.safe_load_all((ROOT / "k8s/overlays/eks/ingress.yaml").read_text())
    if one and one["kind"] == "Ingress"
}


def annotation(ingress: str, name: str) -> str:
    return str(INGRESSES[ingress]["metadata"]["annotations"][f"nginx.org/{name}"])


def told(pattern: str) -> str:
    """What the one match of `pattern` in nginx's rules says."""
    (found,) = set(re.findall(pattern, TEMPLATE))
    return str(found)


@pytest.mark.parametrize("part", ["api", "ui"])
@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("proxy-connect-timeout", r"proxy_connect_timeout (\w+);"),
        ("proxy-read-timeout", r"proxy_read_timeout (\w+);"),
        ("proxy-send-timeout", r"proxy_send_timeout (\w+);"),
        ("client-max-body-size", r"client_max_body_size (\w+);"),
        ("limit-req-rate", r"rate=(\d+r/s);"),
        ("limit-req-burst", r"burst=(\d+) nodelay;"),
        ("limit-req-reject-code", r"limit_req_status (\d+);"),
    ],
)
def test_a_value_is_the_same_in_both(part: str, name: str, pattern: str) -> None:
    assert annotation(part, name) == told(pattern)


@pytest.mark.parametrize("part", ["api", "ui"])
def test_both_send_events_unbuffered_and_count_addresses(part: str) -> None:
    assert annotation(part, "proxy-buffering") == "False"
    assert told(r"proxy_buffering (\w+);") == "off"
    assert annotation(part, "limit-req-no-delay") == "true"
    assert annotation(part, "limit-req-key").strip("${}") == told(r"limit_req_zone \$(\w+) ")
    assert annotation(part, "limit-req-zone-size").lower() == told(rf"zone=p2m_{part}:(\w+)")


def test_both_demand_https_for_a_year() -> None:
    assert annotation("prompt2mesh", "hsts") == "True"
    assert annotation("prompt2mesh", "hsts-include-subdomains") == "False"
    assert told(r'Strict-Transport-Security "([^"]+)"') == f"max-age={annotation('prompt2mesh', 'hsts-max-age')}"


def test_both_send_the_same_addresses_to_the_api_and_the_rest_to_the_web_ui() -> None:
    paths = INGRESSES["api"]["spec"]["rules"][0]["http"]["paths"]
    ours = {re.escape(one["path"][1:]) + ("$" if one["pathType"] == "Exact" else "") for one in paths}
    assert set(told(r"location ~ \^/\((.+)\) \{").split("|")) == ours
    assert [one["path"] for one in INGRESSES["ui"]["spec"]["rules"][0]["http"]["paths"]] == ["/"]
    assert annotation("ui", "websocket-services") == "ui"
