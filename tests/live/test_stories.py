"""Stories of leftovers on real routes: the installed daemon and its commands, and clients that are killed.

Each has the exact set that ``diff`` and ``cleanup --dry-run`` find, the very table after the cleanup, and the very one
from before it after the undo. Real VPN programs are told of elsewhere; here clients do what theirs do at worst.
"""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.home import HOME, LEFT_SERVER, SERVER, Home
from tests.live.keeper import keeper
from tests.live.waiting import until

if TYPE_CHECKING:
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

OTHER = "route add 203.0.113.20 via 192.168.77.1 dev eth0"
LEFT_OTHER = "203.0.113.20 via 192.168.77.1 dev eth0 proto boot scope global"
WG_QUICK = """
    rule add not fwmark {0} lookup {0}
    rule add lookup main suppress_prefixlength 0
    -6 rule add not fwmark {0} lookup {0}
    -6 rule add lookup main suppress_prefixlength 0
"""
DEFAULT = "default via 192.168.77.1 dev eth0 proto dhcp src 192.168.77.2 metric 100"
TAKES_DEFAULT = f"route del {DEFAULT}\nroute add default dev tun0"
LOST_DEFAULT = "0.0.0.0/0 via 192.168.77.1 dev eth0 proto dhcp scope global src 192.168.77.2 metric 100"


@pytest.fixture
def home(namespace: Namespace, tmp_path: Path) -> Home:
    if not Path("/dev/net/tun").exists():
        pytest.skip("making a tun needs /dev/net/tun")
    namespace.run_all(HOME)
    return Home(namespace, tmp_path)


def test_of_two_vpns_that_overlap_only_what_the_dead_one_left_goes(home: Home) -> None:
    clean = home.table
    with home.watched(), home.client("openvpn", "tun0", f"{SERVER}\nroute add 0.0.0.0/1 dev tun0") as first:
        with home.client("tincd", "tun1", f"{OTHER}\nroute append 0.0.0.0/1 dev tun1 metric 7") as second:
            home.finds()
            home.dies(first)
            before = home.table
            home.finds(LEFT_SERVER)
            assert home.cleans().document["remaining"] == 0
            assert set(before[0]) - set(home.table[0]) == {LEFT_SERVER}
            home.undoes()
            assert home.table == before
            home.cleans()

            home.dies(second)
            left = home.table
            home.finds(LEFT_OTHER)
        home.cleans()
        assert home.table == clean
        home.undoes()
        assert home.table == left


def test_a_tun_of_the_same_name_and_index_in_other_hands_keeps_what_is_its(home: Home) -> None:
    clean = home.table
    with home.watched():
        with home.client("openvpn", "tun0", SERVER, "77") as first:
            home.dies(first)
        again = f"{OTHER}\nroute add 10.60.0.0/16 dev tun0"
        with home.client("tincd", "tun0", again, "77") as second:
            before = home.table
            home.finds(LEFT_SERVER)
            home.cleans()
            assert set(before[0]) - set(home.table[0]) == {LEFT_SERVER}
            home.undoes()
            assert home.table == before
            home.dies(second)
        home.finds(LEFT_SERVER, LEFT_OTHER)
        assert {entry["session"] for entry in home.ask("diff").document["added"] if entry["session"]} == {1, 2}
        home.cleans()
        assert home.table == clean


def test_identical_rules_of_two_tunnels_go_with_the_last_of_them(home: Home) -> None:
    clean = home.table
    with home.watched(), home.client("wireguard-go", "wg0", WG_QUICK.format(51820)) as first:
        with home.client("wireguard-go", "wg1", WG_QUICK.format(51821)) as second:
            home.finds()
            before = home.table
            home.dies(first)
            home.cleans()
            assert before[1] - home.table[1] == {
                f"{family} 32765: not from all fwmark 0xca6c lookup 51820" for family in ("-4", "-6")
            }
            home.dies(second)
        left = home.table
        home.cleans()
        assert home.table == clean
        home.undoes()
        assert home.table == left


MULTIPATH = "route add 203.0.113.11 nexthop via 192.168.77.1 dev eth0 weight 2 nexthop via 192.168.77.9 dev eth0"
FROM = "-6 route add 2001:db8:51::10 from {} via fd77::1 dev eth0"
TWINS = f"""
    ip nexthop add id 7 via 192.168.77.1 dev eth0
    ip nexthop add id 8 via 192.168.77.9 dev eth0
    ip nexthop add id 20 group 7,2/8
    ip {MULTIPATH.replace("weight 2", "weight 3").replace("203.0.113.11", "203.0.113.11 metric 5")}
    ip route add 203.0.113.12 nhid 8 metric 5
    ip route add 203.0.113.13 nhid 7 metric 5
    ip -6 route add 2001:db8:51::10 via fd77::1 dev eth0
    ip {FROM.format("2001:db8:2::/48")}
"""


def test_routes_of_several_next_hops_of_nexthop_objects_and_of_one_source_go_whole_and_come_back(home: Home) -> None:
    home.namespace.run_all(TWINS)
    clean = home.table
    does = f"""
        {MULTIPATH}
        route add 203.0.113.12 nhid 7
        route add 203.0.113.13 nhid 20
        {FROM.format("2001:db8:1::/48")}
    """
    with home.watched():
        with home.client("openvpn", "tun0", does) as client:
            home.dies(client)
        left = home.table
        told = home.ask("diff").document["added"]
        found = {(entry["route"]["destination"], entry["route"]["source"]) for entry in told if entry["session"]}
        assert {entry["verdict"] for entry in told} == {"orphaned"}
        assert found == {
            ("203.0.113.11/32", None),
            ("203.0.113.12/32", None),
            ("203.0.113.13/32", None),
            ("2001:db8:51::10/128", "2001:db8:1::/48"),
        }
        assert len(home.ask("cleanup", "--dry-run").document["steps"]) == 4

        home.cleans()
        assert home.table == clean
        home.undoes()
        assert home.table == left


def test_of_two_uplinks_each_with_a_route_to_the_server_the_one_left_behind_goes(home: Home) -> None:
    home.namespace.run_all("""
        ip link add eth1 type veth peer name far1
        ip link set far1 up
        ip link set eth1 up
        ip addr add 192.168.88.2/24 dev eth1
        ip route add default via 192.168.88.1 dev eth1 metric 600
        ip route add 203.0.113.10 via 192.168.88.1 dev eth1 metric 50
    """)
    clean = home.table
    second = "203.0.113.10 via 192.168.88.1 dev eth1 metric 600"
    with home.watched():
        with home.client("openvpn", "tun0", f"{SERVER} metric 100\nroute add {second}\n{SERVER} metric 700") as client:
            home.hears(client, "tun0", "route del 203.0.113.10 via 192.168.77.1 dev eth0 metric 100")
            home.dies(client)
        left = home.table
        home.finds(
            f"{LEFT_SERVER} metric 700", "203.0.113.10 via 192.168.88.1 dev eth1 proto boot scope global metric 600"
        )
        home.cleans()
        assert home.table == clean
        home.undoes()
        assert home.table == left


def test_an_admins_route_that_the_client_found_there_and_took_along_comes_back(home: Home) -> None:
    home.namespace.run(f"ip {SERVER}")
    clean = home.table
    with home.watched():
        with home.client("openvpn", "tun0", f"{SERVER}\n{OTHER}") as client:
            home.hears(client, "tun0", SERVER.replace("add", "del"))
            home.dies(client)
        left = home.table
        home.finds(LEFT_OTHER, missing=(LEFT_SERVER,))
        home.cleans()
        assert sorted(home.table[0]) == sorted(clean[0])
        home.undoes()
        assert home.table == left


def test_after_a_death_and_a_new_gateway_the_old_way_goes_and_the_old_default_stays_away(home: Home) -> None:
    with home.watched():
        with home.client("openvpn", "tun0", f"{SERVER}\n{TAKES_DEFAULT}") as client:
            home.dies(client)
        renewed = DEFAULT.replace("192.168.77.1 ", "192.168.77.254 ")
        home.namespace.run(f"ip route add {renewed}")
        left = home.table
        home.finds(LEFT_SERVER)
        home.cleans()
        assert set(left[0]) - set(home.table[0]) == {LEFT_SERVER}
        assert set(home.table[0]) <= set(left[0])
        home.undoes()
        assert home.table == left


def test_after_a_death_and_a_roam_nothing_of_the_old_network_is_put_back(home: Home) -> None:
    with home.watched():
        with home.client(
            "openvpn", "tun0", f"{SERVER}\n{OTHER}\nroute del {DEFAULT}\nroute add default dev tun0"
        ) as client:
            home.dies(client)
        # another network, whose address comes before the old one goes: routes over the old gateway outlive it
        home.namespace.run_all("""
            ip addr add 192.168.88.2/24 dev eth0
            ip route add default via 192.168.88.254 dev eth0 proto dhcp src 192.168.88.2 metric 100
            ip addr del 192.168.77.2/24 dev eth0
        """)
        left = home.table
        home.finds(LEFT_SERVER, LEFT_OTHER)
        assert [step["undo"] for step in home.cleans().document["steps"]] == ["conditional"] * 2
        cleaned = home.table
        assert set(left[0]) - set(cleaned[0]) == {LEFT_SERVER, LEFT_OTHER}

        # back home the undo is possible again, and exact
        assert home.ask("undo").status == 1
        assert home.table == cleaned
        home.namespace.run("ip addr add 192.168.77.2/24 dev eth0")
        home.undoes()
        assert set(home.table[0]) >= {LEFT_SERVER, LEFT_OTHER}


def test_a_link_that_flaps_between_death_and_cleanup_costs_no_good_route(home: Home) -> None:
    with home.watched():
        with home.client("openvpn", "tun0", f"{SERVER}\n{TAKES_DEFAULT}") as client:
            home.dies(client)
        # The kernel takes each row of the link, and puts only the connected ones back; IPv6 loses even its address.
        home.namespace.run_all("ip link set eth0 down\nip link set eth0 up\nip -6 addr add fd77::2/64 dev eth0")
        left = home.table
        # What an administrator had made is his to make again: who took it is known, and was no VPN.
        home.finds(missing=(LOST_DEFAULT, "::/0 via fd77::1 dev eth0 proto static scope global metric 1024"))
        home.cleans()
        assert set(left[0]) <= set(home.table[0])
        assert LOST_DEFAULT in home.table[0]


def test_a_route_that_somebody_brings_back_is_left_for_good(home: Home) -> None:
    with home.watched() as log:
        with home.client("openvpn", "tun0", SERVER) as client:
            home.dies(client)
        left = home.table
        with keeper(home.namespace, SERVER.removeprefix("route add ")) as owner:
            home.ask("cleanup", "--yes")
            owner.has_acted()
            for _ in range(3):
                again = home.ask("cleanup", "--yes", "--only", "203.0.113.10/32")
                assert (again.status, again.document["steps"]) == (1, [])
                assert [refusal["rule"] for refusal in again.document["refused"]] == ["came-back"]
            until(lambda: "came_back" in log.read_text())
            assert owner.is_killed() == 0
        assert home.table == left
        assert who_brought_it(log) == ["by ip[] of keeperd[]"]


def test_with_a_daemon_that_cleans_by_itself_nobody_fights_over_a_route(home: Home) -> None:
    with (home.folder / "routewatch.toml").open("a") as configuration:
        configuration.write('automatic = "certain"\n')
    with home.watched() as log:
        with home.client("openvpn", "tun0", SERVER) as client, keeper(home.namespace, SERVER[10:]) as owner:
            left = home.table
            home.dies(client)
            owner.has_acted()  # the daemon has deleted it once it was certain, five seconds after the end
            until(lambda: "came_back" in log.read_text())
            for number in range(3):  # looks that find it again
                home.namespace.run(f"ip route add 10.77.{number}.0/24 via 192.168.77.9 dev eth0")
                until(partial(home.has_logged, f"10.77.{number}.0/24"))
            assert owner.is_killed() == 0
        assert LEFT_SERVER in home.table[0]
        assert len(home.table[0]) < len(left[0]) + 3
        assert who_brought_it(log) == ["by ip[] of keeperd[]"]


def who_brought_it(log: Path) -> list[str]:
    """Return what the daemon's log says of who brought rows back, without pids."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [re.sub(r"\d", "", line["author"]) for line in lines if line["event"] == "came_back"]
