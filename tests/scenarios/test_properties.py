"""What holds for every table, memory and wish: no default is lost, nothing is done twice, all can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, note, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from routewatch.core.baselines import Series, next_baseline
from routewatch.core.diff import steady
from routewatch.core.foresight import Prospect
from routewatch.core.memory import Baseline, Deletion, Doubted, Memory, Reason, Session, Trace
from routewatch.core.missing import find_missing
from routewatch.core.model import Author, Link, PolicyRule, Process, Route
from routewatch.core.plan import Plan, plan
from routewatch.core.refusals import Wishes
from routewatch.core.scene import Scene
from routewatch.core.snapshot import Snapshot
from routewatch.core.steps import Step, inverse
from routewatch.core.verdict import find_leftovers
from routewatch.errors import KernelRefusedError
from routewatch.host.memory import MemoryHost
from tests import build, strategies
from tests.scenarios.story import text

if TYPE_CHECKING:
    from collections.abc import Sequence

OPENVPN = build.process("openvpn[1234]")
NOW = 2000.0
TUNS = (
    build.link("tun0 kind tun index 7 up carrier point_to_point owner openvpn[1234]", "10.8.0.2/24", "fd00:8::2/64"),
    build.link("tun0 kind tun index 7 up persistent point_to_point", "10.8.0.2/24", "fd00:8::2/64"),
    build.link("wg0 kind wireguard index 8 up point_to_point", "10.9.0.2/24"),
)
RULES = (
    *build.rules("0: from all lookup local", "32766: from all lookup main", "32767: from all lookup default"),
    *build.rules(
        "32764: from all lookup main suppress_prefixlength 0", "32765: not from all fwmark 0xca6c lookup 51820"
    ),
    *build.rules("1000: from all lookup 300", "1001: from all iif usb0 lookup main", "1002: from all blackhole"),
    *build.rules("220: from all lookup 220", "32765: not from all fwmark 0xca6c lookup 51820", family="inet6"),
)


class World(Struct, frozen=True, kw_only=True):
    """A machine and what is remembered of it."""

    now: Snapshot
    memory: Memory

    def scene(self, now: Snapshot | None = None, deleted: tuple[Deletion, ...] = ()) -> Scene:
        return Scene(now or self.now, replace(self.memory, deleted=deleted))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    links = strategies.LINKS[:3] + strategies.LINKS[4:] + tuple(draw(st.lists(st.sampled_from(TUNS), max_size=1)))
    rows = draw(st.lists(strategies.routes(), max_size=12, unique_by=strategies._weak_identity))
    connected = [row for link in links for row in strategies._connected(link)]
    before = [row for row in rows if draw(st.booleans())]
    after = [row for row in rows if draw(st.booleans())]
    then = snapshot([*connected, *before], strategies.LINKS[:3] + strategies.LINKS[4:], 0.0)
    now = snapshot([*connected, *after], links, NOW)
    rules = draw(st.lists(st.sampled_from(RULES), unique=True))
    processes = draw(st.sampled_from(((), (OPENVPN,))))
    now = replace(now, rules=tuple(rules), processes=processes, processes_seen=draw(st.booleans()))
    baseline = draw(baselines(then))
    came = [row for row in after if row not in before] + [rule for rule in rules if draw(st.booleans())]
    session = draw(sessions(baseline, came, [row for row in before if row not in after]))
    return World(
        now=now,
        memory=Memory(
            latest=draw(st.sampled_from((baseline, None))),
            baselines={baseline.id: baseline},
            sessions=draw(st.sampled_from(((session,), ()))),
        ),
    )


def snapshot(routes: Sequence[Route], links: Sequence[Link], at: float) -> Snapshot:
    return build.snapshot(routes=routes, links=links, at=at)


@st.composite
def baselines(draw: st.DrawFn, then: Snapshot) -> Baseline:
    made = next_baseline(then, Series(), "periodic")
    return replace(made, proven=draw(st.booleans()), tainted=draw(st.sampled_from((False, False, True))))


@st.composite
def sessions(
    draw: st.DrawFn, baseline: Baseline, came: Sequence[Route | PolicyRule], went: Sequence[Route | PolicyRule]
) -> Session:
    return Session(
        id=1,
        tunnel=draw(st.sampled_from(TUNS)),
        client=draw(st.sampled_from(("openvpn", "wg-quick", None))),
        holder=draw(st.sampled_from((OPENVPN, None))),
        opened=build.moment(100.0),
        closed=draw(st.sampled_from((build.moment(1000.0), build.moment(NOW), None))),
        baseline=draw(st.sampled_from((baseline.id, None))),
        network=baseline.network,
        appeared=tuple(draw(traces(row)) for row in came if draw(st.booleans())),
        vanished=tuple(draw(traces(row)) for row in went if draw(st.booleans())),
    )


@st.composite
def traces(draw: st.DrawFn, row: Route | PolicyRule) -> Trace:
    return Trace(
        at=build.moment(110.0),
        tie=draw(st.sampled_from(("interface", "author", "time"))),
        author=Author(kind="process", process=draw(st.sampled_from((OPENVPN, Process(pid=9, started=9, name="bash"))))),
        route=row if isinstance(row, Route) else None,
        policy_rule=row if isinstance(row, PolicyRule) else None,
    )


def planned(scene: Scene, wishes: Wishes) -> Plan:
    return plan((*find_leftovers(scene), *find_missing(scene)), scene, wishes)


def every_destination(world: World) -> frozenset[str]:
    routes = (
        *world.now.routes.values(),
        *(r for b in world.memory.baselines.values() for r in b.snapshot.routes.values()),
    )
    return frozenset(route.destination for route in routes)


wishes = st.sampled_from(("as found", "all by name"))
check = settings(max_examples=100)


def wished(world: World, wish: str) -> Wishes:
    return Wishes(login_peers=(), only=every_destination(world)) if wish == "all by name" else Wishes(login_peers=())


@check
@given(worlds(), wishes)
def test_no_plan_takes_the_last_default_that_leads_somewhere(world: World, wish: str) -> None:
    scene = world.scene()
    prospect = Prospect.of(scene)
    usable = prospect.usable_defaults()
    for step in planned(scene, wished(world, wish)).steps:
        prospect = prospect.after(step)
        assert usable <= prospect.usable_defaults()


@check
@given(worlds(), st.sampled_from(("periodic", "by hand")))
def test_a_table_as_it_stood_in_a_proven_baseline_loses_nothing(world: World, reason: Reason) -> None:
    baseline = replace(next_baseline(world.now, Series(), "periodic"), proven=True, tainted=False)
    baseline = replace(baseline, doubted=Doubted(), reason=reason)
    settled = replace(world, memory=Memory(latest=baseline, baselines={baseline.id: baseline}))
    assert planned(settled.scene(), Wishes(login_peers=())).steps == ()


def host_of(world: World) -> MemoryHost:
    return MemoryHost(world.now.routes.values(), world.now.rules, world.now.links)


def take(host: MemoryHost, steps: Sequence[Step]) -> tuple[Step, ...]:
    """Take the steps as far as the kernel goes along; a group that failed half-way is left as it is."""
    done = []
    for step in steps:
        try:
            if host.apply(step) == "done":
                done.append(step)
        except KernelRefusedError:
            continue
    return tuple(done)


def rows(host: MemoryHost) -> list[str]:
    return sorted([repr(steady(r)) for r in host.routes] + [repr(r) for r in host.rules])


def look(host: MemoryHost, world: World) -> Snapshot:
    seen = host.observe()
    return replace(world.now, routes=seen.routes, rules=seen.rules)


@check
@given(worlds())
def test_after_a_cleanup_there_is_nothing_left_to_do(world: World) -> None:
    host = host_of(world)
    steps = planned(world.scene(), Wishes(login_peers=())).steps
    done = take(host, steps)
    if done != steps:
        return  # the kernel refused one: it remains to be done
    deleted = tuple(
        Deletion(at=world.now.taken, route=s.replaces or s.route, policy_rule=s.policy_rule)
        for s in steps
        if s.action != "add"
    )
    again = planned(world.scene(look(host, world), deleted), Wishes(login_peers=()))
    tell(world, steps)
    assert again.steps == ()


@check
@given(worlds(), wishes, st.data())
def test_undo_restores_the_exact_table_also_when_a_step_in_the_middle_failed(
    world: World, wish: str, data: st.DataObject
) -> None:
    host = host_of(world)
    before = rows(host)
    steps = planned(world.scene(), wished(world, wish)).steps
    tell(world, steps)
    failing = data.draw(st.sampled_from((None, *steps)))
    if failing is not None:
        refused = failing.route or failing.policy_rule
        assert refused is not None
        host.refuse(refused, "refused")
    done = take(host, steps)
    host._refusals.clear()
    waiting = [step for step in reversed(done) if not undone(host, step)]
    assert all(step.conditional for step in waiting)
    assert sorted([*rows(host), *(repr(steady(s.route)) for s in waiting if s.route)]) == before


def tell(world: World, steps: Sequence[Step]) -> None:
    """Print a world and a plan where the claim about them fails."""
    for there in (*map(text, world.now.routes.values()), *map(text, world.now.rules)):
        note(f"there: {there}")
    for session in world.memory.sessions:
        note(f"session on {session.tunnel.name}, closed {session.closed}")
        for trace in session.appeared:
            note(f"came: {text(trace.row)}")
        for trace in session.vanished:
            note(f"went: {text(trace.row)}")
    for step in steps:
        note(f"step: {step.action} {text(step.route or step.policy_rule)} {step.rule} conditional={step.conditional}")


def undone(host: MemoryHost, step: Step) -> bool:
    try:
        return host.apply(inverse(step)) == "done"
    except KernelRefusedError:
        return False


@check
@given(worlds())
def test_every_finding_says_why(world: World) -> None:
    scene = world.scene()
    for finding in (*find_leftovers(scene), *find_missing(scene)):
        assert finding.rule
        assert finding.because
