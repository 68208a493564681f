"""Labels whose values come from outside, kept few: each new value is a new time series for ever."""

OTHER = "other"


class FewValues:
    """Lets the first `limit` values through as they are, and calls every later one `other`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """The label for this value."""
        if value in self._known:
            return value
        if len(self._known) >= self._limit:
            return OTHER
        self._known.add(value)
        return value
