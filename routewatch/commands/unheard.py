"""What can't be told of a look that comes long after the one before it, with nobody listening in between.

Whatever changed meanwhile bears the time of the look, which is no time at all: what is tied to a session by nothing but
that is untied again. What an interface or an author ties stays. How ties come about is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from routewatch.core.memory import Event, Session, Trace
    from routewatch.core.model import Moment
    from routewatch.core.sessions import Followed
    from routewatch.core.snapshot import Snapshot

UP_ALREADY = "no baseline: it was up already"


def untied(followed: Followed, now: Snapshot) -> Followed:
    """Return what a look led to, without the ties by time of changes whose time nobody knows."""
    guessed = {
        trace.row
        for session in followed.sessions
        for trace in (*session.appeared, *session.vanished)
        if _is_guess(trace, now.taken)
    }
    if not guessed:
        return followed
    return replace(
        followed,
        course=replace(
            followed.course, sessions=tuple(_without_guesses(s, now.taken) for s in followed.course.sessions)
        ),
        sessions=tuple(_without_guesses(s, now.taken) for s in followed.sessions),
        events=tuple(
            replace(event, session=None) if (event.route or event.policy_rule) in guessed else event
            for event in followed.events
        ),
    )


def _is_guess(trace: Trace, at: Moment) -> bool:
    """Tell whether the time of the look is all that ties it: a change that was heard bears its own time."""
    return trace.tie == "time" and trace.at == at


def _without_guesses(session: Session, at: Moment) -> Session:
    return replace(
        session,
        appeared=tuple(trace for trace in session.appeared if not _is_guess(trace, at)),
        vanished=tuple(trace for trace in session.vanished if not _is_guess(trace, at)),
    )


def admitted(followed: Followed) -> Followed:
    """Return what a look led to, with a word on each session that begins without a baseline."""
    bare = {session.id for session in followed.sessions if session.baseline is None}
    return replace(followed, events=tuple(_admitting(event, bare) for event in followed.events))


def _admitting(event: Event, bare: set[int]) -> Event:
    if event.kind != "session_opened" or event.session not in bare:
        return event
    return replace(event, detail=f"{event.detail} ({UP_ALREADY})")
