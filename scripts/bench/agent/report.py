"""The report of one run."""

from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from scripts.bench.agent.page import Bar, Cell, cards, folded, number, page, plot, plots, table, thumbnail
from scripts.bench.agent.stats import Record, check_share, measured, quartiles, success_share, summary_of
from scripts.bench.agent.tasks import slug_of

_PREVIEW_PX, _SHEET_PX = 224, 460
_KINDS_AT_MOST, _BARS_AT_MOST = 14, 14
_PROMPT_CHARS = 600


def write_report(folder: Path, asked: dict[str, Any], records: Sequence[Record]) -> Path:
    """Write `report.html` into the run's folder; its pictures are those in `files/`."""
    options = ", ".join(f"{key} {value}" for key, value in asked["options"].items()) or "the product's defaults"
    models = ", ".join(sorted({record["model"] for record in measured(records) if record["model"]})) or "no model"
    parts = [
        cards(_figures(records, judge=asked.get("judge"))),
        f"<h2>Where it goes</h2>{plots(_plots(records))}",
        f"<h2>Every prompt</h2>{table(_HEADS, [_row(record, folder) for record in records])}",
    ]
    file = folder / "report.html"
    title = f"Evaluation of the agent: {asked['prompts']}"
    file.write_text(page(title, f"{models}; {options}; {len(records)} prompts", parts), encoding="utf-8")
    return file


def _figures(records: Sequence[Record], judge: str | None) -> list[tuple[str, str, str]]:
    facts, kept = summary_of(records), measured(records)
    share, checks = success_share(records), check_share(records)
    low, high = share.interval
    lost = len(records) - len(kept)
    cached = facts["cached_share"]
    tokens = facts["tokens"]
    figures = [
        ("Success", _percent(share.value), f"{share.hits} of {share.n}; 95 %: {low:.0%} to {high:.0%}"),
        ("Not measured", str(lost), "the prompt was refused or the harness failed" if lost else "every job ended"),
        ("Clean geometry", f"{facts['check_clean']} of {_inspected(kept)}", "scenes in which check finds only notes"),
        ("Steps", f"{facts['steps']:,}", f"{facts['failed_steps']} failed, {facts['repairs']} repairs"),
        ("Model calls", f"{facts['model_calls']:,}", f"{facts['mends']} mends after review"),
        ("Cost", f"${facts['usd']:.4f}", f"${facts['usd'] / len(kept):.4f} a prompt" if kept else ""),
        (
            "Tokens in",
            f"{sum(tokens.get(key, 0) for key in _INPUT):,}",
            f"{_percent(cached)} read from the cache; {tokens.get('output_tokens', 0):,} out",
        ),
        ("Time a prompt", f"{facts['seconds_p50']:.1f} s", "half of them took less"),
    ]
    if checks.n:
        note = f"{checks.hits} of {checks.n} pass all that the prompt file asks"
        figures.insert(1, ("File as asked", _percent(checks.value), note))
    if judge:
        said = "–" if facts["judge_score"] is None else f"{facts['judge_score']:.2f}"
        figures.append(("Judge's score", said, f"{facts['judged']} scenes judged by {judge}"))
    return figures


_INPUT = ("input_tokens", "cache_read_tokens", "cache_write_tokens")


def _plots(records: Sequence[Record]) -> list[str]:
    kept = measured(records)
    kinds = list(dict.fromkeys(record["kind"] or "(no kind)" for record in records))[:_KINDS_AT_MOST]
    shares = []
    for kind in kinds:
        share = success_share([record for record in records if (record["kind"] or "(no kind)") == kind])
        if share.value is not None:
            shares.append(Bar(kind, share.value, f"{share.hits} of {share.n}", share.interval))
    findings: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    tools: Counter[str] = Counter()
    for record in kept:
        findings.update((record.get("check") or {}).get("counts", {}))
        checks.update(check["name"] for check in record.get("file_checks", []) if not check["ok"])
        tools.update(record["tools"])
    drawn = [plot("Success by kind, with 95 % intervals", shares)] if shares else []
    drawn.append(plot("Tool calls", _counted(tools)))
    drawn.append(plot("Seconds of a prompt (quartiles)", _times(kept)))
    if findings:
        drawn.append(plot("What check finds in the saved scenes", _counted(findings)))
    if checks:
        drawn.append(plot("Checks of the file that failed, in scenes", _counted(checks)))
    codes = Counter((record["error"] or {}).get("code", "") for record in records if record.get("error"))
    return [*drawn, plot("Errors", _counted(codes))] if codes else drawn


def _counted(counter: Counter[str]) -> list[Bar]:
    return [Bar(name, count, f"{count:,}") for name, count in counter.most_common(_BARS_AT_MOST)]


def _times(kept: Sequence[Record]) -> list[Bar]:
    bars = []
    for name, key in (("all", "seconds"), ("the model", "model_s"), ("Blender's tools", "tools_s")):
        if found := quartiles(kept, lambda record, key=key: record[key]):
            low, middle, high = found
            bars.append(Bar(name, middle, f"{low:.1f} · {middle:.1f} · {high:.1f} s", (low, high)))
    return bars


_HEADS = (
    "Prompt", "Result", "Preview", "Six views", "File checks", "Geometry", "Judge", "Review", "Objects", "Triangles",
    "Steps", "Calls", "Tokens in", "Cached", "Out", "Cost", "Seconds", "Model s", "Tools s", "Script",
)  # fmt: skip


def _row(record: Record, folder: Path) -> list[Cell]:
    files = folder / "files" / slug_of(record["id"])
    told = record["prompt"][:_PROMPT_CHARS] if record["prompt"] != record["name"] else ""
    prompt = f"<b>{escape(record['name'])}</b><small>{escape(told)}</small>"
    preview = thumbnail(files / "preview.png", _PREVIEW_PX, "preview")
    sheet = thumbnail(files / "sheet.webp", _SHEET_PX, "sheet")
    head = [Cell(prompt, record["name"], "prompt"), _result(record), Cell(preview), Cell(sheet)]
    if not record.get("measured"):
        return head + [number(None)] * (len(_HEADS) - len(head))
    usage = record["usage"]
    tokens_in = sum(usage.get(key, 0) for key in _INPUT)
    script = f"{record.get('script_lines', 0)} lines, {record.get('parameters', 0)} parameters"
    return [
        *head,
        _passed(record, "file_checks"),
        _geometry(record),
        _judged(record),
        _review(record),
        number(record["objects"]),
        number(record["triangles"]),
        _steps(record),
        number(record["model_calls"]),
        number(tokens_in),
        number(record["cached_share"], _percent(record["cached_share"])),
        number(usage.get("output_tokens", 0)),
        number(record["usd"], f"${record['usd']:.4f}"),
        number(record["seconds"], f"{record['seconds']:.1f}"),
        number(record["model_s"], f"{record['model_s']:.1f}"),
        number(record["tools_s"], f"{record['tools_s']:.1f}"),
        Cell(escape(script), record.get("script_lines", 0)),
    ]


def _result(record: Record) -> Cell:
    error = record.get("error") or {}
    said = error.get("code") or record.get("outcome") or "?"
    told = [
        error.get("message", ""),
        record.get("summary", ""),
        *(f"not built: {x}" for x in record.get("not_built", [])),
    ]
    items = list(dict.fromkeys(text for text in told if text))
    if not record.get("measured"):
        return Cell(folded(f"not measured: {said}", items, "warn"), "1")
    if record["success"]:
        return Cell(folded(f"✓ {said}", items, "good"), "0")
    return Cell(folded(f"✗ {said}", items, "bad"), "2")


def _passed(record: Record, key: str) -> Cell:
    checks = record.get(key)
    if not checks:
        return number(None)
    failed = [
        f"{check['name']}{': ' + check['detail'] if check['detail'] else ''}" for check in checks if not check["ok"]
    ]
    css = "bad" if any(check["asked"] and not check["ok"] for check in checks) else "warn" if failed else "good"
    return Cell(folded(f"{len(checks) - len(failed)} of {len(checks)}", failed, css), -len(failed))


def _geometry(record: Record) -> Cell:
    if (problem := record.get("inspection_error")) is not None:
        return Cell(folded("not looked at", [problem], "warn"), "")
    report = record.get("check")
    if report is None:
        return number(None)
    said = "clean" if report["ok"] else f"{report['errors']} errors, {report['warnings']} warnings"
    css = "good" if report["ok"] else "bad" if report["errors"] else "warn"
    return Cell(folded(said, report["messages"], css), report["errors"] * 1000 + report["warnings"])


def _judged(record: Record) -> Cell:
    judge = record.get("judge")
    if not judge:
        return number(None)
    if judge.get("score") is None:
        return Cell(folded("not judged", [judge.get("error", "")], "warn"), "")
    items = [f"{entry['answer']}: {entry['criterion']} ({entry['evidence']})" for entry in judge["answers"]]
    return Cell(folded(f"{judge['score']:.2f}", items), judge["score"])


def _review(record: Record) -> Cell:
    verdict = record.get("verdict")
    if not verdict:
        return number(None)
    items = [verdict.get("summary", ""), *(f"{d['severity']}: {d['what']}" for d in verdict.get("defects", []))]
    mended = f", {record['mends']} mends" if record["mends"] else ""
    css = "good" if verdict["decision"] == "pass" else "warn"
    return Cell(folded(f"{verdict['decision']}{mended}", [item for item in items if item], css), verdict["decision"])


def _steps(record: Record) -> Cell:
    failed = record["failed_steps"]
    said = f"{record['steps']}" + (f" ({failed} failed, {record['repairs']} repaired)" if failed else "")
    return Cell(folded(said, record["errors"]), record["steps"], "n")


def _inspected(kept: Sequence[Record]) -> int:
    return sum(record.get("check") is not None for record in kept)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
