"""What wakes the daemon beside the kernel: signals, and a changed configuration file. Both end in one pipe.

It tells that something happened, never what to do about it. The file is compared, because what a watcher says about
files is a hint: editors replace, links are swapped, folders go and come back.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Self

from routewatch.host.watched import Watch, fingerprint

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType, TracebackType

STOP, RELOAD, CONFIG = "stop", "reload", "config"
_SIGNALS = {signal.SIGTERM: STOP, signal.SIGINT: STOP, signal.SIGHUP: RELOAD}


class Wakeups:
    """A descriptor to wait on, and what woke us. Make it in the main thread: Python handles signals only there."""

    def __init__(self, configuration: Path | None = None) -> None:
        """Take over SIGTERM, SIGINT and SIGHUP, and watch this file where one is named."""
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._pending: dict[str, bool] = {}
        # The interpreter's own handler writes as well: the signal may have reached another thread than ours.
        self._fd_before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._signalled) for number in _SIGNALS}
        self._configuration = configuration
        self._seen = fingerprint(configuration)
        self._watch = Watch(configuration, self._file_touched) if configuration else None

    @property
    def unwatched(self) -> str:
        """Say why the configuration is compared only when changed() is called; "" where its folder is watched."""
        return self._watch.trouble if self._watch else ""

    def fileno(self) -> int:
        """Return the descriptor that becomes readable."""
        return self._reading

    def drain(self) -> set[str]:
        """Return what happened since the last call: "stop", "reload", "config". It doesn't block."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reading, 4096):
                pass
        # Read first, then collect: what comes in between is collected now, and wakes us once more for nothing.
        return {word for word in (STOP, RELOAD, CONFIG) if self._pending.pop(word, False)}

    def changed(self) -> bool:
        """Tell whether the configuration file is another than at the last call.

        Call it 250 ms after "config", when the writer has finished, and at each poll: it also mends the watch on a
        folder that went and came back.
        """
        if self._watch:
            self._watch.mend()
        before, self._seen = self._seen, fingerprint(self._configuration)
        return before != self._seen

    def close(self) -> None:
        """Stop watching, and give the signals back."""
        if self._watch:
            self._watch.close()
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.set_wakeup_fd(self._fd_before)
        os.close(self._writing)
        os.close(self._reading)

    def __enter__(self) -> Self:
        """Return the wake-ups themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close them."""
        self.close()

    def _signalled(self, number: int, _: FrameType | None) -> None:
        self._wake(_SIGNALS[signal.Signals(number)])

    def _file_touched(self) -> None:
        # From the watcher's thread. A storm of file events is one wake-up, so that the pipe can't fill with them.
        if CONFIG not in self._pending:
            self._wake(CONFIG)

    def _wake(self, word: str) -> None:
        self._pending[word] = True
        # A full pipe wakes us just as well
        with contextlib.suppress(BlockingIOError):
            os.write(self._writing, b"\0")
