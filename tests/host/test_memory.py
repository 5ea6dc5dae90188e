"""The host in memory keeps the contract, and its owner's levers do what a kernel does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routewatch.core.model import Author, Place, Route
from routewatch.core.steps import Step, inverse
from routewatch.core.table import Table
from routewatch.errors import KernelRefusedError, PermissionRefusedError, StateError
from routewatch.host.memory import MemoryHost
from routewatch.host.port import Host, Rings
from tests import build, strategies
from tests.host.linux_contract import CLAIMS
from tests.host.stage import LINKS
from tests.host.steps import route, rows, step


def stage() -> MemoryHost:
    host = MemoryHost()
    for link in LINKS:
        host.link_up(link)
    return host


@pytest.mark.parametrize("name", CLAIMS)
def test_the_contract(name: str) -> None:
    CLAIMS[name](stage())


def test_it_is_a_host() -> None:
    host: Host = MemoryHost()

    assert host.observe().platform == "linux"


def test_a_doorbell_that_nobody_closed_leaves_no_descriptor_behind() -> None:
    host = MemoryHost()
    first = host.doorbell().fileno()
    del host

    assert MemoryHost().doorbell().fileno() == first


def test_a_snapshot_does_not_change_when_the_host_does() -> None:
    host = MemoryHost([build.route("10.0.0.0/8 dev t0")])
    before = host.observe()

    host.add(build.route("default dev t0"))

    assert list(before.routes.values()) == [build.route("10.0.0.0/8 dev t0")]
    assert not host.observe().routes.same_bytes(before.routes)


def test_stored_bytes_are_read_by_the_codec_they_name() -> None:
    host = MemoryHost([build.route("10.0.0.0/8 dev t0")])
    table = host.observe().routes

    assert host.codec(table.codec.name, {}).decode(next(iter(table))) == build.route("10.0.0.0/8 dev t0")
    with pytest.raises(StateError):
        host.codec("rtnetlink/1", {})


def test_the_doorbell_tells_who_rang() -> None:
    host = stage()
    doorbell = host.doorbell()
    openvpn = Author(kind="process", process=build.process("openvpn[77]"))

    with host.acting_as(openvpn):
        host.add(build.route("10.0.0.0/8 dev t0"))
    host.apply(step("delete", "10.0.0.0/8 dev t0"))

    told = doorbell.read()
    doorbell.close()
    assert [(each.action, each.author.kind) for each in told.changes] == [("add", "process"), ("delete", "routewatch")]
    assert told.changes[0].author == openvpn


def test_a_doorbell_that_was_read_is_silent() -> None:
    host = stage()
    doorbell = host.doorbell()
    host.add(build.route("10.0.0.0/8 dev t0"))
    doorbell.read()

    assert doorbell.read() == Rings()
    doorbell.close()


def test_lost_messages_are_said_to_be_lost() -> None:
    host = stage()
    doorbell = host.doorbell()

    host.unheard = True
    host.add(build.route("10.0.0.0/8 dev t0"))

    assert doorbell.read() == Rings(lost=True)
    doorbell.close()


def test_r5_ipv4_routes_go_with_their_link_without_a_word_and_ipv6_ones_with_one() -> None:
    host = stage()
    host.add(build.route("10.60.0.0/16 dev t0"))
    host.add(build.route("fd60::/48 dev t0"))
    doorbell = host.doorbell()

    host.link_gone("t0")

    told = doorbell.read()
    doorbell.close()
    assert told.links
    assert [change.route for change in told.changes] == [build.route("fd60::/48 dev t0")]
    assert not rows(host)


def test_a_link_that_is_down_takes_no_route() -> None:
    host = stage()
    host.link_down("t0")

    with pytest.raises(KernelRefusedError, match="not up"):
        host.apply(step("add", "10.60.0.0/16 dev t0"))


def test_an_ipv6_route_loses_the_leg_whose_link_goes() -> None:
    host = stage()
    host.add(build.route("fd60::/48 nexthop via fd01::2 dev v0 nexthop via fd02::2 dev b0"))

    host.link_gone("b0")

    assert list(rows(host)) == [build.route("fd60::/48 via fd01::2 dev v0")]


def test_clocks_stand_still_until_they_are_advanced_and_only_one_stops_in_sleep() -> None:
    host = MemoryHost()
    before = host.now()

    host.advance(5)
    host.sleep(3600)

    after = host.now()
    assert (after.boot - before.boot, after.monotonic - before.monotonic) == (3605, 5)
    assert after.wall - before.wall == 3605


def test_a_route_ends_with_its_lifetime() -> None:
    host = stage()
    host.add(build.route("fd60::/48 via fd01::2 dev v0 expires 10"))

    host.advance(4)
    assert [each.expires for each in host.routes if each.protocol == "boot"] == [6]
    host.advance(6)
    assert not rows(host)


def test_a_refusal_comes_in_the_words_it_was_configured_with() -> None:
    host = stage()
    host.add(route("10.60.0.0/16 dev t0"))
    host.refuse(route("10.60.0.0/16 dev t0"), "Operation not supported")

    with pytest.raises(KernelRefusedError, match="Operation not supported"):
        host.apply(step("delete", "10.60.0.0/16 dev t0"))


def test_without_privilege_nothing_is_done() -> None:
    host = stage()
    host.privileged = False

    with pytest.raises(PermissionRefusedError):
        host.apply(step("add", "10.60.0.0/16 dev t0"))
    assert not host.may_act()
    assert not rows(host)


def test_its_place_is_its_owners_to_choose() -> None:
    host = MemoryHost()
    host.here = Place(boot="second", namespace="memory")

    assert host.observe().place == host.place() == Place(boot="second", namespace="memory")


@given(strategies.tables(), strategies.routes(), st.sampled_from(("add", "delete")))
def test_a_step_and_its_inverse_leave_the_table_as_it_was(table: object, drawn: Route, action: str) -> None:
    assert isinstance(table, Table)
    host = MemoryHost(table.values(), links=strategies.LINKS)
    before = rows(host)
    taken = step(action, drawn)

    try:
        done = host.apply(taken) == "done"
    except KernelRefusedError:
        done = False
    if done:
        host.privileged = True
        _undo(host, taken)

    assert rows(host) == before


def _undo(host: MemoryHost, taken: Step) -> None:
    try:
        host.apply(inverse(taken))
    except KernelRefusedError:
        # Its gateway was reached by no route of the table: the undo is conditional, and waits.
        assert taken.action == "delete"
        assert taken.route is not None
        host.add(taken.route)
