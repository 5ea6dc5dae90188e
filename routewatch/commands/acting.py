"""Takes the steps of a plan: each is in the journal before it is tried, and its outcome before the next one is.

That is one commit a step. Who is killed in between leaves a step "doing", as does a table that can't be read when the
step was tried: what became of it, the next look at the table tells.
One step at a time. A failure ends its group and takes back what was done of it; a lack of privilege, a table that can't
be read, a journal that can't be written or a signal (once the group that is begun is whole) ends it all, and what was
done until then is reported. What was done is proven by the next look at the table, not by the kernel's answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from routewatch.commands.archive import CAME_BACK, StoredStep, pack
from routewatch.commands.interruption import Interruption
from routewatch.core.steps import Step, Taken, inverse
from routewatch.errors import (
    InterruptedBySignalError,
    KernelRefusedError,
    ObservationError,
    PermissionRefusedError,
    RoutewatchError,
    StateError,
)
from routewatch.store.journal import CleanupRow, Kind, Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routewatch.core.guard import Guard
    from routewatch.core.scene import Scene
    from routewatch.core.steps import Status
    from routewatch.host.port import Host
    from routewatch.store.journal import Journal


NOT_TRIED = "nothing more was tried"
TAKING_BACK = "its group failed: it is being taken back"


class Intent(Struct, frozen=True, kw_only=True):
    """A step to be taken; or one that was planned and is not right any more, with the reason."""

    stored: StoredStep
    why_not: str = ""


class Acted(Struct, frozen=True, kw_only=True):
    """A cleanup or undo that was carried out, as far as it came; ``stopped`` is what ended it before its end.

    ``unsure`` are the numbers of steps of which only the table can tell whether the kernel did them, or took them back;
    ``unmet`` those of steps that were not taken, and that nobody else did either.
    """

    cleanup: int
    taken: tuple[Taken, ...] = ()
    stopped: RoutewatchError | None = None
    unsure: frozenset[int] = frozenset()
    unmet: frozenset[int] = frozenset()


class Actor:
    """Takes the steps of one cleanup."""

    def __init__(self, journal: Journal, host: Host, guard: Guard, arm: Callable[[int], None] | None = None) -> None:
        """Act on this host, and write it down here; the guard watches over the table as it is now.

        ``arm`` is called with the number of the cleanup before the first step, and raises StateError where nothing
        may be done.
        """
        self._arm = arm
        self._journal = journal
        self._host = host
        self._guard = guard
        self._cleanup = 0
        self._taken: list[Taken] = []
        self._stopped: RoutewatchError | None = None
        self._broken: set[str] = set()
        self._unsure: set[int] = set()
        self._owed: list[Mark] = []  # outcomes that go into the journal with the next step's beginning

    def act(self, intents: Sequence[Intent], undoes: int | None = None) -> Acted:
        """Write all down, take the steps in their order. Raises StateError where nothing could be written or done."""
        now = self._host.now()
        kind: Kind = "cleanup" if undoes is None else "undo"
        row = CleanupRow(place=self._host.place(), wall=now.wall, boot=now.boot, kind=kind, undoes=undoes)
        self._cleanup = self._journal.begin(row, [pack(intent.stored) for intent in intents])
        with Interruption() as interruption:
            self._stopped = self._unarmed()
            try:
                self._take_all(intents, interruption)
            finally:
                self._write()
        came_too_late = self._may_finish() and all(entry.detail != NOT_TRIED for entry in self._taken)
        stopped = None if came_too_late else self._stopped
        unsure = frozenset(self._unsure)
        return Acted(cleanup=self._cleanup, taken=tuple(self._taken), stopped=stopped, unsure=unsure)

    def _unarmed(self) -> StateError | None:
        """Return what keeps the way back from being armed, where it is to be."""
        try:
            if self._arm is not None:
                self._arm(self._cleanup)
        except StateError as error:
            return error
        return None

    def _take_all(self, intents: Sequence[Intent], interruption: Interruption) -> None:
        for n, intent in enumerate(intents, start=1):
            if interruption.came and self._stopped is None:
                self._stopped = InterruptedBySignalError("interrupted by a signal")
            self._taken.append(self._take(n, intent))
            if self._taken[-1].status == "failed":
                self._break(intent.stored.step.group)

    def _take(self, n: int, intent: Intent) -> Taken:
        step = intent.stored.step
        why_not = intent.why_not or self._obstacle(step) or self._refusal(step)
        if not why_not:
            self._write(Mark(n, "doing"))
            why_not = self._obstacle(step)  # an act that could not be written down is not done
        if why_not:
            return self._marked(Taken(n=n, step=step, status="skipped", detail=why_not))
        taken = self._attempt(n, step)
        return taken if n in self._unsure else self._marked(taken)  # it stays "doing", for whoever sees the table next

    def _refusal(self, step: Step) -> str:
        """Say what is against a step after those that were done: the plan took all before it for done.

        As after a failure, what was done of its group is taken back.
        """
        objection = self._guard.objection(step)
        if objection is None:
            return ""
        self._break(step.group)
        return f"{objection.sentence}, now that an earlier step was not taken"

    def _obstacle(self, step: Step) -> str:
        if self._stopped is not None and not (self._is_begun(step.group) and self._may_finish()):
            return NOT_TRIED
        return "an earlier step of its group failed" if step.group in self._broken else ""

    def _is_begun(self, group: str) -> bool:
        return bool(group) and any(entry.step.group == group and entry.status == "done" for entry in self._taken)

    def _may_finish(self) -> bool:
        """Tell whether a group that is begun may be finished: a signal can wait for that, nothing else can."""
        return isinstance(self._stopped, InterruptedBySignalError)

    def _attempt(self, n: int, step: Step) -> Taken:
        try:
            outcome = self._host.apply(step)
        except PermissionRefusedError as error:
            self._stopped = error
            return Taken(n=n, step=step, status="failed", detail=error.message)
        except KernelRefusedError as error:
            return Taken(n=n, step=step, status="failed", detail=f"the kernel refused: {error.message}")
        except ObservationError as error:  # nothing is done blindly: who can't read the rows beside it stops
            self._stopped = error
            self._unsure.add(n)
            return Taken(n=n, step=step, status="failed", detail=f"the table could not be read: {error.message}")
        self._guard.done(step)
        if outcome == "done":
            return Taken(n=n, step=step, status="done")
        gone = "it was gone already, or was not this very row any more"
        return Taken(n=n, step=step, status="skipped", detail=gone if outcome == "absent" else "it was there already")

    def _break(self, group: str) -> None:
        """Undo the steps of a group that were done before one of it failed, the last first."""
        if not group:
            return
        self._broken.add(group)
        for place in range(len(self._taken) - 1, -1, -1):
            entry = self._taken[place]
            if entry.status == "done" and entry.step.group == group:
                back = self._taken_back(entry)
                self._taken[place] = back if entry.n in self._unsure else self._marked(back)
                self._write()

    def _taken_back(self, entry: Taken) -> Taken:
        try:
            # Written down first as any act is: after a crash a "done" here would accuse somebody of bringing it back.
            self._journal.mark_all(self._cleanup, (*self._owed, Mark(entry.n, "doing", TAKING_BACK)))
            self._owed.clear()
            self._host.apply(inverse(entry.step))
            self._guard.done(inverse(entry.step))
        except RoutewatchError as error:
            if isinstance(error, ObservationError):
                self._unsure.add(entry.n)
            return replace(entry, detail=f"its group failed, and it could not be taken back: {error.message}")
        return replace(entry, status="undone", detail="its group failed, so it was taken back")

    def _marked(self, taken: Taken) -> Taken:
        self._owed.append(Mark(taken.n, taken.status, taken.detail))
        return taken

    def _write(self, *marks: Mark) -> None:
        """Write down what is owed, and these."""
        try:
            self._journal.mark_all(self._cleanup, (*self._owed, *marks))
        except StateError as error:
            if self._stopped is None or self._may_finish():
                self._stopped = error  # a signal lets a group be finished, this does not
        else:
            self._owed.clear()


def verify(journal: Journal, acted: Acted, scene: Scene) -> Acted:
    """Compare what was done with the table as it is now; a step the table doesn't show has failed."""
    found = tuple(_found(entry, acted, scene) for entry in acted.taken)
    pairs = zip(found, acted.taken, strict=True)
    news = [entry for entry, before in pairs if entry != before or entry.n in acted.unsure]
    if news:
        journal.mark_all(acted.cleanup, [Mark(entry.n, entry.status, entry.detail) for entry in news])
    unmet = frozenset(entry.n for entry in found if entry.status == "skipped" and not shows(entry.step, scene))
    return replace(acted, taken=found, unmet=unmet)


def _found(entry: Taken, acted: Acted, scene: Scene) -> Taken:
    """Return what became of a step as the table tells it."""
    is_shown = shows(entry.step, scene)
    if entry.n in acted.unsure and is_shown != (entry.status == "done"):
        status: Status = "done" if is_shown else "undone"
        became = "done" if is_shown else "taken back"
        return replace(entry, status=status, detail=f"{entry.detail}; the table shows that it was {became}")
    if entry.status != "done" or is_shown:
        return entry
    detail = CAME_BACK if entry.step.action == "delete" else "the table does not show it"
    return replace(entry, status="failed", detail=detail)


def unverified(error: RoutewatchError) -> RoutewatchError:
    """Say of an error that came when all was done that it hindered the proof alone."""
    if not isinstance(error, ObservationError):
        return error
    hint = "the next command that can read the table tells what became of each step"
    return ObservationError(f"what was done could not be verified: {error.message}", hint)


def shows(step: Step, scene: Scene) -> bool:
    """Tell whether the table is as the step wants it."""
    there = scene.has(step.route) if step.route is not None else step.policy_rule in scene.now.rules
    return there == (step.action != "delete")
