"""Holds each disturbed job against the undisturbed one of the same prompt, and says in words what differs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scripts.bench.disturbed.clients import SentJob
from scripts.bench.disturbed.records import JobRecord, SnapshotRecord
from scripts.bench.disturbed.scenes import Pair
from scripts.bench.disturbed.stand_in import ModelCall

_ROWS_SHOWN = 3


@dataclass
class Verdict:
    """What is wrong with one job; all empty and zero when nothing is."""

    lost: bool = False
    double_applied: int = 0
    repeated_calls: int = 0
    missing_events: int = 0
    cut_calls: int = 0
    unused_calls: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """The job ended as in the undisturbed run, and cost no more."""
        return not (self.lost or self.double_applied or self.repeated_calls or self.missing_events or self.differences)


def judge(sent: SentJob, record: JobRecord | None, wanted: JobRecord, calls: Sequence[ModelCall]) -> Verdict:
    """Everything but the scenes: see `judge_scenes`."""
    verdict = Verdict()
    if record is None:
        verdict.lost = True
        verdict.differences.append(f"its rows were not found: {sent.refused or 'the stack had ended'}")
        return verdict
    verdict.lost = (record.state, record.outcome) != (wanted.state, wanted.outcome)
    if verdict.lost:
        verdict.differences.append(f"ended as {record.state}/{record.outcome} {record.error or ''}".strip())
    _judge_doubles(verdict, record, wanted)
    _judge_calls(verdict, record, calls)
    _judge_events(verdict, sent, record)
    _judge_contents(verdict, record, wanted)
    return verdict


def scene_pairs(record: JobRecord, wanted: JobRecord) -> list[Pair]:
    """The scenes to compare: each kept snapshot, in order, and the file that the user gets."""
    pairs = [(ours.sha256, theirs.sha256) for ours, theirs in zip(wanted.snapshots, record.snapshots, strict=False)]
    ours, theirs = _blend_of(wanted), _blend_of(record)
    return [*pairs, (ours, theirs)] if ours and theirs else pairs


def judge_scenes(verdict: Verdict, record: JobRecord, wanted: JobRecord, found: Mapping[Pair, list[str]]) -> None:
    """Add what differs between the scenes; objects that are there more than once count as applied twice."""
    for number, pair in enumerate(scene_pairs(record, wanted), 1):
        if differences := found.get(pair, []):
            verdict.differences.append(f"scene {number}: {'; '.join(differences[:_ROWS_SHOWN])}"[:400])
            if any("objects/" in text and "only in the second" in text for text in differences):
                verdict.double_applied += 1


def _judge_doubles(verdict: Verdict, record: JobRecord, wanted: JobRecord) -> None:
    doubles = Counter(_key_of(snapshot) for snapshot in record.snapshots)
    doubles.subtract(Counter(_key_of(snapshot) for snapshot in wanted.snapshots))
    extra = [key for key, count in doubles.items() if count > 0]
    extra_jobs = max(0, record.jobs_in_project - wanted.jobs_in_project)
    finished = Counter(name for name in record.lasting_events if name[0] in ("step.started", "step.finished"))
    repeated = [name for name, count in finished.items() if count > 1]
    verdict.double_applied = len(extra) + len(repeated) + extra_jobs
    verdict.differences += [f"snapshot of step {step} {title!r} is there once more" for step, title, _ in extra]
    verdict.differences += [f"event {' '.join(name)} came {finished[name]} times" for name in repeated]
    if extra_jobs:
        verdict.differences.append(f"{extra_jobs} more jobs in its project")
    if _unchained := [s.step for s in record.snapshots[1:] if s.parent is None]:
        verdict.differences.append(f"snapshots of steps {_unchained} have no parent")
    if record.snapshots and record.head != record.snapshots[-1].sha256:
        verdict.differences.append("the project's scene is not the last snapshot")


def _judge_calls(verdict: Verdict, record: JobRecord, calls: Sequence[ModelCall]) -> None:
    """A call is repeated if it asks for a turn that the transcript held when it came."""
    roles = {message["seq"]: message["role"] for message in record.messages}
    for call in calls:
        answer = call.turns + 1
        if roles.get(answer) == "assistant" and record.created[answer] < call.at:
            verdict.repeated_calls += 1
            verdict.differences.append(
                f"turn {answer} was asked for again {call.at - record.created[answer]:.2f} s after it was kept"
            )
        verdict.cut_calls += not call.whole
    asked = Counter(call.turns + 1 for call in calls if call.whole)
    turns = [seq for seq, role in roles.items() if role == "assistant"]
    verdict.unused_calls = sum(asked.values()) - len(turns)
    if never := [seq for seq in turns if not asked[seq]]:
        verdict.differences.append(f"turns {never} are in the transcript, but no whole call gave them")
    if record.paid_turns != turns:
        verdict.differences.append(f"the ledger has turns {record.paid_turns}, the transcript {turns}")
    if record.paid_cut_calls > verdict.cut_calls:
        verdict.differences.append(f"{record.paid_cut_calls} cut-off calls are paid for, of {verdict.cut_calls}")


def _judge_events(verdict: Verdict, sent: SentJob, record: JobRecord) -> None:
    """The client must have seen each row once and in order, and the rows must count from 1."""
    kept = [event["seq"] for event in record.events]
    expected = list(range(1, len(kept) + 1))
    missing = Counter(expected)
    missing.subtract(Counter(sent.seen))
    wrong = [(seq, count) for seq, count in sorted(missing.items()) if count]
    gaps = sum(1 for seq, place in zip(kept, expected, strict=True) if seq != place)
    verdict.missing_events = len(wrong) + gaps + (0 if wrong or sent.seen == sorted(sent.seen) else 1)
    if verdict.missing_events:
        told = ", ".join(f"{'missing' if count > 0 else 'twice'}: {seq}" for seq, count in wrong[:5])
        verdict.differences.append(f"events of {len(kept)}: {told or 'out of order or with gaps'} {sent.refused}")


def _judge_contents(verdict: Verdict, record: JobRecord, wanted: JobRecord) -> None:
    if record.transcript != wanted.transcript:
        verdict.differences.append(_first_difference("transcript", record.transcript, wanted.transcript))
    ours = [(s.step, s.title, s.code) for s in record.snapshots]
    theirs = [(s.step, s.title, s.code) for s in wanted.snapshots]
    if ours != theirs:
        verdict.differences.append(_first_difference("snapshots", ours, theirs))
    ours = [(step["number"], step["tool"], step["title"], step["result"] is not None) for step in record.steps]
    theirs = [(step["number"], step["tool"], step["title"], step["result"] is not None) for step in wanted.steps]
    if ours != theirs:
        verdict.differences.append(_first_difference("steps", ours, theirs))
    for what in ("objects", "triangles", "steps", "summary", "not_built"):
        if record.result.get(what) != wanted.result.get(what):
            verdict.differences.append(f"result.{what} is {record.result.get(what)}, not {wanted.result.get(what)}")
    _judge_counts(verdict, "files", [(a["kind"], a["name"]) for a in record.artifacts], wanted.artifacts)
    events = Counter(record.lasting_events)
    events.subtract(Counter(wanted.lasting_events))
    # A call that a fault cut off is paid for too: it has its row in the ledger, and the event of that row.
    events[("usage",)] -= record.paid_cut_calls
    if wrong := {" ".join(name): count for name, count in events.items() if count}:
        verdict.differences.append(f"events more (+) or fewer (-) than undisturbed: {wrong}"[:400])


def _judge_counts(
    verdict: Verdict, what: str, ours: Sequence[tuple[str, str]], theirs: Sequence[Mapping[str, str]]
) -> None:
    counted = Counter(ours)
    counted.subtract(Counter((row["kind"], row["name"]) for row in theirs))
    if wrong := {" ".join(key): count for key, count in counted.items() if count}:
        verdict.differences.append(f"{what} more (+) or fewer (-) than undisturbed: {wrong}"[:400])


def _first_difference(what: str, ours: Sequence[object], theirs: Sequence[object]) -> str:
    for number, (one, other) in enumerate(zip(ours, theirs, strict=False), 1):
        if one != other:
            first, second = str(one), str(other)
            at = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), 0)
            begin = max(0, at - 60)
            return f"{what} {number}: …{first[begin : at + 120]!r}, undisturbed …{second[begin : at + 120]!r}"
    return f"{what}: {len(ours)}, undisturbed {len(theirs)}"


def _key_of(snapshot: SnapshotRecord) -> tuple[int, str, str]:
    return snapshot.step, snapshot.title, snapshot.code


def _blend_of(record: JobRecord) -> str | None:
    return next((row["sha256"] for row in record.artifacts if row["name"].endswith(".blend")), None)
