"""What holds for every table, plan and peer: after the steps that were taken, a login takes the way it took before.

The plan is played on a host in memory, which may refuse any step; the ways are looked up in the tables that come of it,
not in those that were foreseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from routewatch.core.addresses import covers, is_link_local
from routewatch.core.guard import Guard
from routewatch.core.index import Query
from routewatch.core.lookup import Answer, lookup
from routewatch.core.memory import Memory
from routewatch.core.model import FAMILIES, Login, PolicyRule, Route
from routewatch.core.plan import foreseen
from routewatch.core.refusals import Proposal, Wishes
from routewatch.core.scene import Scene
from routewatch.core.steps import Action, Step
from routewatch.core.undo import plan_undo
from routewatch.core.verdict import Finding, Verdict
from routewatch.errors import KernelRefusedError
from routewatch.host.memory import MemoryHost
from tests import build, strategies
from tests.scenarios.story import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from routewatch.core.snapshot import Snapshot

OWN = {
    "inet": ("192.168.1.10", "192.168.7.10", "10.8.0.2", ""),
    "inet6": ("fd00:1::10", "fd00:8::2", ""),
}
LINK_OF = {"fd00:1::10": "eth0", "fd00:8::2": "tun0", "": "wlan0"}  # where a link-local peer of our address is
RULES = tuple(
    rule
    for family in FAMILIES
    for rule in build.rules(
        "100: from all fwmark 0x65 lookup 300",
        "101: from all lookup 300",
        "102: from all ipproto 6 sport 22 lookup 300",
        "103: from all lookup main suppress_prefixlength 0",
        "104: not from all fwmark 0xca6c lookup 51820",
        "105: from all iif eth0 lookup 300",
        "106: from all goto 32766",
        "107: from all uidrange 1000-2000 blackhole",
        *(f"108: from {own} lookup 300" for own in OWN[family] if own),
        family=family,
    )
)
KERNELS = tuple(
    rule
    for family in FAMILIES
    for rule in build.rules("0: from all lookup local", "32766: from all lookup main", family=family)
)
check = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def logins(draw: st.DrawFn) -> Login:
    family = draw(strategies.families)
    peer, local = draw(strategies.addresses(family)), draw(st.sampled_from(OWN[family]))
    zone = f"%{LINK_OF['']}" if is_link_local(peer) and ":" in peer and not local else ""
    return Login(peer=f"{peer}{zone}", local=local, port=draw(st.sampled_from((22, 2222, 0))))


@st.composite
def plans(draw: st.DrawFn) -> tuple[MemoryHost, list[Step]]:
    """Draw a host, and steps on rows that it has or lacks, a replace among them where one fits."""
    links = strategies.LINKS
    connected = [row for link in links for row in strategies._connected(link)]
    routes = draw(st.lists(strategies.routes(), max_size=10, unique_by=strategies._weak_identity))
    rows: list[Route | PolicyRule] = [*routes, *draw(st.lists(st.sampled_from(RULES), max_size=5))]
    there = [row for row in rows if draw(st.booleans())]
    steps = [_step(draw, row, "delete" if row in there else "add") for row in rows if draw(st.booleans())]
    present = [*connected, *(row for row in there if isinstance(row, Route))]
    host = MemoryHost(present, (*KERNELS, *(row for row in there if isinstance(row, PolicyRule))), links)
    return host, draw(st.permutations(steps))


def _step(draw: st.DrawFn, row: Route | PolicyRule, action: Action) -> Step:
    if isinstance(row, PolicyRule):
        return Step(action=action, policy_rule=row)
    if action == "delete" and draw(st.booleans()):
        near, family = draw(strategies.routes(row.family)), row.family
        new = build.route(f"{row.destination} dev eth0", family) if draw(st.booleans()) else near
        if (new.destination, new.source, new.tos) == (row.destination, row.source, row.tos):
            return Step(action="replace", route=new, replaces=row)
    return Step(action=action, route=row, leading=action == "add" and draw(st.booleans()))


def ways(host: MemoryHost, logins: Iterable[Login]) -> dict[Login, Answer]:
    """Return how each login's packets go."""
    return {login: lookup(host.routes, host.rules, *packet(login)) for login in logins}


def packet(login: Login) -> tuple[str, Query]:
    """Return where a login's packets go to, and what they bear: a link-local peer is bound to its link."""
    peer = login.peer.partition("%")[0]
    zone = f"%{LINK_OF[login.local]}" if is_link_local(peer) and ":" in peer else ""
    return f"{peer}{zone}", Query(source=login.local or None, source_port=login.port or None, ip_protocol=6)


def way(answer: Answer) -> tuple[object, ...]:
    route = answer.route
    if route is None:
        return (answer.reason,)
    legs = [(leg.gateway, leg.interface, leg.weight) for leg in route.nexthops]
    return (answer.reason, route.type, route.interface, route.gateway, legs)


def proposals(steps: Iterable[Step]) -> list[Proposal]:
    return [
        Proposal(
            step,
            Finding(verdict=Verdict.UNCERTAIN, rule="", because="", route=step.route, policy_rule=step.policy_rule),
        )
        for step in steps
    ]


def take(host: MemoryHost, steps: Iterable[Step], guard: Guard, failing: Sequence[Step]) -> list[Step]:
    """Take the steps as the actor does: each only where the guard has no objection on top of what was done."""
    done = []
    for step in steps:
        if step in failing or guard.objection(step) is not None:
            continue
        try:
            outcome = host.apply(step)
        except KernelRefusedError:
            continue
        guard.done(step)
        if outcome == "done":
            done.append(step)
    return done


def look(host: MemoryHost) -> Scene:
    seen: Snapshot = host.observe()
    return Scene(seen, Memory())


@check
@given(plans(), st.lists(logins(), min_size=1, max_size=4, unique=True), st.data())
def test_no_login_goes_another_way_whatever_was_taken_and_taken_back(
    drawn: tuple[MemoryHost, list[Step]], watched: list[Login], data: st.DataObject
) -> None:
    host, wanted = drawn
    scene, wishes = look(host), Wishes(login_peers=tuple(watched))
    before = {x: each for x, each in ways(host, watched).items() if each.route and scene.is_usable(each.route)}
    tell(host, wanted)

    kept, _ = foreseen(proposals(wanted), scene, wishes)
    failing = data.draw(st.lists(st.sampled_from([p.step for p in kept]), unique_by=id) if kept else st.just([]))
    done = take(host, [p.step for p in kept], Guard(scene, watched), failing)
    for login, answer in before.items():
        note(f"{login}: {answer}")
        assert way(ways(host, watched)[login]) == way(answer)

    scene = look(host)
    planned = plan_undo(done, scene, wishes)
    take(host, planned.steps, Guard(scene, watched), ())
    for login, answer in before.items():
        assert way(ways(host, watched)[login]) == way(answer)


@check
@given(plans(), st.lists(logins(), max_size=2, unique=True))
def test_what_no_login_depends_on_is_not_refused_for_one(
    drawn: tuple[MemoryHost, list[Step]], watched: list[Login]
) -> None:
    host, wanted = drawn
    scene = look(host)
    for step in wanted:
        objection = Guard(scene, watched).objection(step)
        if step.route is not None and objection is not None and objection.rule == "remote-login":
            assert any(covers(step.route.destination, login.peer.partition("%")[0]) for login in watched)


def tell(host: MemoryHost, steps: Sequence[Step]) -> None:
    """Print a table and steps where the claim about them fails."""
    for there in (*map(text, host.routes), *map(text, host.rules)):
        note(f"there: {there}")
    for step in steps:
        instead = f" instead of {text(step.replaces)}" if step.replaces else ""
        note(f"step: {step.action} {text(step.route or step.policy_rule)}{instead} leading={step.leading}")
