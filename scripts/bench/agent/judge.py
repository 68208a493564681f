"""A model as judge: each criterion of a task, answered with evidence, by JSON schema."""

import asyncio
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloud.agent.client import CutOffCall, MessagesClient
from cloud.agent.consult import consult
from cloud.agent.contract import Block
from cloud.agent.model_errors import ModelError
from scripts.bench.agent.tasks import Criterion, Task

_SCRIPT_CHARS = 24_000
_FACTS_CHARS = 8_000
_ANSWERS = ("yes", "no", "unsure")
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "answers": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "number": {"type": "integer"},
                    "answer": {"type": "string", "enum": list(_ANSWERS)},
                    "evidence": {"type": "string"},
                },
                "required": ["number", "answer", "evidence"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["answers"],
    "additionalProperties": False,
}


@dataclass
class _Paid:
    """Looks on while the judge thinks: what broke off is paid for too."""

    usd: float = 0.0

    async def waiting(self, reason: str, seconds: float) -> None:
        """A judge that waits needs no words."""

    def delta(self, kind: str, piece: str) -> None:
        """Nobody reads along."""

    async def began(self, call: CutOffCall) -> None:
        """Counted when it ends, or breaks off."""

    async def cut_off(self, call: CutOffCall) -> None:
        self.usd += call.usd or 0.0


@dataclass(frozen=True)
class Judge:
    """Asks the model. `api_key` may be empty where `base_url` needs none."""

    model: str
    api_key: str = field(repr=False)
    base_url: str | None = None

    def judge(
        self, task: Task, pictures: Sequence[Block], facts: Mapping[str, Any] | None, script: Path
    ) -> dict[str, Any]:
        """The answers and the score; `error` where the model could not be had, and then no score."""
        code = script.read_text(encoding="utf-8", errors="replace") if script.is_file() else ""
        content = [*pictures, {"type": "text", "text": question(task, facts, code)}]
        paid = _Paid()
        try:
            answer, usd = asyncio.run(self._ask(content, paid))
        except ModelError as error:
            return {"error": str(error), "score": None, "usd": paid.usd, "model": self.model}
        return score(task.criteria, answer) | {"usd": usd + paid.usd, "model": self.model}

    async def _ask(self, content: list[Block], paid: _Paid) -> tuple[dict[str, Any], float]:
        client = MessagesClient(self.model, api_key=self.api_key or "none", base_url=self.base_url)
        system = Path(__file__).with_name("judge.md").read_text(encoding="utf-8").strip()
        try:
            said = await consult(client, system=system, content=content, schema=_SCHEMA, watcher=paid)
        finally:
            await client.aclose()
        return said.answer, said.reply.usd or 0.0


def question(task: Task, facts: Mapping[str, Any] | None, code: str) -> str:
    """What the judge reads beside the pictures."""
    criteria = "\n".join(f"{number}. {_named(one)}" for number, one in enumerate(task.criteria, 1))
    told = json.dumps(facts, ensure_ascii=False)[:_FACTS_CHARS] if facts else "not read"
    parts = [f"<prompt>{task.prompt}</prompt>", f"<facts>{told}</facts>", f"<script>{code[:_SCRIPT_CHARS]}</script>"]
    return "\n".join([*parts, "Criteria:", criteria])


def _named(criterion: Criterion) -> str:
    return f"[{' / '.join(criterion.group)}] {criterion.text}" if criterion.group else criterion.text


def score(criteria: Sequence[Criterion], answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answers in the criteria's order, and the mean: over a group's criteria, then over its groups, and so on.

    That is CADBench's way. What the judge left out or was unsure of counts as not met; how often is told.
    """
    said: dict[int, Mapping[str, Any]] = {}
    for entry in answer.get("answers", []):
        if isinstance(entry, dict) and isinstance(entry.get("number"), int) and entry.get("answer") in _ANSWERS:
            said.setdefault(entry["number"], entry)
    answers = [
        {
            "criterion": one.text,
            "group": list(one.group),
            "answer": said.get(number, {}).get("answer", "missing"),
            "evidence": str(said.get(number, {}).get("evidence", ""))[:300],
        }
        for number, one in enumerate(criteria, 1)
    ]
    return {
        "answers": answers,
        "unsure": sum(entry["answer"] in ("unsure", "missing") for entry in answers),
        "score": _mean([(tuple(entry["group"]), float(entry["answer"] == "yes")) for entry in answers]),
    }


def _mean(marks: Sequence[tuple[tuple[str, ...], float]]) -> float | None:
    """The mean of the marks here, and of the means of the groups here, each with one voice."""
    if not marks:
        return None
    here = [mark for group, mark in marks if not group]
    below: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for group, mark in marks:
        if group:
            below.setdefault(group[0], []).append((group[1:], mark))
    means = [mean for inner in below.values() if (mean := _mean(inner)) is not None]
    return statistics.fmean([*([statistics.fmean(here)] if here else []), *means])
