"""How much a job may use, and how much it has."""

from dataclasses import dataclass


@dataclass
class Budget:
    """Counts one job's model calls and dollars against their limits."""

    max_steps: int
    max_usd: float
    steps: int = 0
    usd: float = 0.0

    def spend(self, usd: float) -> None:
        """Count one model call and its price."""
        self.steps += 1
        self.usd += usd

    @property
    def exhausted(self) -> str | None:
        """A sentence for the user if no further call is allowed, else None."""
        if self.steps >= self.max_steps:
            return f"The job reached its limit of {self.max_steps} model calls."
        if self.usd >= self.max_usd:
            return f"The job reached its limit of {self.max_usd:.2f} US dollars."
        return None
