"""A world that does not keep still while somebody acts: deeds right before a step or a look of his."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.store.locks import holder

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.core.model import Process
    from routewatch.core.snapshot import Snapshot
    from routewatch.core.steps import Step
    from tests.commands.desk import Desk

LEFT = "203.0.113.10/32"
AGAIN, AFTERWARDS = 1, 2  # the looks while the lock is held: right before the first step, and after the last
PUSHED_V4 = ("10.60.0.0/16 via 10.8.0.1 dev tun0", "10.61.0.0/16 via 10.8.0.1 dev tun0")


def before_step(desk: Desk, number: int, deed: Callable[[], None]) -> None:
    """Let something happen in the world right before the kernel is asked for the nth step."""
    apply = desk.host.apply
    asked = []

    def applied(step: Step) -> object:
        asked.append(step)
        if len(asked) == number:
            deed()
        return apply(step)

    desk.host.apply = applied  # type: ignore[method-assign, assignment]  # the world interferes


def before_look(desk: Desk, number: int, deed: Callable[[], None]) -> None:
    """Let something happen in the world right before the nth look of the one who acts."""
    observe = desk.host.observe
    looks = []

    def observed(also: tuple[Process, ...] = ()) -> Snapshot:
        if holder(desk.state, "act.lock") is not None:
            looks.append(also)
            if len(looks) == number:
                deed()
        return observe(also)

    desk.host.observe = observed  # type: ignore[method-assign]  # the world interferes
