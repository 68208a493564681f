"""The page of costs holds what the script computes, and the script adds up."""

import json
import subprocess
import sys
import tomllib

import pytest

from scripts.eks.costs import PAGE, PRICES, month, page_with, table, work_of
from tests.eks.conftest import ROOT

FACTS = tomllib.loads(PRICES.read_text())


def test_the_page_holds_the_table_that_the_prices_give() -> None:
    assert "| **together** |" in PAGE.read_text()
    assert page_with(PAGE.read_text(), table(FACTS)) == PAGE.read_text(), "python scripts/eks/costs.py --write"


def test_a_month_adds_up_by_hand() -> None:
    """1,000 users: 730 hours at 0.10; 17,600 jobs of 12 MiB; 4,400 pod hours, 14 to a node, 1.3 of them paid."""
    work = work_of(1000, FACTS)
    assert work["jobs"] == pytest.approx(17_600)
    assert work["gib"] == pytest.approx(206.25)
    assert work["node_hours"] == pytest.approx(730 + 4400 / 14 * 1.3)
    usd = month(1000, FACTS)
    assert usd["EKS control plane"] == pytest.approx(73)
    assert usd["RDS PostgreSQL"] == pytest.approx(2 * (0.168 * 730 + 200 * 0.115))


def test_the_sizes_are_those_that_terraform_defaults_to() -> None:
    """The column of 1,000 users is what the defaults of k8s/eks/sizes.tf give, but for nodes that follow the load."""
    sizes = (ROOT / "k8s" / "eks" / "sizes.tf").read_text()
    assert '"db.m7g.large"' in sizes
    assert FACTS["sizes"]["1000"]["database"] == "large"
    assert (FACTS["sizes"]["1000"]["database_zones"], "multi_az       = true" in sizes) == (2.0, True)


def test_json_is_for_programs() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "eks" / "costs.py"), "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout)
    assert set(told) == {"10", "100", "1000"}
    assert sum(told["1000"]["usd"].values()) > sum(told["100"]["usd"].values()) > 0
