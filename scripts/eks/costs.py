"""What a month on AWS costs for 10, 100 and 1,000 users, from k8s/eks/prices.toml.

`python scripts/eks/costs.py` prints the table; `--write` puts it into k8s/eks/COSTS.md; `--json` is for programs.
Claude's tokens are not in it: with a key they are most of the money (see the page).
"""

import argparse
import json
import math
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "k8s" / "eks"
PRICES, PAGE = FOLDER / "prices.toml", FOLDER / "COSTS.md"
_HOURS = 730.0
_TABLE = re.compile(r"(?<=<!-- costs -->\n).*?(?=<!-- /costs -->)", flags=re.DOTALL)


def month(users: int, facts: dict[str, Any]) -> dict[str, float]:
    """USD of a month for so many users, by what it is paid for."""
    price, demand, size = facts["price"], facts["demand"], facts["sizes"][str(users)]
    load = work_of(users, facts)
    zones, kept_gib = size["database_zones"], load["gib"] * demand["months_kept"]
    young_gib = min(kept_gib, load["gib"])
    out_gib = load["gib"] * demand["downloads_per_job"] / 2
    return {
        "EKS control plane": price["cluster_hour"] * _HOURS,
        "general nodes, on demand": size["general_nodes"]
        * (price["general_node_hour"] * _HOURS + 50 * price["node_disk_gib_month"]),
        "Blender nodes, spot": load["node_hours"]
        * (price["blender_node_hour"] * price["spot_share"] + 100 * price["node_disk_gib_month"] / _HOURS),
        "RDS PostgreSQL": zones
        * (price[f"database_{size['database']}_hour"] * _HOURS + size["database_gib"] * price["database_gib_month"]),
        "NAT and addresses": size["nat"] * (price["nat_hour"] + price["address_hour"]) * _HOURS
        + price["nat_gib"] * (load["jobs"] * 0.02 + 50),  # Claude's answers, and images that nodes pull
        "load balancer": (price["balancer_hour"] + 2 * price["balancer_unit_hour"] + 3 * price["address_hour"])
        * _HOURS,
        "S3 storage and requests": young_gib * price["storage_gib_month"]
        + (kept_gib - young_gib) * price["storage_old_gib_month"]
        + load["jobs"] * demand["requests_per_job"] / 2000 * (price["put_1000"] + price["get_1000"]),
        "traffic out": max(0.0, out_gib - 100) * price["out_gib"],  # the first 100 GiB of a month are free
        "keys, secrets, registry, logs": 2 * price["key_month"]
        + 3 * price["secret_month"]
        + 40 * price["registry_gib_month"]
        + (5 + load["jobs"] / 1000 * demand["log_gib_per_1000_jobs"]) * price["log_gib"],
    }


def work_of(users: int, facts: dict[str, Any]) -> dict[str, float]:
    """A month's jobs, GiB of new artifacts, hours of Blender nodes; and the pods of the busiest hour."""
    demand, size = facts["demand"], facts["sizes"][str(users)]
    active = users * demand["active_share"]
    jobs = active * demand["jobs_per_active_user"] * demand["working_days"]
    pod_hours = active * demand["pod_hours_per_active_user"] * demand["working_days"]
    warm_nodes = math.ceil(size["warm_pods"] / demand["pods_per_node"])
    return {
        "jobs": jobs,
        "gib": jobs * demand["mib_per_job"] / 1024,
        "node_hours": warm_nodes * _HOURS + pod_hours / demand["pods_per_node"] * demand["node_hours_waste"],
        "peak_pods": math.ceil(active * demand["pod_hours_per_active_user"] * demand["peak_share"]) + size["warm_pods"],
    }


def table(facts: dict[str, Any]) -> str:
    """Markdown: what it is paid for, one column for each number of users."""
    sizes = [int(one) for one in facts["sizes"]]
    months = {users: month(users, facts) for users in sizes}
    rows = [f"| USD a month, {facts['region']} | " + " | ".join(f"{users:,} users" for users in sizes) + " |"]
    rows.append("|---|" + "---:|" * len(sizes))
    for what in months[sizes[0]]:
        rows.append(f"| {what} | " + " | ".join(f"{months[users][what]:,.0f}" for users in sizes) + " |")
    totals = {users: sum(months[users].values()) for users in sizes}
    rows.append("| **together** | " + " | ".join(f"**{totals[users]:,.0f}**" for users in sizes) + " |")
    rows.append("| a user | " + " | ".join(f"{totals[users] / users:,.2f}" for users in sizes) + " |")
    loads = {users: work_of(users, facts) for users in sizes}
    rows.append("| jobs a month | " + " | ".join(f"{loads[users]['jobs']:,.0f}" for users in sizes) + " |")
    rows.append("| a job | " + " | ".join(f"{totals[users] / loads[users]['jobs']:,.3f}" for users in sizes) + " |")
    rows.append(
        "| Blenders, busiest hour | " + " | ".join(f"{loads[users]['peak_pods']:,.0f}" for users in sizes) + " |"
    )
    return "\n".join(rows) + "\n"


def page_with(text: str, made: str) -> str:
    """The page with this table in place of its own."""
    return _TABLE.sub(lambda _: made, text)


def main() -> int:
    """Returns: the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into k8s/eks/COSTS.md")
    parser.add_argument("--json", action="store_true", help="all numbers, for programs")
    parser.add_argument("--prices", type=Path, default=PRICES, help="another file of prices and assumptions")
    chosen = parser.parse_args()
    facts = tomllib.loads(chosen.prices.read_text())
    if chosen.json:
        sizes = [int(one) for one in facts["sizes"]]
        print(json.dumps({one: {"usd": month(one, facts), "work": work_of(one, facts)} for one in sizes}, indent=1))
    elif chosen.write:
        PAGE.write_text(page_with(PAGE.read_text(), table(facts)))
    else:
        print(table(facts), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
