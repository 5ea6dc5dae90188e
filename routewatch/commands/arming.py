"""Arms the automatic undo of a cleanup before its first step, and ends that once it is not needed any more.

Armed is a cleanup whose deadline is on disk, and for which a process of its own waits that outlives this one and its
terminal (armed.py). That process holds a lock whose file is named after the cleanup; it waits as long as that is there.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from routewatch.config.values import positive_duration
from routewatch.errors import RoutewatchError, StateError, UsageError
from routewatch.render.times import DAY, span
from routewatch.store.confirmations import ConfirmationRow
from routewatch.store.locks import Armed, holder

if TYPE_CHECKING:
    from collections.abc import Callable

    from routewatch.commands.context import Context
    from routewatch.store.database import Store

SHORTEST, LONGEST = 1.0, float(DAY)  # seconds in which a person can answer, and after which nobody remembers


def armed_lock(cleanup: int) -> Armed:
    """Return the lock of the process that waits for the deadline of a cleanup."""
    return Armed(f"armed-{cleanup}.lock")


def confirmation_time(text: str | None) -> float | None:
    """Read the time of --confirm-within, in seconds. Raises UsageError."""
    if text is None:
        return None
    try:
        seconds = positive_duration(text)
    except ValueError as error:
        raise UsageError(f"--confirm-within {error}", "such as: --confirm-within 60s") from error
    if not SHORTEST <= seconds <= LONGEST:
        raise UsageError(f"--confirm-within must be from {span(SHORTEST)} to {span(LONGEST)}, not {text}")
    return seconds


def arming(context: Context, store: Store, within: float) -> Callable[[int], None]:
    """Return what arms a cleanup by its number, to be confirmed within so many seconds from then on."""

    def arm(cleanup: int) -> None:
        deadline = context.host.now().boot + within
        store.confirmations.add(ConfirmationRow(cleanup=cleanup, within=within, deadline=deadline))
        try:
            context.host.start_detached(_waiter(context, cleanup))
        except RoutewatchError as error:
            disarm(context, store, cleanup)
            hint = "nothing was changed; without --confirm-within no such process is needed"
            raise StateError(f"the automatic undo could not be armed: {error.message}", hint) from error

    return arm


def disarm(context: Context, store: Store, cleanup: int) -> None:
    """Forget that a cleanup was to be confirmed: nothing of it stands. Raises StateError."""
    store.confirmations.drop(cleanup)
    dismiss(context, cleanup)


def dismiss(context: Context, cleanup: int) -> None:
    """Let the process that waits for the deadline of a cleanup go: it looks for its file each second."""
    with suppress(OSError):  # it asks the store at the deadline in any case
        (context.state_dir / armed_lock(cleanup)).unlink()


def is_awaited(context: Context, cleanup: int) -> bool:
    """Tell whether a process waits for the deadline of a cleanup. Raises StateError."""
    return holder(context.state_dir, armed_lock(cleanup)) is not None


def _waiter(context: Context, cleanup: int) -> list[str]:
    """Return the arguments of the process that waits; it runs in another folder, so paths are absolute."""
    given = context.options.config
    configuration = ["--config", str(Path(given).absolute())] if given else []
    common = ["--state-dir", str(context.state_dir.absolute()), *configuration]
    return ["undo", str(cleanup), "--unless-confirmed", "--quiet", *common]
