from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routewatch.core.diff import Changed, Changes, RuleChanges, diff, diff_rules, key, patch, steady
from routewatch.core.table import Table
from tests import strategies
from tests.build import Packed, route, rule, table

if TYPE_CHECKING:
    from routewatch.core.model import Route


def rows(of: Table) -> list[Route]:
    return [of[fingerprint] for fingerprint in of.counts.elements()]


def steadily(routes: list[Route] | tuple[Route, ...]) -> Counter[Route]:
    return Counter(steady(each) for each in routes)


class Unreadable(Packed):
    """Fingerprints of this codec can be compared and not read."""

    def decode(self, fingerprint: bytes) -> Route:
        raise AssertionError(fingerprint)


def test_nothing_changed_when_nothing_changed() -> None:
    assert not diff(table("default via 192.168.1.1 dev eth0"), table("default via 192.168.1.1 dev eth0"))


def test_an_unchanged_table_is_never_decoded() -> None:
    chunks = table("default via 192.168.1.1 dev eth0", "10.0.0.0/8 dev eth0").chunks

    assert diff(Table(chunks, Unreadable()), Table(chunks, Unreadable())) == Changes()


def test_the_same_routes_in_other_chunks_are_never_decoded() -> None:
    one, other = table("default via 192.168.1.1 dev eth0"), table("10.0.0.0/8 dev eth0")
    before = Table(one.chunks + other.chunks, Unreadable())
    after = Table(other.chunks + one.chunks, Unreadable())

    assert diff(before, after) == Changes()


def test_a_route_that_came_is_added_and_one_that_went_is_removed() -> None:
    before = table("default via 192.168.1.1 dev eth0", "10.0.0.0/8 via 192.168.1.2 dev eth0")
    after = table("default via 192.168.1.1 dev eth0", "203.0.113.10 via 192.168.1.1 dev eth0")

    assert diff(before, after) == Changes(
        added=(route("203.0.113.10 via 192.168.1.1 dev eth0"),),
        removed=(route("10.0.0.0/8 via 192.168.1.2 dev eth0"),),
    )


def test_what_was_added_stands_in_the_order_of_the_table() -> None:
    lines = [f"10.{n}.0.0/16 dev tun0" for n in (9, 3, 7, 1, 200, 50)]

    assert diff(table(), table(*lines)).added == tuple(map(route, lines))


def test_a_route_with_another_metric_is_the_same_row_changed() -> None:
    before, after = "default via 192.168.1.1 dev eth0 metric 100", "default via 192.168.1.1 dev eth0 metric 20100"

    assert diff(table(before), table(after)) == Changes(changed=(Changed(before=route(before), after=route(after)),))


def test_a_route_with_another_gateway_was_replaced() -> None:
    before, after = "default via 192.168.1.1 dev eth0", "default via 192.168.1.254 dev eth0"

    assert diff(table(before), table(after)) == Changes(added=(route(after),), removed=(route(before),))


def test_a_route_that_moved_to_another_interface_was_replaced() -> None:
    changes = diff(table("default via fe80::1 dev eth0"), table("default via fe80::1 dev tun0"))

    assert (len(changes.added), len(changes.removed), len(changes.changed)) == (1, 1, 0)


def test_a_link_that_lost_its_carrier_changes_no_route() -> None:
    before = table("172.17.0.0/16 dev docker0 proto kernel scope link")
    after = table("172.17.0.0/16 dev docker0 proto kernel scope link linkdown")

    assert not diff(before, after)


def test_a_lifetime_that_counts_down_changes_no_route() -> None:
    before = table("default via fe80::1 dev eth0 proto ra expires 1800")
    after = table("default via fe80::1 dev eth0 proto ra expires 1798")

    assert not diff(before, after)


def test_onlink_is_an_attribute_and_not_a_state() -> None:
    before, after = "default via 10.9.9.9 dev eth0", "default via 10.9.9.9 dev eth0 onlink linkdown"

    assert diff(table(before), table(after)).changed == (Changed(before=route(before), after=route(after)),)


def test_legs_in_another_order_and_state_are_the_same_route() -> None:
    before = table("default nexthop via 10.0.0.1 dev a weight 1 nexthop via 10.0.0.2 dev b weight 2")
    after = table("default nexthop via 10.0.0.2 dev b weight 2 dead linkdown nexthop via 10.0.0.1 dev a weight 1")

    assert not diff(before, after)


def test_legs_with_another_weight_are_the_same_row_changed() -> None:
    before = table("default nexthop via 10.0.0.1 dev a nexthop via 10.0.0.2 dev b")
    after = table("default nexthop via 10.0.0.1 dev a weight 5 nexthop via 10.0.0.2 dev b")

    assert len(diff(before, after).changed) == 1


def test_a_row_is_paired_with_the_one_of_its_metric_first_then_of_its_protocol() -> None:
    via = "default via 192.168.1.1 dev eth0"
    before = table(f"{via} proto dhcp metric 100", f"{via} proto boot metric 300", f"{via} proto static metric 200")
    after = table(f"{via} proto ra metric 400", f"{via} proto static metric 250", f"{via} proto boot metric 100")

    assert {(pair.before.metric, pair.after.metric) for pair in diff(before, after).changed} == {
        (100, 100),
        (200, 250),
        (300, 400),
    }


def test_of_two_rows_of_one_metric_that_of_the_same_protocol_is_the_partner() -> None:
    via = "default via 192.168.1.1 dev eth0 metric 5"
    before, after = table(f"{via} proto dhcp"), table(f"{via} proto ra", f"{via} proto dhcp mtu 1400")

    changes = diff(before, after)

    assert [pair.after.protocol for pair in changes.changed] == ["dhcp"]
    assert [each.protocol for each in changes.added] == ["ra"]


def test_the_same_bytes_mean_other_routes_once_an_index_names_another_link() -> None:
    chunks = table("default via 192.168.1.1 dev eth0").chunks

    class Renamed(Packed):
        def decode(self, fingerprint: bytes) -> Route:
            return replace(super().decode(fingerprint), interface=self.names[2])

    changes = diff(Table(chunks, Renamed({2: "eth0"})), Table(chunks, Renamed({2: "tun0"})))

    assert [each.interface for each in changes.removed] == ["eth0"]
    assert [each.interface for each in changes.added] == ["tun0"]


def test_a_route_told_twice_by_a_dump_counts_twice() -> None:
    line = "10.0.0.0/8 dev tun0"

    assert diff(table(line), table(line, line, line)).added == (route(line), route(line))
    assert diff(table(line, line), table()).removed == (route(line), route(line))
    assert diff(table(line, line), table(line)).removed == (route(line),)
    assert not diff(table(line, line, "10.0.0.0/9 dev tun0"), table("10.0.0.0/9 dev tun0", line, line))


def test_patching_passes_over_a_route_that_is_gone_already() -> None:
    gone = Changes(removed=(route("10.0.0.0/8 dev tun0"),))

    assert patch([route("10.0.0.0/9 dev tun0")], gone) == (route("10.0.0.0/9 dev tun0"),)


def test_rules_come_and_go_as_a_multiset() -> None:
    main, mark = rule("32766: from all lookup main"), rule("32765: not from all fwmark 0xca6c lookup 51820")

    assert diff_rules((main,), (mark, main, main)) == RuleChanges(added=(mark, main))
    assert diff_rules((mark, mark), (mark,)) == RuleChanges(removed=(mark,))
    assert not diff_rules((main, mark), (mark, main))


@given(before=strategies.tables(), after=strategies.tables())
def test_patching_the_table_before_with_the_difference_gives_the_table_after(before: Table, after: Table) -> None:
    assert steadily(patch(rows(before), diff(before, after))) == steadily(rows(after))


@given(rows_before=st.lists(strategies.routes("inet"), max_size=6), data=st.data())
def test_that_holds_for_tables_with_doubles_too(rows_before: list[Route], data: st.DataObject) -> None:
    pool = [*rows_before, route("default via 192.168.1.1 dev eth0")]
    before = table(*data.draw(st.lists(st.sampled_from(pool))))
    after = table(*data.draw(st.lists(st.sampled_from(pool))))

    changes = diff(before, after)

    assert steadily(patch(rows(before), changes)) == steadily(rows(after))
    assert steadily(patch(rows(after), diff(after, before))) == steadily(rows(before))


@given(before=strategies.tables(), after=strategies.tables())
def test_nothing_is_both_added_and_removed_and_a_pair_differs_within_its_row(before: Table, after: Table) -> None:
    changes = diff(before, after)

    assert not {key(each) for each in changes.added} & {key(each) for each in changes.removed}
    assert all(key(pair.before) == key(pair.after) for pair in changes.changed)
    assert all(steady(pair.before) != steady(pair.after) for pair in changes.changed)


@given(of=strategies.tables(), states=st.lists(st.sampled_from(strategies.STATE_WORDS), min_size=12, max_size=12))
def test_no_state_of_link_or_hardware_is_a_change(of: Table, states: list[str]) -> None:
    aged = [
        replace(each, expires=7, flags=f"{word} {each.flags}".strip())
        for each, word in zip(rows(of), states, strict=False)
    ]

    assert not diff(of, table(*aged))
