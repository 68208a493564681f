"""How much a job may use, and how much it has."""

from dataclasses import dataclass

from cloud.agent.prices import TokenCounts

# So many model calls before the end the model is told to come to it.
_LAST_CALLS = 3


@dataclass
class Budget:
    """Counts one job's model calls, tokens and dollars against their limits.

    `max_tokens` counts every token, read, written or made (0: no limit): it also holds where nobody knows a model's
    price. `usd_sentence` and `token_sentence` are what the user is told at limits that are not the job's own.
    """

    max_steps: int
    max_usd: float
    steps: int = 0
    usd: float = 0.0
    max_tokens: int = 0
    tokens: int = 0
    usd_sentence: str = ""
    token_sentence: str = ""
    _last_usd: float = 0.0
    _last_tokens: int = 0

    def spend(self, tokens: TokenCounts, usd: float | None) -> None:
        """Count one whole answer and its price; one that is unknown counts as nothing."""
        self.steps += 1
        self._last_usd, self._last_tokens = usd or 0.0, tokens.total
        self.lose(tokens, usd)

    def lose(self, tokens: TokenCounts, usd: float | None) -> None:
        """Count what a call cost that gave no whole answer."""
        self.tokens += tokens.total
        # Money is in whole micro-dollars: no sum may drift off them.
        self.usd = round(self.usd + (usd or 0.0), 6)

    @property
    def exhausted(self) -> str | None:
        """A sentence for the user if no further call is allowed, else None."""
        if self.steps >= self.max_steps:
            return f"The job reached its limit of {self.max_steps} model calls."
        if self.max_tokens and self.tokens >= self.max_tokens:
            return self.token_sentence or f"The job reached its limit of {self.max_tokens:,} tokens."
        if self.usd >= self.max_usd or self.usd + self._sure_usd > self.max_usd:
            return self.usd_sentence or f"The job reached its limit of {self.max_usd:.2f} US dollars."
        return None

    @property
    def is_spent(self) -> bool:
        """Whether no money is left, or no tokens."""
        return self.usd >= self.max_usd or bool(self.max_tokens and self.tokens >= self.max_tokens)

    @property
    def warning(self) -> str | None:
        """A word for the model when little is left, else None."""
        left = self.max_steps - self.steps
        if self._last_usd > 0:
            left = min(left, int((self.max_usd - self.usd) / self._last_usd))
        if self.max_tokens and self._last_tokens:
            left = min(left, (self.max_tokens - self.tokens) // self._last_tokens)
        if left > _LAST_CALLS:
            return None
        if left <= 1:
            return "The budget is used up: this is your last reply. Call finish now, alone."
        return f"The budget allows about {left} more replies: leave the scene whole, then call finish."

    @property
    def _sure_usd(self) -> float:
        """What the next call costs at the very least: the last one's prompt, all of it read from the cache."""
        return self._last_usd / 12.5
