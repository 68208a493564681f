"""`prompt2mesh doctor`: the pod's own findings of this machine, for people."""

import json
import subprocess
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloud.settings import Settings

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "missing": ("✗", "bold red")}


def show_findings(console: Console, settings: Settings, *, as_json: bool) -> int:
    """Examine the machine and print what was found. Returns: 1 where something must be mended, else 0."""
    with console.status("trying the walls around Blender"):
        ran = subprocess.run(
            [sys.executable, "-m", "cloud.blender.doctor"], stdout=subprocess.PIPE, text=True, check=False
        )
    findings = json.loads(ran.stdout)
    if opted_out := settings.isolation_note:
        mend = "unset P2M_POD_ISOLATION"
        findings.insert(0, {"name": "isolation", "state": "missing", "detail": opted_out, "mend": mend})
    if as_json:
        sys.stdout.write(json.dumps(findings) + "\n")
    else:
        console.print(_table(findings))
    return 1 if opted_out or ran.returncode else 0


def _table(findings: list[dict[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for finding in findings:
        mark, style = _MARKS[finding["state"]]
        detail = Text(finding["detail"])
        if finding["mend"]:
            detail.append(f"\nmend: {finding['mend']}", style="cyan")
        table.add_row(Text(mark, style=style), Text(finding["name"]), detail)
    return table
