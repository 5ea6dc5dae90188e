"""``cleanup``: wait, look, judge, plan, show, ask; what is agreed to is carried out by cleaning.py.

Dry-run is printing the plan and stopping. Without a terminal and without --yes the plan is printed and nothing is done.
No lock is held while a person thinks.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.commands.arming import confirmation_time
from routewatch.commands.budget import unattended
from routewatch.commands.cleaning import Intended, clean, plan_for, wishes_of
from routewatch.commands.keep import destinations
from routewatch.commands.observer import Observer, findings, open_findings
from routewatch.commands.pending import pending, pending_text
from routewatch.commands.recall import require_session
from routewatch.commands.recovery import recovered
from routewatch.commands.report import Prospect, show
from routewatch.commands.unconfirmed import require_none_late, require_none_pending
from routewatch.commands.waiting import acting, looking, require_privilege, wait_and_look
from routewatch.core.evidence_for import SECOND_LOOK
from routewatch.core.refusals import named
from routewatch.core.remarks import remarks
from routewatch.core.verdict import Verdict, case_of, judge
from routewatch.render.plan import plan_text

if TYPE_CHECKING:
    import argparse

    from routewatch.commands.context import Context
    from routewatch.core.plan import Plan
    from routewatch.core.refusals import Wishes
    from routewatch.core.scene import Scene
    from routewatch.core.verdict import Finding


def add(parser: argparse.ArgumentParser) -> None:
    """Take what to do and how far."""
    parser.add_argument(
        "--dry-run", action="store_true", help="show the plan and change nothing; exit status 1 if something is left"
    )
    asking = parser.add_mutually_exclusive_group()
    asking.add_argument("--yes", action="store_true", help="do not ask")
    asking.add_argument("--unattended", action="store_true", help="only what is certain, and never ask (for hooks)")
    parser.add_argument("--session", type=int, metavar="ID", help="only what this session left")
    parser.add_argument(
        "--only", action="append", default=[], metavar="DEST", help='only this; "default" is both defaults'
    )
    parser.add_argument("--no-restore", action="store_true", help="delete, but put nothing back")
    parser.add_argument(
        "--confirm-within",
        metavar="T",
        help='undo it all unless "routewatch confirm" follows within this time, such as 60s or 5min',
    )


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Clean up. Raises PermissionRefusedError before anything is touched, ObservationError, StateError."""
    wishes, within = _asked(arguments, context), confirmation_time(arguments.confirm_within)
    if arguments.dry_run:
        with context.store(readonly=True) as store:
            require_session(store, arguments.session)
            observer = Observer(context, store, writes=False)
            scene, settled = wait_and_look(context, observer)
            planned, prospect = _planned(context, scene, replace(wishes, settled=settled))
            to_confirm = pending(context, store)
        for each in to_confirm:
            context.note(pending_text(each))
        prospect = replace(prospect, within=within)
        return show(context, planned, prospect, _nothing(arguments, prospect, observer))
    require_privilege(context)
    with context.store() as store:
        require_session(store, arguments.session)
        require_none_late(context, store)
        with looking(context, store) as observer:
            scene, settled = wait_and_look(context, observer, _grace(arguments, context))
            told = recovered(context, store, scene)
            scene = observer.scene(scene.now) if told else scene
        for line in told:
            context.note(line)
        require_none_pending(context, store)
        wishes = replace(wishes, settled=settled)
        wishes = unattended(context, store, wishes) if arguments.unattended else wishes
        planned, prospect = _planned(context, scene, wishes)
        if not planned.steps or not (arguments.yes or arguments.unattended or _can_ask(context)):
            prospect = replace(prospect, dry_run=False, within=within)
            return show(context, planned, prospect, _nothing(arguments, prospect, observer))
        if not _agreed(arguments, context, planned):
            context.say("nothing was changed")
            return 1
        # told without the lock of those who act: a terminal that nobody reads any more may never take it
        with acting(context, store) as observer:
            require_none_pending(context, store)
            cleaned = clean(context, store, observer, Intended(plan=planned, wishes=wishes, scene=scene, within=within))
        return cleaned.report(context)


def _grace(arguments: argparse.Namespace, context: Context) -> float:
    """Return how long to wait for a client that has just ended: unattended, until the second look is possible."""
    return max(context.settings.grace, SECOND_LOOK) if arguments.unattended else context.settings.grace


def _asked(arguments: argparse.Namespace, context: Context) -> Wishes:
    confidences = {"certain"} if arguments.unattended else {"certain", "likely"}
    return replace(
        wishes_of(context),
        confidences=frozenset(confidences),
        only=frozenset(name for text in arguments.only for name in destinations(text)),
        session=arguments.session,
        restore=not arguments.no_restore,
    )


def _planned(context: Context, scene: Scene, wishes: Wishes) -> tuple[Plan, Prospect]:
    found = findings(scene)
    prospect = Prospect(
        remaining=len(open_findings(found)),
        settled=wishes.settled,
        remarks=remarks(scene),
        left_alone=_left_alone(found, scene, wishes, verbose=context.verbose),
    )
    return plan_for(context, scene, found, wishes), prospect


def _left_alone(
    found: tuple[Finding, ...], scene: Scene, wishes: Wishes, *, verbose: bool = False
) -> tuple[Finding, ...]:
    """Return what a person should know is not in the plan: the uncertain, and what he named and is rightly there.

    With -v also what a VPN that counts as up keeps: it may be one that is disconnected, and nobody can see it.
    """
    if not wishes.only:
        kept = {"owner-alive"} if verbose else set()
        return tuple(f for f in found if f.verdict is Verdict.UNCERTAIN or f.rule in kept)
    rows = [row for row in scene.rows.routes if named(row, wishes.only)]
    judged = {finding.row: finding for finding in found}
    asked = (judged.get(row) or judge(case_of(row, scene)) for row in rows)
    return tuple(finding for finding in asked if finding.verdict is Verdict.EXPECTED)


def _nothing(arguments: argparse.Namespace, prospect: Prospect, observer: Observer) -> str:
    """Say that the plan is empty, and where that proves little: a store that begins knows of no VPN to look after."""
    told = _found_nothing(arguments, prospect)
    return told if observer.course.next_session > 1 else f"{told}\n{KNOWS_NO_SESSION}"


KNOWS_NO_SESSION = "the store knows of no VPN session yet: only what is dead by itself could be found"


def _found_nothing(arguments: argparse.Namespace, prospect: Prospect) -> str:
    """Say that the plan is empty: of all there is, or of what was asked for, with how much else there is."""
    asked = [f"for {', '.join(arguments.only)}"] if arguments.only else []
    asked += [f"of session {arguments.session}"] if arguments.session is not None else []
    if not asked and not prospect.remaining:
        return "there is nothing to clean up"
    what = " ".join(["nothing that is certain" if arguments.unattended else "nothing", "found", *asked])
    if not prospect.remaining:
        return what
    others = "1 other finding" if prospect.remaining == 1 else f"{prospect.remaining} other findings"
    return f"{what}; {others} (routewatch cleanup --dry-run)"


def _can_ask(context: Context) -> bool:
    return not context.json and sys.stdin.isatty() and sys.stderr.isatty()


def _agreed(arguments: argparse.Namespace, context: Context, planned: Plan) -> bool:
    """Show the plan and ask, unless it was agreed to beforehand; the end of the input is a no."""
    if arguments.unattended:
        return True
    context.report(plan_text(planned, verbose=context.verbose))
    if arguments.yes:
        return True
    context.flush()
    what = "this step" if len(planned.steps) == 1 else "these steps"
    given = arguments.confirm_within
    back = "" if given is None else f", to be taken back after {given} unless you confirm"
    sys.stderr.write(f"\nTake {what}{back}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
