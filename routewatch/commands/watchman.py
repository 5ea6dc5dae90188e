"""What the daemon does at each look: observe, follow, record, log; judge once a session is over; act where it may.

It knows nothing of sockets and signals: the loop that calls it is daemon.py. Whatever fails is logged and remembered
for `status`, and the next look is taken all the same.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from routewatch.commands.bringers import Bringers
from routewatch.commands.cleaning import clean_unattended
from routewatch.commands.deeds import Deeds
from routewatch.commands.observer import Observer, findings, open_findings
from routewatch.commands.recovery import recovered
from routewatch.commands.rescue import Rescue
from routewatch.commands.trouble import Trouble
from routewatch.core.baselines import same_table
from routewatch.core.evidence_for import SECOND_LOOK
from routewatch.core.memory import Event
from routewatch.core.sessions import Sight
from routewatch.errors import ObservationError, RoutewatchError, StateError
from routewatch.render.findings import author_text, gathered, kin_text, row_text
from routewatch.render.routes import printable
from routewatch.store.observations import HealthRow
from routewatch.store.places import Horizon

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from routewatch.commands.context import Context
    from routewatch.core.model import Change, Moment
    from routewatch.core.scene import Scene
    from routewatch.core.snapshot import Snapshot
    from routewatch.core.verdict import Finding
    from routewatch.host.port import Rings
    from routewatch.store.database import Store

BASELINE_EVERY = 300.0  # seconds
PRUNE_EVERY = 3600.0
CHANGES = 20_000  # kept between two looks; more count as a loss


class Watchman:
    """Takes the looks of the daemon."""

    def __init__(self, context: Context, store: Store, log: FilteringBoundLogger) -> None:
        """Take up the course where the store left it. Raises StateError."""
        self._context = context
        self._store = store
        self._log = log
        self._trouble = Trouble(log)
        self._deeds = Deeds(log)
        self._observer = Observer(context, store, writes=True, listens=True)
        self._bringers = Bringers()
        self._changes: list[Change] = []
        self._lost = False
        self._gap = ""  # in words, until the next look is followed
        self._gaps = 0
        self._error = ("", 0.0)
        self._started = context.host.now().wall
        self._baseline_at = self._pruned_at = float("-inf")
        self._told: frozenset[object] = frozenset()
        self._rested: Snapshot | None = None
        self._rejected = ""
        self._has_recovered = False
        self.rescue = Rescue(context, store, log)
        self.save_health()

    def hear(self, rings: Rings) -> None:
        """Keep what the doorbell told until the next look."""
        self._changes += rings.changes[: max(0, CHANGES - len(self._changes))]
        self._lost = self._lost or rings.lost or len(self._changes) >= CHANGES

    def overslept(self, gap: str, *, counts: bool) -> None:
        """Take note that nobody looked for too long; it ``counts`` where that is a failing of ours."""
        self._gap = gap
        self._gaps += counts

    def observe(self) -> Snapshot | None:
        """Take a snapshot; None where the system can't be read just now."""
        try:
            return self._context.host.observe(self._observer.also)
        except ObservationError as error:
            self._fail("not_observed", error)
            return None

    def is_as_before(self, snapshot: Snapshot) -> bool:
        """Tell whether the table is as at the look before: where nothing rang, only that says that it is at rest.

        No doorbell can be had everywhere, and a Mac's does not ring when an interface takes its rows along. The first
        look of all has waited, and is taken as it is: a VPN that comes before a second one would have no baseline.
        """
        last = self._observer.course.last
        return last is None or (same_table(last, snapshot) and last.links == snapshot.links)

    def follow(self, snapshot: Snapshot, *, settled: bool) -> None:
        """Follow a snapshot, and where it is settled judge it, keep it as a baseline, act on it.

        Raises StateError where the store turned out damaged: nothing more can be kept in it.
        """
        if not snapshot.complete:
            self._log.warning("incomplete_snapshot", unsure=list(snapshot.unsure), torn=list(snapshot.torn[:1]))
            return
        sight = Sight(snapshot=snapshot, changes=tuple(self._changes), lost=self._lost, settled=settled)
        self._gaps += self._lost
        gap, self._gap = self._gap, ""
        self._changes, self._lost = [], False
        self._bringers.hear(sight.changes)
        for event in self._observer.take(sight, gap).events:
            self._log_event(event)
        try:
            # after a rescue the table is another one, and looked at anew
            if not self._rescued() and settled and not snapshot.unsure:
                self._rested = snapshot
                self._consider(snapshot)
                self._prune(snapshot)
        except StateError as error:
            self._meet(error)
        self.save_health()
        self._mind_trouble()
        if self._store.is_damaged:
            raise StateError(f"{self._store.path} turned out damaged while it was in use.")

    def _mind_trouble(self) -> None:
        """Tell of what kept us from the store in this look, and when that is over."""
        if self._observer.trouble is not None:
            self._meet(self._observer.trouble)
        self._trouble.end_look(self._context.host.now().monotonic)

    def _meet(self, error: StateError) -> None:
        if self._store.is_damaged:
            return  # the loop sets it aside at once, and says that
        self._observer.trouble = self._observer.trouble or error
        now = self._context.host.now()
        self._error = (error.message, now.wall)
        self._trouble.meet(error, now.monotonic)

    def _consider(self, now: Snapshot) -> None:
        """Judge where something may be left over: a session is over, or was never judged."""
        scene = self._recovered(self._observer.scene(now))
        judged = findings(scene)
        found = open_findings(judged)
        self._tell_who_brings(judged)
        if self.second_look(now.taken) <= 0:
            self._tell(found)
            self._act(found)
        if not found and now.taken.boot - self._baseline_at >= BASELINE_EVERY:
            self._baseline_at = now.taken.boot
            self._observer.keep_baseline(now, "periodic")

    def _rescued(self) -> bool:
        """Take back what was not confirmed in time, where nobody else does; tell whether there was any."""
        try:
            return self.rescue.done(self._observer)
        except RoutewatchError as error:
            self._fail("not_taken_back", error)
            return False

    def rescue_due(self) -> float | None:
        """Return when to look after a cleanup that is to be confirmed (boot clock); None where nobody can say."""
        try:
            return self.rescue.due()
        except StateError as error:
            self._meet(error)
            return None

    def _prune(self, now: Snapshot) -> None:
        """Keep the store within its age and size; what open and leftover sessions rest on stays."""
        if now.taken.boot - self._pruned_at < PRUNE_EVERY:
            return
        self._pruned_at = now.taken.boot
        retention = self._context.settings.retention
        horizon = Horizon(now.place.boot, now.taken.boot - retention.age, now.taken.wall - retention.age)
        kept = {session.id for session in self._observer.course.sessions}
        self._store.events.prune(horizon, retention.size, kept)
        self._store.sessions.prune(horizon, kept)
        self._store.baselines.prune(horizon)
        self._store.journal.prune(horizon)

    def _recovered(self, scene: Scene) -> Scene:
        """Once after the start: close what a crash left open in the journal, and say so."""
        if self._has_recovered or self._observer.trouble is not None:
            return scene
        told = recovered(self._context, self._store, scene)
        self._has_recovered = True
        for line in told:
            self._log.warning("recovered", said=line.strip())
        return self._observer.scene(scene.now) if told else scene

    def second_look(self, now: Moment) -> float:
        """Return in how many seconds the last closed session is to be judged: after its grace and a second look.

        Time asleep is no time for a client to tear down.
        """
        closed = [s.closed.monotonic for s in self._observer.course.sessions if s.closed is not None]
        return max((at + max(self._context.settings.grace, SECOND_LOOK) - now.monotonic for at in closed), default=0.0)

    def _tell(self, found: tuple[Finding, ...]) -> None:
        """Log what was found, once as long as it stays the same; many that are one but for where they lead as one."""
        told = frozenset((finding.verdict, finding.row) for finding in found)
        news = [finding for finding in found if (finding.verdict, finding.row) not in self._told]
        for kin in [[finding] for finding in news] if self._context.verbose else gathered(news):
            finding = kin[0]
            self._log.warning(
                str(finding.verdict),
                row=kin_text(kin),
                confidence=finding.confidence,
                rule=finding.rule,
                because=finding.because,
                session=finding.session,
            )
        is_other, self._told = told != self._told, told
        if found and is_other and self._rested is not None:
            said = f"left over or missing: {len(found)}"
            self._observer.log(self._rested, Event(kind="orphans_found", at=self._rested.taken, detail=said))

    def _tell_who_brings(self, judged: tuple[Finding, ...]) -> None:
        """Log once of each row that came back after we had deleted it, and who brought it: it is left for good."""
        for finding, author in self._bringers.news(judged):
            by = author_text(author) or "by nobody who was seen"
            self._log.warning("came_back", row=row_text(finding.row), author=by, because=finding.because)

    def _act(self, found: tuple[Finding, ...]) -> None:
        if self._context.settings.automatic != "certain" or not any(f.confidence == "certain" for f in found):
            return
        if self._observer.trouble is not None:
            self._trouble.refuse()
            return
        try:
            cleaned = clean_unattended(self._context, self._store, self._observer)
            if cleaned is not None:
                self._deeds.tell(cleaned)
        except StateError as error:
            self._meet(error)
            self._trouble.refuse()
        except RoutewatchError as error:
            self._fail("not_cleaned", error)

    def stop(self) -> None:
        """Keep the last settled table, also as a baseline, so that the next start has one."""
        try:
            if self._rested is not None:
                self._observer.leave(self._rested)
            if self._rested is not None and not open_findings(findings(self._observer.scene(self._rested))):
                self._observer.keep_baseline(self._rested, "stop")
        except StateError as error:
            self._log.error("not_stored", message=error.message, hint=error.hint)

    def status(self) -> str:
        """Say in one line how it goes, for `systemctl status`."""
        running = [s for s in self._observer.course.sessions if s.is_open]
        sessions = ", ".join(f"{s.client or '?'} on {s.tunnel.name}" for s in running) or "no VPN session"
        return printable(f"{sessions}; {len(self._told)} rows left over{self._rejected}")

    def reject(self, error: RoutewatchError) -> None:
        """Say that a new configuration can't be used; the old one stays in force."""
        self._rejected = "; the new configuration was rejected, the old one stays in force"
        self._fail("configuration_rejected", error)
        self.save_health()

    def accept(self) -> None:
        """Take note that the configuration is one that can be used."""
        self._rejected = ""

    def _log_event(self, event: Event) -> None:
        row = event.route or event.policy_rule
        fields = {
            "row": row_text(row) if row is not None else None,
            "session": event.session,
            "author": author_text(event.author) or None,
            "detail": event.detail or None,
        }
        tell = self._log.warning if event.kind == "gap" else self._log.info
        tell(event.kind, **{name: value for name, value in fields.items() if value is not None})

    def _fail(self, what: str, error: RoutewatchError) -> None:
        if self._store.is_damaged:
            return  # the loop sets it aside at once, and says that
        self._error = (error.message, self._context.host.now().wall)
        self._log.error(what, message=error.message, hint=error.hint)

    def save_health(self) -> None:
        """Tell `status` how the daemon is; where even that can't be stored, the log says why."""
        if self._observer.trouble is not None:
            return  # the lock that held up the look would hold this up, too
        last = self._observer.course.last
        row = HealthRow(
            place=self._context.host.place(),
            pid=os.getpid(),
            started=self._started,
            snapshot=last.taken.wall if last else None,
            gaps=self._gaps + self._observer.gaps,
            error=self._error[0],
            error_at=self._error[1] or None,
        )
        try:
            self._store.observations.save_health(row)
        except StateError as error:
            self._meet(error)
