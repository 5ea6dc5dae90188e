"""A machine in memory whose story is told: it is looked at, followed, judged, cleaned, and put back.

The machine is that of the ground truth: a LAN with a DHCP default, an IPv6 default by router advertisement, a bridge of
containers, two static routes of the admin. A client acts as an author; ``heard=False`` is a machine without a doorbell.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec.structs import replace

from routewatch.core.baselines import extended, next_baseline
from routewatch.core.diff import steady
from routewatch.core.memory import Deletion, Memory
from routewatch.core.missing import find_missing
from routewatch.core.model import Author, Neighbour, PolicyRule, Route
from routewatch.core.plan import Plan, plan
from routewatch.core.refusals import Wishes
from routewatch.core.scene import Scene
from routewatch.core.sessions import Course, Sight, follow
from routewatch.core.steps import inverse
from routewatch.core.verdict import Verdict, find_leftovers
from routewatch.errors import KernelRefusedError
from routewatch.host.memory import MemoryHost
from tests import build

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routewatch.core.memory import Baseline, Session
    from routewatch.core.model import Link, Process
    from routewatch.core.sessions import Followed
    from routewatch.core.steps import Step
    from routewatch.core.verdict import Finding

LO = build.link("lo kind loopback index 1 up carrier", "127.0.0.1/8", "::1/128")
ETH = build.link(
    "eth0 index 2 up carrier mac 02:00:00:00:00:02", "192.168.77.20/24", "2001:db8:77::20/64", "fe80::20/64"
)
BRIDGE = build.link("br-lab kind bridge index 3 up carrier mac 02:00:00:00:00:03", "172.18.0.1/16")
SERVER = "203.0.113.10 via 192.168.77.1 dev eth0"
LEFT_SERVER = "203.0.113.10/32 via 192.168.77.1 dev eth0"
DHCP_DEFAULT = "default via 192.168.77.1 dev eth0 proto dhcp metric 100"
RA_DEFAULT = "default via fe80::1 dev eth0 proto ra metric 1024 expires 90000sec"
ADMIN = "10.50.0.0/16 via 192.168.77.5 dev eth0"
DOCKER = "172.18.0.0/16 dev br-lab proto kernel src 172.18.0.1"
LAN = "192.168.77.0/24 dev eth0 proto kernel src 192.168.77.20 metric 100"
HOME = (
    DHCP_DEFAULT,
    ADMIN,
    DOCKER,
    LAN,
    RA_DEFAULT,
    "fd50::/48 via fe80::5 dev eth0 metric 1024",
    "2001:db8:77::/64 dev eth0 proto ra metric 1024 expires 90000sec",
    "fe80::/64 dev eth0 proto kernel metric 256",
)
KERNEL_RULES = (
    *build.rules("0: from all lookup local", "32766: from all lookup main", "32767: from all lookup default"),
    *build.rules("0: from all lookup local", "32766: from all lookup main", family="inet6"),
)
KERNEL = Author(kind="kernel")


class Story:
    """One machine from its quiet beginning on; ten minutes of them have passed when the story begins."""

    kernel = KERNEL

    def __init__(  # noqa: PLR0913  # a beginning of a story has many sides; all have a default
        self,
        rows: Iterable[str] = HOME,
        links: Iterable[Link] = (LO, ETH, BRIDGE),
        *,
        heard: bool = True,
        quiet: float = 600.0,
        connected: str = "",
    ) -> None:
        self.host = MemoryHost(rules=KERNEL_RULES, links=links)
        self.add(*rows)
        self.host.neighbours = (
            Neighbour(address="192.168.77.1", interface="eth0", mac="02:00:00:00:00:01", state="reachable"),
            Neighbour(address="192.168.77.5", interface="eth0", mac="02:00:00:00:00:05", state="stale"),
        )
        if connected:
            self.up(connected, "10.8.0.6/24")
        self.bell = self.host.doorbell()
        self.heard = heard
        self.course = Course()
        self.baselines: dict[int, Baseline] = {}
        self.deleted: tuple[Deletion, ...] = ()
        self.kept: frozenset[str] = frozenset()
        self.look()
        if quiet:
            self.take_baseline()
            self.wait(quiet)
            self.take_baseline()  # proven now: what the first one may have inherited would have shown

    # ------------------------------------------------------------------------------------------------ what happens

    @contextmanager
    def by(self, who: str, *parents: str) -> Iterator[None]:
        """Let a process, started by others, be the author; it takes a moment."""
        self.host.advance(0.5)
        process = build.process(who)
        ancestors = tuple(map(build.process, parents))
        with self.host.acting_as(Author(kind="process", process=process, ancestors=ancestors)):
            yield

    def runs(self, *who: str) -> None:
        """Let exactly these processes run."""
        self.host.processes = tuple(map(build.process, who))

    def processes(self, *who: str, young: bool = False) -> tuple[Process, ...]:
        started = int(self.host.now().boot * 100) if young else 1000
        return tuple(build.process(each, started) for each in who)

    def meets(self, address: str, mac: str) -> None:
        """Let another device answer to an address on the LAN."""
        others = tuple(n for n in self.host.neighbours if n.address != address)
        self.host.neighbours = (*others, Neighbour(address=address, interface="eth0", mac=mac, state="reachable"))

    def reboots(self) -> None:
        self.host.here = replace(self.host.here, boot="another")
        self.host.processes = ()
        self.host.link_gone("tun0")
        self.look()

    def add(self, *lines: str) -> None:
        for line in lines:
            self.host.add(_row(line))

    def remove(self, *lines: str) -> None:
        for line in lines:
            self.host.remove(self._there(_row(line)))

    def up(self, line: str, *addresses: str) -> None:
        self.host.link_up(build.link(line, *addresses))

    def gone(self, name: str) -> None:
        self.host.link_gone(name)

    def die(self, name: str) -> None:
        """Let the holder of a persistent tun die: no carrier, and the kernel says so on its routes."""
        self.host.links = [replace(x, carrier=False, owner=None) if x.name == name else x for x in self.host.links]
        self.host._entries = [
            replace(entry, flags="linkdown") if isinstance(entry, Route) and entry.interface == name else entry
            for entry in self.host._entries
        ]

    def wait(self, seconds: float = 10.0) -> Followed:
        self.host.advance(seconds)
        return self.look()

    # ------------------------------------------------------------------------------------------------ what we do

    def look(self, *, settled: bool = True) -> Followed:
        rings = self.bell.read()
        changes = rings.changes if self.heard else ()
        followed = follow(
            self.course, Sight(snapshot=self.host.observe(), changes=changes, lost=rings.lost, settled=settled)
        )
        self.course = followed.course
        self.baselines |= {b.id: b for b in followed.baselines}
        return followed

    def take_baseline(self) -> Baseline:
        made = next_baseline(self.host.observe(), self.course.series, "periodic")
        self.course = replace(self.course, series=extended(self.course.series, made))
        self.baselines[made.id] = made
        return made

    @property
    def sessions(self) -> tuple[Session, ...]:
        return self.course.sessions

    @property
    def scene(self) -> Scene:
        memory = Memory(
            latest=self.course.series.latest,
            baselines=self.baselines,
            sessions=self.sessions,
            kept=self.kept,
            deleted=self.deleted,
        )
        return Scene(self.host.observe(), memory)

    def findings(self) -> tuple[Finding, ...]:
        scene = self.scene
        return (*find_leftovers(scene), *find_missing(scene))

    def plan(self, wishes: Wishes = Wishes(login_peers=())) -> Plan:  # noqa: B008  # a frozen value
        scene = self.scene
        return plan((*find_leftovers(scene), *find_missing(scene)), scene, wishes)

    def clean(self, wishes: Wishes = Wishes(login_peers=())) -> tuple[Step, ...]:  # noqa: B008  # a frozen value
        """Plan, take every step, look again; return the steps."""
        steps = self.plan(wishes).steps
        for step in steps:
            assert self.host.apply(step) == "done"
        self.deleted += tuple(
            Deletion(at=self.host.now(), route=step.route, policy_rule=step.policy_rule)
            for step in steps
            if step.action == "delete"
        )
        self.look()
        return steps

    def undo(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Take the steps back; return the conditional ones that must wait for the kernel."""
        waiting = []
        for step in reversed(steps):
            try:
                self.host.apply(inverse(step))
            except KernelRefusedError:
                assert step.conditional, text(step.route or step.policy_rule)
                waiting.append(step)
        self.deleted = ()
        self.look()
        return tuple(waiting)

    # ------------------------------------------------------------------------------------------------ what is seen

    def left(self) -> dict[str, str]:
        """Return what is orphaned, with its confidence."""
        return self._of(Verdict.ORPHANED)

    def missing(self) -> dict[str, str]:
        return self._of(Verdict.MISSING)

    def uncertain(self) -> set[str]:
        return set(self._of(Verdict.UNCERTAIN))

    def rulings(self) -> dict[str, str]:
        """Return which ruling decided each row."""
        return {text(f.row): f.rule for f in self.findings()}

    def table(self) -> set[str]:
        return {text(row) for row in self.rows()}

    def rows(self) -> list[Route | PolicyRule]:
        """Return every row, steady, in an order of its own: what undo must bring back exactly."""
        rows: list[Route | PolicyRule] = [steady(route) for route in self.host.routes]
        return sorted([*rows, *self.host.rules], key=repr)

    def _of(self, verdict: Verdict) -> dict[str, str]:
        return {text(f.row): f.confidence for f in self.findings() if f.verdict is verdict}

    def _there(self, row: Route | PolicyRule) -> Route | PolicyRule:
        if isinstance(row, PolicyRule):
            return row
        return next(r for r in self.host.routes if replace(steady(r), flags="") == replace(steady(row), flags=""))


def cleans_exactly(story: Story, *expected: str, left: tuple[str, ...] = ()) -> None:
    """Clean, and hold the table against the control run; plan again; undo, and hold it against before."""
    before = story.rows()
    steps = story.clean()
    assert story.table() == {text(_row(line)) for line in expected} | {text(rule) for rule in KERNEL_RULES} | set(left)
    assert story.plan().steps == ()
    waiting = [step.route for step in story.undo(steps)]
    assert sorted([*story.rows(), *(steady(r) for r in waiting if r)], key=repr) == before


def text(row: Route | PolicyRule | None) -> str:
    """Write a row in short, as a person would name it."""
    if isinstance(row, PolicyRule):
        return _rule_text(row)
    assert row is not None
    words = [row.destination if row.type == "unicast" else f"{row.type} {row.destination}"]
    words += [f"via {row.gateway}"] if row.gateway else []
    words += [f"dev {row.interface}"] if row.interface else []
    words += [f"table {row.table}"] if row.table != 254 else []
    words += [f"metric {row.metric}"] if row.metric not in {None, 0, 1024} else []
    words += [f"proto {row.protocol}"] if row.protocol != "boot" else []
    return " ".join(words)


def _rule_text(row: PolicyRule) -> str:
    words = [f"{row.priority}:", "not" if row.inverted else "", f"from {row.source}" if row.source else ""]
    words += [f"fwmark {row.fwmark:#x}"] if row.fwmark is not None else []
    words += [f"lookup {row.table}"] if row.table else [row.action]
    words += [f"suppress {row.suppress_prefixlength}"] if row.suppress_prefixlength is not None else []
    words += ["inet6"] if row.family == "inet6" else []
    return " ".join(filter(None, words))


def _row(line: str) -> Route | PolicyRule:
    head = line.removeprefix("-6 ").split()[0]
    if head.endswith(":") and head[:-1].isdigit():
        family = "inet6" if line.startswith("-6 ") else "inet"
        return build.rules(line.removeprefix("-6 "), family=family)[0]  # type: ignore[arg-type]  # two words of Family
    return build.route(line)
