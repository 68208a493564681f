"""Which picture of a running job is shown: the newest that Blender has had the time to load. No Blender here."""

from pathlib import Path

LOADING_S = 1.0
"""Blender loads a picture in a thread when it is first drawn, and draws nothing meanwhile: 0.3 to 1 s were measured."""


class LivePicture:
    """Shows one picture until the next has been loaded, so that nothing flashes. Times are `time.monotonic()`."""

    def __init__(self) -> None:
        self._shown: Path | None = None
        self._coming: Path | None = None
        self._until_s = 0.0

    def take(self, newest: Path | None, now_s: float) -> tuple[Path | None, Path | None]:
        """Returns: the picture to show, and one to be drawn unseen so that Blender loads it; None where there is none.

        A picture that is being loaded is shown even if a newer one is there by then, else a fast job would show none.
        """
        if newest is None or self._shown is None:
            self._shown, self._coming = newest, None
        elif self._coming is not None:
            if now_s >= self._until_s:
                self._shown, self._coming = self._coming, None
        elif newest != self._shown:
            self._coming, self._until_s = newest, now_s + LOADING_S
        return self._shown, self._coming

    def is_due(self, newest: Path | None, now_s: float) -> bool:
        """Whether drawing the panel again would show another picture, or begin to load one."""
        if self._coming is not None:
            return now_s >= self._until_s
        return newest != self._shown
