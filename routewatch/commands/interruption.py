"""Notes the signals that would end us while steps are being taken, so that none is left half-done or untold.

Between two steps the one who acts asks whether a signal came. It knows nothing of what is being done.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType

# SIGHUP: the terminal went away, perhaps because of the very routes that are being changed
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)


class Interruption:
    """While it is entered, a signal to end is noted in ``came``; one that is ignored or handled already stays so."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.came = False
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        """Note signals from now on. Python handles them in the main thread only: elsewhere they stay as they are."""
        import threading

        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                handler = signal.getsignal(number)
                if handler in DEFAULTS:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal() itself returned

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.came = True
