"""What can't be told of a look that comes long after the one before it, with nobody listening in between.

Whatever changed meanwhile bears the time of the look, which is no time at all: what is tied to a session by nothing but
that is untied again. What an interface or an author ties stays. How ties come about is not known here, nor when a
time without looks is worth telling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.memory import Event
from routewatch.render.times import span

if TYPE_CHECKING:
    from routewatch.core.memory import Session, Trace
    from routewatch.core.model import Moment
    from routewatch.core.sessions import Followed

UP_ALREADY = "no baseline: it was up already"


def untied(followed: Followed, since: float) -> Followed:
    """Return what a look led to, without the ties by time of changes whose time nobody knows.

    These are the changes that bear a time from ``since`` on (boot clock).
    """
    guessed = {
        trace.row
        for session in followed.sessions
        for trace in (*session.appeared, *session.vanished)
        if _is_guess(trace, since)
    }
    if not guessed:
        return followed
    return replace(
        followed,
        course=replace(followed.course, sessions=tuple(_without_guesses(s, since) for s in followed.course.sessions)),
        sessions=tuple(_without_guesses(s, since) for s in followed.sessions),
        events=tuple(
            replace(event, session=None) if (event.route or event.policy_rule) in guessed else event
            for event in followed.events
        ),
    )


def _is_guess(trace: Trace, since: float) -> bool:
    """Tell whether such a time is all that ties it: a change that was heard at once bears its own."""
    return trace.tie == "time" and trace.at.boot >= since


def _without_guesses(session: Session, since: float) -> Session:
    return replace(
        session,
        appeared=tuple(trace for trace in session.appeared if not _is_guess(trace, since)),
        vanished=tuple(trace for trace in session.vanished if not _is_guess(trace, since)),
    )


def brings_unheard(followed: Followed) -> bool:
    """Tell whether rows came, went or changed without a word of it having been heard."""
    return any(
        event.kind == "resync" or (event.author is None and (event.route or event.policy_rule) is not None)
        for event in followed.events
    )


def told_of_gap(followed: Followed, at: Moment, gap: str) -> Followed:
    """Return what a look led to, with the event that says in words why what changed before it bears its time."""
    return replace(followed, events=(Event(kind="gap", at=at, detail=gap), *followed.events))


def unwatched(seconds: float) -> str:
    """Say that no daemon ran for so many seconds, and what follows from that."""
    return (
        f"nobody looked for {span(seconds)} (the daemon was not running): what changed meanwhile is tied to no VPN by"
        " time"
    )


def admitted(followed: Followed) -> Followed:
    """Return what a look led to, with a word on each session that begins without a baseline."""
    bare = {session.id for session in followed.sessions if session.baseline is None}
    return replace(followed, events=tuple(_admitting(event, bare) for event in followed.events))


def _admitting(event: Event, bare: set[int]) -> Event:
    if event.kind != "session_opened" or event.session not in bare:
        return event
    return replace(event, detail=f"{event.detail} ({UP_ALREADY})")
