"""routewatch with a plug that is pulled: SIGKILL right before or after one of its functions is called the nth time.

Nothing of the program is replaced: Python's own profiler (sys.setprofile) tells of each call and return, as a debugger
would. What stands on disk and in the kernel at that moment is what a power cut or ``kill -9`` there leaves. Each
command has a process of its own, forked and not started anew, as a story of many commands is told in a second then.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest

from tests.live.forked import CONFIGURATION, preload, said
from tests.live.person import Person, Said

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from tests.live.namespace import Namespace

EVENTS = {"before": "call", "after": "return"}


class Plug(NamedTuple):
    """When it is pulled; the function by its qualified name."""

    when: Literal["before", "after"]
    function: str
    number: int = 1


class Forked(Person):
    """A person whose commands run in processes forked from the test's."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        """Write a configuration with which nothing is waited for."""
        super().__init__(namespace, folder)
        preload()
        self.configuration.write_text(CONFIGURATION)

    def say(self, *words: str, **environment: str) -> Said:
        """Say one command without a terminal, and wait for its end."""
        assert not environment
        return self.namespace.call(said, self._common(words))

    def unplugged(self, plug: Plug, *words: str) -> None:
        """Say a command, and pull the plug in the middle of it. Raises AssertionError where it comes to an end."""
        with pytest.raises(AssertionError, match=f"without an answer: {-signal.SIGKILL}"):
            self.namespace.call(_unplugged, plug, self._common(words))

    def _common(self, words: tuple[str, ...]) -> list[str]:
        return [*words, "--config", str(self.configuration), "--state-dir", str(self.state)]


def _unplugged(plug: Plug, words: list[str]) -> Said:
    left = plug.number

    def told(frame: FrameType, event: str, _: object) -> None:
        nonlocal left
        if event == EVENTS[plug.when] and frame.f_code.co_qualname == plug.function:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(told)
    return said(words)
