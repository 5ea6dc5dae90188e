"""The contract that every host keeps who can act: the host in memory, a real kernel, and a Mac's programs.

A claim takes a host on a ground: which routes and rules can come and go there, and which can't. What holds on Linux
only stands in ``linux_contract``. The R numbers are traps that other people's programs fell into.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

import pytest
from msgspec.structs import replace

from routewatch.core.steps import inverse
from routewatch.errors import StateError
from tests.host.steps import Entry, put, refused, rows, steady, step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from routewatch.core.model import Route
    from routewatch.host.port import Host

Claim = Callable[["Host"], None]


class Ground(NamedTuple):
    """What the claims are made of on one platform."""

    entries: Mapping[str, Entry]  # each can be added and deleted
    siblings: Mapping[str, tuple[Entry, Entry]]  # two that differ in one thing only, and can stand side by side
    mistakes: Mapping[str, tuple[Route, Iterable[Route]]]  # one that can be added, and what only looks like it
    plain: Route  # one more that can be added
    gone: Route  # one through an interface that isn't there
    unreachable: tuple[Route, ...]  # those by a gateway that no link reaches


def what_is_added_twice_is_present(one: Entry, host: Host) -> None:
    before = rows(host)
    put(host, one)

    assert host.apply(step("add", one)) == "present"
    assert rows(host) == before + steady(one)


def what_is_deleted_twice_is_absent(one: Entry, host: Host) -> None:
    before = rows(host)
    put(host, one)

    assert [host.apply(step("delete", one)), host.apply(step("delete", one))] == ["done", "absent"]
    assert rows(host) == before


def r19_undo_restores_the_exact_table(plain: Entry, one: Entry, host: Host) -> None:
    put(host, plain, one)
    before = rows(host)
    told = next(each for each in before if each == next(iter(steady(one))))
    deleted = step("delete", told)

    assert (host.apply(deleted), host.apply(inverse(deleted))) == ("done", "done")
    assert rows(host) == before


def siblings_survive_each_others_delete(pair: tuple[Entry, Entry], host: Host) -> None:
    before = rows(host)
    for one, other in permutations(pair):
        for each in (one, other):
            host.apply(step("add", each))
        assert rows(host) == before + steady(one, other)

        assert host.apply(step("delete", one)) == "done"
        assert rows(host) == before + steady(other)
        assert host.apply(step("delete", one)) == "absent"
        assert rows(host) == before + steady(other)


def a_delete_with_one_attribute_wrong_is_absent_and_touches_nothing(
    right: Route, wrongs: Iterable[Route], host: Host
) -> None:
    put(host, right)
    before = rows(host)

    for wrong in wrongs:
        assert (wrong, host.apply(step("delete", wrong))) == (wrong, "absent")
        assert rows(host) == before


def a_route_through_an_interface_that_is_gone_is_absent(gone: Route, host: Host) -> None:
    assert host.apply(step("delete", gone)) == "absent"
    assert refused(host, step("add", gone))


def a_gateway_that_no_link_reaches_is_refused_in_the_kernels_words(unreachable: Route, host: Host) -> None:
    assert refused(host, step("add", unreachable))


def what_we_could_not_express_again_is_refused_and_left_alone(plain: Route, host: Host) -> None:
    put(host, plain)

    assert refused(host, step("delete", replace(plain, unwritable=("encap mpls",))))


def a_look_changes_nothing_and_tells_when_and_where_it_was(host: Host) -> None:
    before = host.now().boot
    first, second = host.observe(), host.observe()

    assert rows(host) == rows(host)
    assert (first.complete, first.unparsed, first.platform) == (True, (), host.platform)
    assert before <= first.taken.boot <= second.taken.boot <= host.now().boot
    assert first.place == second.place == host.place()


def stored_routes_are_read_by_the_codec_they_name(plain: Route, host: Host) -> None:
    put(host, plain)
    table = host.observe().routes
    codec = host.codec(table.codec.name, table.codec.names)

    assert [codec.decode(each) for each in codec.split(table.chunks)] == list(table.values())
    with pytest.raises(StateError):
        host.codec("another/7", {})


def the_doorbell_tells_of_us_as_ourselves_and_is_silent_then(plain: Route, host: Host) -> None:
    bell = host.doorbell()
    if bell is None:  # it is polled
        return
    try:
        assert not bell.read().changes
        host.apply(step("add", plain))
        told = bell.read()
        assert {(each.action, each.author.kind) for each in told.changes} == {("add", "routewatch")}
        assert (told.messages > 0, told.lost, bell.read().messages) == (True, False, 0)
    finally:
        bell.close()


def claims(ground: Ground) -> dict[str, Claim]:
    """Return the claims for a ground by their sentences."""
    found: dict[str, Claim] = {
        a_look_changes_nothing_and_tells_when_and_where_it_was.__name__: (
            a_look_changes_nothing_and_tells_when_and_where_it_was
        )
    }
    for name, one in ground.entries.items():
        found[f"{what_is_added_twice_is_present.__name__}: {name}"] = partial(what_is_added_twice_is_present, one)
        found[f"{what_is_deleted_twice_is_absent.__name__}: {name}"] = partial(what_is_deleted_twice_is_absent, one)
        undone = partial(r19_undo_restores_the_exact_table, ground.plain, one)
        found[f"{r19_undo_restores_the_exact_table.__name__}: {name}"] = undone
    for name, pair in ground.siblings.items():
        survive = partial(siblings_survive_each_others_delete, pair)
        found[f"{siblings_survive_each_others_delete.__name__}: {name}"] = survive
    for name, (right, wrongs) in ground.mistakes.items():
        mistaken = partial(a_delete_with_one_attribute_wrong_is_absent_and_touches_nothing, right, wrongs)
        found[f"{a_delete_with_one_attribute_wrong_is_absent_and_touches_nothing.__name__}: {name}"] = mistaken
    return found | _single(ground)


def _single(ground: Ground) -> dict[str, Claim]:
    of_plain = (
        what_we_could_not_express_again_is_refused_and_left_alone,
        stored_routes_are_read_by_the_codec_they_name,
        the_doorbell_tells_of_us_as_ourselves_and_is_silent_then,
    )
    found: dict[str, Claim] = {claim.__name__: partial(claim, ground.plain) for claim in of_plain}
    through_gone = a_route_through_an_interface_that_is_gone_is_absent
    found[through_gone.__name__] = partial(through_gone, ground.gone)
    by_nobody = a_gateway_that_no_link_reaches_is_refused_in_the_kernels_words
    for route in ground.unreachable:
        found[f"{by_nobody.__name__}: {route.gateway}"] = partial(by_nobody, route)
    return found
