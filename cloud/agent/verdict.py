"""What a reviewer says of a finished scene, the rules that it is held against, and which of two is the better."""

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloud.agent.part_names import single_names

REQUIREMENTS_LIMIT = 60
DEFECTS_LIMIT = 40
_TEXT_LIMIT_CHARS = 600


class Requirement(BaseModel):
    """One thing that was asked for, and whether it is there. `evidence` says what shows it: a view, a number."""

    model_config = ConfigDict(extra="forbid")

    text: str
    status: Literal["met", "partly", "not"]
    evidence: str = ""


class Defect(BaseModel):
    """Something that is wrong, and what to do about it. `objects` are names in the scene."""

    model_config = ConfigDict(extra="forbid")

    severity: Literal["critical", "major", "minor"]
    what: str
    mend: str
    objects: list[str] = []


class Verdict(BaseModel):
    """Whether the scene can be handed over (`pass`) or has to be mended first."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["pass", "mend"]
    summary: str = ""
    requirements: Annotated[list[Requirement], Field(max_length=REQUIREMENTS_LIMIT)] = []
    defects: Annotated[list[Defect], Field(max_length=DEFECTS_LIMIT)] = []

    @property
    def unmet(self) -> list[Requirement]:
        """What was asked for and is not there, wholly missing things first."""
        missing = [each for each in self.requirements if each.status == "not"]
        return missing + [each for each in self.requirements if each.status == "partly"]

    def count(self, severity: str) -> int:
        """How many defects are as severe as this."""
        return sum(defect.severity == severity for defect in self.defects)


class VerdictFault(Exception):
    """The answer is no verdict; the message tells the model what to change."""


def read_verdict(answer: dict[str, Any], objects: Collection[str]) -> Verdict:
    """The verdict that the answer is, made to agree with itself. `objects` are the names in the scene.

    Objects that the scene does not have are left out, those of a fold (`Leg 1…9`) all named. What passes has no
    critical defect and nothing that is wholly missing; what has nothing but minor defects needs no mend.

    Raises: VerdictFault.
    """
    lists = {"requirements": REQUIREMENTS_LIMIT, "defects": DEFECTS_LIMIT}
    cut = {
        key: value[: lists[key]] if key in lists and isinstance(value, list) else value for key, value in answer.items()
    }
    try:
        verdict = Verdict.model_validate(cut)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"]) or "the whole"
        raise VerdictFault(f"{where}: {wrong['msg']}.") from error
    if not verdict.requirements and not verdict.defects:
        raise VerdictFault("requirements: empty; list what was asked for, each with its status.")
    return Verdict(
        decision=_decision(verdict),
        summary=_short(verdict.summary),
        requirements=[
            Requirement(text=_short(each.text), status=each.status, evidence=_short(each.evidence))
            for each in verdict.requirements
        ],
        defects=[
            Defect(
                severity=each.severity,
                what=_short(each.what),
                mend=_short(each.mend),
                objects=single_names(each.objects, objects),
            )
            for each in verdict.defects
        ],
    )


def is_worse(verdict: Verdict, than: Verdict) -> bool:
    """Whether a mend made the scene worse: by critical defects, then major ones, then what is missing, then minor."""
    return verdict.decision == "mend" and _badness(verdict) > _badness(than)


def _badness(verdict: Verdict) -> tuple[int, int, int, int]:
    missing = sum(2 if each.status == "not" else 1 for each in verdict.unmet)
    return verdict.count("critical"), verdict.count("major"), missing, verdict.count("minor")


def _decision(verdict: Verdict) -> Literal["pass", "mend"]:
    if verdict.count("critical") or any(each.status == "not" for each in verdict.requirements):
        return "mend"
    return verdict.decision if verdict.count("major") or verdict.unmet else "pass"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _TEXT_LIMIT_CHARS else text[: _TEXT_LIMIT_CHARS - 1].rstrip() + "…"
