"""Who comes when, how long their jobs take, and how long they think between two: the load of a simulation.

All of it is drawn from one seed. The distributions are assumptions, of which none was measured on real users; they
are written once, here, and told in `k8s/SCALE.md`.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from uuid import UUID

HOUR_S = 3600.0


@dataclass(frozen=True)
class Spread:
    """A log-normal distribution by its median and its 95th percentile, in seconds, cut at `most_s`."""

    median_s: float
    p95_s: float
    most_s: float = math.inf

    def draw(self, chance: random.Random) -> float:
        sigma = math.log(self.p95_s / self.median_s) / 1.6449
        return min(self.median_s * math.exp(chance.gauss(0.0, sigma)), self.most_s)


@dataclass(frozen=True)
class Habits:
    """What one user does once they have come: some jobs one after the other, each looked at for a while."""

    jobs_mean: float = 5.0
    job: Spread = field(default_factory=lambda: Spread(100.0, 420.0, 3000.0))
    think: Spread = field(default_factory=lambda: Spread(90.0, 900.0, 3600.0))


@dataclass(frozen=True)
class Visit:
    """One user's sitting: begins at `at_s`; each job's length, and the pause before the next."""

    at_s: float
    user_id: UUID
    jobs: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Pattern:
    """How visits are spread. `rate` is of one user, in visits an hour, by the hour since the begin."""

    name: str
    hours: float
    rate: Callable[[float], float]
    measured_from_h: float = 0.0
    class_of: int = 0
    class_at_h: float = 0.0


def _office(hour: float) -> float:
    """From 7 to 19 o'clock: two humps with a dip at noon, 1.5 visits a day."""
    clock = hour + 7.0
    humps = math.exp(-(((clock - 10.0) / 1.4) ** 2)) + 0.9 * math.exp(-(((clock - 14.7) / 1.6) ** 2))
    return 1.5 * (humps + 0.02) / 5.27


def _steady(_hour: float) -> float:
    return 1.5 / 24.0


def _spike(hour: float) -> float:
    """The steady rate; ten times of it for half an hour from 1:00 on."""
    return _steady(hour) * (10.0 if 1.0 <= hour < 1.5 else 1.0)


PATTERNS = {
    "steady": Pattern("steady", 4.0, _steady, measured_from_h=1.0),
    "office": Pattern("office", 12.0, _office),
    "spike": Pattern("spike", 3.0, _spike, measured_from_h=0.5),
    "class": Pattern("class", 2.5, _steady, measured_from_h=0.5, class_of=300, class_at_h=1.0),
}


def pattern_of(name: str, class_of: int = 0) -> Pattern:
    """The pattern of this name; `class_of` changes the size of a class."""
    pattern = PATTERNS[name]
    return replace(pattern, class_of=class_of) if pattern.class_of and class_of else pattern


def visits(pattern: Pattern, users: int, habits: Habits, seed: int) -> Iterator[Visit]:
    """The visits in their order. A pattern's class comes within a minute, and each of it is a user of their own."""
    chance = random.Random(seed)
    highest = max(pattern.rate(minute / 60.0) for minute in range(int(pattern.hours * 60) + 1))
    drawn: list[tuple[float, int]] = []
    turns = chance.sample(
        range(users), users
    )  # nobody comes again before all others: no two visits at once of one user
    hour = 0.0
    while users and highest:
        hour += chance.expovariate(users * highest)  # thinning: Lewis and Shedler, 1979
        if hour >= pattern.hours:
            break
        if chance.random() * highest <= pattern.rate(hour):
            drawn.append((hour * HOUR_S, turns[len(drawn) % users]))
    for number in range(pattern.class_of):
        drawn.append((pattern.class_at_h * HOUR_S + chance.uniform(0.0, 60.0), users + number))
    for at_s, number in sorted(drawn):
        jobs = 1 + _geometric(chance, habits.jobs_mean - 1.0)
        yield Visit(
            at_s,
            UUID(int=(seed << 64) | number, version=4),
            tuple((habits.job.draw(chance), habits.think.draw(chance)) for _ in range(jobs)),
        )


def _geometric(chance: random.Random, mean: float) -> int:
    """How many, with this mean, 0 being the likeliest."""
    return int(math.log(1.0 - chance.random()) / math.log(mean / (1.0 + mean))) if mean > 0 else 0
