"""Whose way a step would change: what an SSH server sends on a connection, looked up before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.foresight import Prospect
from routewatch.core.logins import Watched, concerned
from routewatch.core.memory import Memory
from routewatch.core.model import Login
from routewatch.core.scene import Scene
from routewatch.core.steps import Step
from tests import build

if TYPE_CHECKING:
    from routewatch.core.steps import Action

ETH = build.link("eth0 index 2 up carrier", "192.168.1.2/24", "fe80::2/64", "fd77::2/64")
WIFI = build.link("wlan0 index 3 up carrier", "192.168.5.2/24", "fe80::5/64")
CUT = build.link("eth2 index 4 up", "192.168.9.2/24", "10.7.7.7/32")
LO = build.link("lo kind loopback index 1 up carrier", "127.0.0.1/8", "10.9.9.9/32")
DEFAULT = "default via 192.168.1.1 dev eth0"
SERVER = "198.51.100.9 via 192.168.1.254 dev eth0"
WIFI_DEFAULT = "default via 192.168.5.1 dev wlan0"
RULES = ("0: from all lookup local", "32766: from all lookup main")
PEER = "198.51.100.9"
LOGIN = Login(peer=PEER, local="192.168.1.2", port=22)
BY_WIFI = Login(peer=PEER, local="192.168.5.2", port=22)


def scene(*rows: str) -> Scene:
    routes = ["192.168.1.0/24 dev eth0 proto kernel", "192.168.5.0/24 dev wlan0 proto kernel"]
    routes += [row for row in rows if not is_rule(row)]
    rules = build.rules(*RULES, *filter(is_rule, rows)) + build.rules(*RULES, family="inet6")
    return Scene(build.snapshot(routes=routes, links=[LO, ETH, WIFI, CUT], rules=rules), Memory())


def is_rule(row: str) -> bool:
    return row.partition(":")[0].isdigit() and ": " in row


def step(line: str) -> Step:
    """Read "add ROW" or "delete ROW"."""
    word, _, row = line.partition(" ")
    action: Action = "delete" if word == "delete" else "add"
    if is_rule(row):
        return Step(action=action, policy_rule=build.rule(row))
    return Step(action=action, route=build.route(row))


def cut(there: Scene, *steps: Step | str, login: Login = LOGIN) -> str | None:
    """Return what the last step cuts, the others being done before it."""
    taken = [step(each) if isinstance(each, str) else each for each in steps]
    return Watched((login,), Prospect.of(there), there).cut_by(taken[-1], Prospect.of(there, taken))


# ------------------------------------------------------------------------------------------------------ the way itself


def test_a_login_whose_way_changes_would_be_cut() -> None:
    there = scene(DEFAULT, SERVER)
    assert cut(there, f"delete {SERVER}") == PEER
    assert cut(there, f"delete {DEFAULT}") is None


def test_the_same_way_by_another_row_is_no_change() -> None:
    there = scene(DEFAULT, "198.51.100.9 via 192.168.1.1 dev eth0")
    assert cut(there, "delete 198.51.100.9 via 192.168.1.1 dev eth0") is None
    assert cut(there, f"add {DEFAULT} metric 7", f"delete {DEFAULT}", login=Login(peer="8.8.8.8")) is None


def test_a_route_put_back_that_takes_a_login_over_would_cut_it() -> None:
    there = scene(f"{WIFI_DEFAULT} metric 600")
    assert cut(there, f"add {DEFAULT} metric 100", login=BY_WIFI) == PEER
    assert cut(there, f"add {DEFAULT} metric 700", login=BY_WIFI) is None
    assert cut(there, "add 198.51.0.0/16 via 192.168.1.1 dev eth0", login=BY_WIFI) == PEER


def test_a_login_that_finds_no_way_any_more_would_be_cut() -> None:
    there = scene(DEFAULT)
    assert cut(there, f"delete {DEFAULT}") == PEER
    assert cut(there, f"add blackhole {PEER}") == PEER
    assert cut(there, f"add local {PEER} dev eth0") == PEER


def test_a_login_whose_way_is_dead_already_cant_be_cut() -> None:
    dead = "default via 192.168.9.1 dev eth2"
    assert cut(scene(dead), f"delete {dead}") is None
    assert cut(scene(), f"add {DEFAULT}") is None
    assert cut(scene("blackhole default"), "delete blackhole default") is None


def test_what_spreads_over_several_next_hops_may_not_be_spread_otherwise() -> None:
    legs = "default nexthop via 192.168.1.1 dev eth0 weight {} nexthop via 192.168.5.1 dev wlan0 weight 1"
    there = scene(legs.format(1))
    narrower = "198.51.100.0/24" + legs.removeprefix("default")
    assert cut(there, f"add {narrower.format(1)}") is None
    assert cut(there, f"add {narrower.format(2)}") == PEER
    assert cut(there, f"add {SERVER.replace('.254', '.1')}") == PEER


def test_a_row_that_comes_back_before_its_rival_takes_the_login_over() -> None:
    there = scene("198.51.100.9 via 192.168.1.1 dev eth0")
    add = step(f"add {SERVER}")
    assert cut(there, add) is None
    assert cut(there, replace(add, leading=True)) == PEER


def test_a_route_concerns_the_logins_it_covers_and_a_rule_any() -> None:
    near = Login(peer="fe80::7%eth0")
    assert concerned(step(f"delete {DEFAULT}"), (LOGIN, near)) == (LOGIN,)
    assert concerned(step("delete fe80::/64 dev eth0"), (LOGIN, near)) == (near,)
    assert concerned(step("delete 9: from all lookup 7"), (LOGIN, near)) == (LOGIN, near)


# ------------------------------------------------------------------------------------------ what rules and rows ask for


@pytest.mark.parametrize("row", ["from 192.168.1.2", "from 192.168.1.0/24", "ipproto 6 sport 22", "iif lo", "tos 0x10"])
def test_a_rule_for_what_ssh_sends_is_its_way(row: str) -> None:
    rule = f"900: {'' if row.startswith('from') else 'from all '}{row} lookup 128"
    own = "default via 192.168.1.254 dev eth0 table 128"
    there = scene(DEFAULT, own, rule)
    assert cut(there, f"delete {rule}") == PEER
    if not row.startswith("tos"):
        assert cut(there, f"delete {own}") == PEER


@pytest.mark.parametrize(
    "row",
    [
        "from 192.168.1.3",
        "ipproto 17",
        "ipproto 6 sport 2222",
        "iif eth0",
        "uidrange 1000-2000",
        "fwmark 0x7",
        "oif wlan0",
    ],
)
def test_a_rule_for_other_packets_is_not_its_way(row: str) -> None:
    rule = f"900: {'' if row.startswith('from') else 'from all '}{row} lookup 128"
    own = "default via 192.168.1.254 dev eth0 table 128"
    there = scene(DEFAULT, own, rule)
    assert cut(there, f"delete {rule}") is None
    assert cut(there, f"delete {own}") is None


def test_a_login_that_told_no_port_or_address_follows_the_rules_for_all() -> None:
    there = scene(DEFAULT, "default via 192.168.1.254 dev eth0 table 7", "9: from all lookup 7")
    assert cut(there, "delete 9: from all lookup 7", login=Login(peer=PEER)) == PEER


def test_of_two_rules_that_are_the_same_one_is_left() -> None:
    there = scene(DEFAULT, "default via 192.168.1.254 dev eth0 table 7", *["9: from all lookup 7"] * 2)
    assert cut(there, "delete 9: from all lookup 7") is None
    assert cut(there, "delete 9: from all lookup 7", "delete 9: from all lookup 7") == PEER


def test_a_row_for_the_type_of_service_that_ssh_marks_its_packets_with_counts() -> None:
    row = f"{PEER} via 192.168.1.254 dev eth0 tos 0x10"
    assert cut(scene(DEFAULT, row), f"delete {row}") == PEER


# ------------------------------------------------------------------------------------- answers by the link they came to

MARKED = ("default via 192.168.5.1 dev wlan0 table 101", "101: from all fwmark 0x65 lookup 101")


def test_where_only_a_mark_explains_the_way_back_its_rule_and_table_stay() -> None:
    there = scene(DEFAULT, *MARKED)
    for row in MARKED:
        assert cut(there, f"delete {row}", login=BY_WIFI) == PEER
        assert cut(there, f"delete {row}", login=LOGIN) is None


def test_what_may_be_the_way_back_by_a_table_we_know_no_rule_for_stays() -> None:
    there = scene(DEFAULT, MARKED[0])
    assert cut(there, f"delete {MARKED[0]}", login=BY_WIFI) == PEER
    new = build.route("default via 192.168.5.254 dev wlan0 table 101")
    replacing = Step(action="replace", route=new, replaces=build.route(MARKED[0]))
    assert cut(there, replacing, login=BY_WIFI) == PEER
    assert cut(there, "add default via 192.168.5.1 dev wlan0 table 102", login=BY_WIFI) is None
    assert cut(there, f"delete {MARKED[0]}", login=LOGIN) is None


def test_an_address_that_all_links_answer_for_tells_no_way_back() -> None:
    there = scene(DEFAULT, MARKED[0])
    assert cut(there, f"delete {MARKED[0]}", login=Login(peer=PEER, local="10.9.9.9")) is None


def test_a_dead_row_is_nobodys_way_back() -> None:
    dead = "default via 192.168.9.1 dev eth2 table 101"
    there = scene(DEFAULT, dead)
    assert cut(there, f"delete {dead}", login=Login(peer=PEER, local="10.7.7.7")) is None


def test_where_links_without_carrier_are_passed_over_the_next_row_carries_it() -> None:
    there = scene("198.51.100.0/24 dev eth2 linkdown", DEFAULT)
    assert cut(there, f"delete {DEFAULT}") == PEER
    assert cut(there, "delete 198.51.100.0/24 dev eth2 linkdown") is None


# ----------------------------------------------------------------------------------------------------------------- IPv6

NEAR = Login(peer="fe80::7", local="fe80::2")


def test_a_link_local_peer_is_on_the_link_with_our_end_of_it() -> None:
    rows = "fe80::/64 dev eth0 metric 256", "fe80::/64 dev wlan0 metric 100"
    there = scene(*rows)
    for login in (NEAR, Login(peer="fe80::7%eth0")):
        assert cut(there, f"delete {rows[0]}", login=login) == login.peer
        assert cut(there, f"delete {rows[1]}", login=login) is None
    unknown = Login(peer="fe80::7")
    assert [cut(there, f"delete {row}", login=unknown) for row in rows] == ["fe80::7"] * 2


def test_the_way_to_a_peer_by_ipv6_is_held_on_to() -> None:
    there = scene("::/0 via fe80::1 dev eth0", "2001:db8::9/128 via fe80::99 dev eth0")
    login = Login(peer="2001:db8::9", local="fd77::2", port=22)
    assert cut(there, "delete 2001:db8::9/128 via fe80::99 dev eth0", login=login) == login.peer
    assert cut(there, "delete ::/0 via fe80::1 dev eth0", login=login) is None


def test_a_route_for_our_address_alone_is_its_way() -> None:
    own = "::/0 from fd77::/64 via fe80::99 dev eth0"
    there = scene("::/0 via fe80::1 dev eth0", own)
    assert cut(there, f"delete {own}", login=Login(peer="2001:db8::9", local="fd77::2")) == "2001:db8::9"
    assert cut(there, f"delete {own}", login=Login(peer="2001:db8::9", local="fd78::2")) is None
