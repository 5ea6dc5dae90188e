"""How the stand-in's ``route`` reads its words, what it says, and what the kernel does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.macos.route_command import run
from tests.macos.route_words import Complaint, Destination, inet6_destination, inet_destination

if TYPE_CHECKING:
    from tests.macos.mac import Mac

REFUSED = "route: writing to routing socket: {}\n"


def read(word: str, *, as_net: bool = False, as_host: bool = False) -> str:
    to = inet_destination(word, as_net=as_net, as_host=as_host)
    return to.address if to.is_host else f"{to.address}/{to.length}"


@pytest.mark.parametrize(
    ("word", "alone", "as_net"),
    [
        ("192.168.9", "192.168.0.9", "192.168.9.0/24"),
        ("192.168.0", "192.168.0.0/16", "192.168.0.0/16"),
        ("10.8", "10.0.0.8", "10.8.0.0/16"),
        ("128.0", "128.0.0.0/8", "128.0.0.0/8"),
        ("169.254", "169.0.0.254", "169.254.0.0/16"),
        ("127", "0.0.0.127", "127.0.0.0/8"),
        ("0", "0.0.0.0/0", "0.0.0.0/0"),
        ("10.8/24", "10.8.0.0/24", "10.8.0.0/24"),
        ("0/1", "0.0.0.0/1", "0.0.0.0/1"),
        ("128.0/1", "128.0.0.0/1", "128.0.0.0/1"),
        ("192.168.9.0", "192.168.9.0/24", "192.168.9.0/24"),
        ("0.0.2.0/23", "2.0.0.0/23", "2.0.0.0/23"),
    ],
)
def test_abbreviations_are_not_read_as_netstat_prints_them(word: str, alone: str, as_net: str) -> None:
    assert (read(word), read(word, as_net=True)) == (alone, as_net)


@pytest.mark.parametrize(
    ("word", "address", "length"),
    [
        ("::", "::", 0),
        ("2001:db8:1::", "2001:db8:1::", 64),
        ("fd00::", "fd00::", None),
        ("fd00::53/128", "fd00::53", None),
        ("fd00:9::/64", "fd00:9::", 64),
        ("fe80::%en0/64", "fe80::", 64),
        ("fe80:17::/64", "fe80::", 64),
    ],
)
def test_an_ipv6_length_is_guessed_where_none_is_written(word: str, address: str, length: int | None) -> None:
    to = inet6_destination(word, {"en0": 2}.__getitem__)
    zone = 0 if not word.startswith("fe80") else 2 if "%" in word else 0x17
    assert to == Destination(address, length, is_host=length is None, zone=zone, echo=word)


def test_the_highest_address_is_no_network() -> None:
    with pytest.raises(Complaint, match=r"bad address: 255\.255\.255\.255/32"):
        read("255.255.255.255/32")


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        ("del default", 64, "route: bad keyword: del\nusage: "),
        ("delete -fast default", 64, "route: bad keyword: fast\nusage: "),
        ("delete -inet6 fe80::%utun9/64", 1, "fe80::%utun9: nodename nor servname provided, or not known"),
        ("delete -ifscope utun9 default", 1, "route: bad interface name"),
        ("delete -net 10.300.0.0/16", 68, "route: bad address: 10.300.0.0/16"),
        ("add -net 10.9.0.0/16 -interface utun9", 68, "route: bad address: utun9"),
        ("add -inet6 ::/1 -interface utun9", 1, "utun9: nodename nor servname provided, or not known"),
        ("add -net 10.9.0.0 -netmask 255.0.255.0 192.168.7.1", 68, "route: invalid mask: 255.0.255.0"),
        ("add -inet -prefixlen 33 -net 10.9.0.0 192.168.7.1", 1, "33: bad value"),
        ("add -prefixlen 16 10.9.0.0 192.168.7.1", 1, "prefixlen not supported in this af"),
    ],
)
def test_words_it_cannot_read_have_each_their_own_exit_status(
    mac: Mac, words: str, status: int, complaint: str
) -> None:
    got = mac.tries_route(words)
    assert (got[0], got[1]) == (status, "")
    assert got[2].startswith(complaint)


def test_a_success_says_the_destination_without_the_length_that_was_read(mac: Mac) -> None:
    added = mac.tries_route("-n add -net 10.9.0.0/16 192.168.7.1")
    assert added == (0, "add net 10.9.0.0: gateway 192.168.7.1\n", "")
    assert mac.tries_route("-n delete -inet -net 10.9.0.0/16") == (0, "delete net 10.9.0.0\n", "")


def test_ipv6_is_said_with_its_length(mac: Mac) -> None:
    vpn = mac.connect_utun(routes=["fd00:9::/64"])
    assert mac.rows("fd00:9::/64")[0][1:] == (vpn.name, "USc", vpn.name)
    assert mac.route("-n delete -inet6 -net fd00:9::/64") == "delete net fd00:9::/64\n"


@pytest.mark.parametrize(
    ("words", "said", "why"),
    [
        ("delete -net 10.9.0.0/16", "delete net 10.9.0.0", "not in table"),
        ("delete -host 203.0.113.7", "delete host 203.0.113.7", "not in table"),
        ("delete -inet6 default", "delete net default", "not in table"),
        ("add default 192.168.7.9", "add net default: gateway 192.168.7.9", "File exists"),
        ("add -net 10.9.0.0/16", "add net 10.9.0.0", "Invalid argument"),
    ],
)
def test_a_refusal_exits_with_0_and_says_so_twice(mac: Mac, words: str, said: str, why: str) -> None:
    assert mac.tries_route(words) == (0, f"{said}: {why}\n", REFUSED.format(why))


def test_a_gateway_that_nothing_leads_to_is_unreachable(mac: Mac) -> None:
    mac.leave_wifi()
    said = "add host 203.0.113.7: gateway 192.168.7.1: Network is unreachable\n"
    assert mac.tries_route("add -host 203.0.113.7 192.168.7.1") == (0, said, REFUSED.format("Network is unreachable"))


def test_a_gateway_elsewhere_is_reached_by_the_default(mac: Mac) -> None:
    mac.route("add -host 203.0.113.7 198.51.100.1")
    assert mac.rows("203.0.113.7/32")[0].interface == "en0"


def test_get_finds_nothing_and_exits_with_0(mac: Mac) -> None:
    mac.leave_wifi()
    assert mac.tries_route("-n get 203.0.113.7") == (0, "", REFUSED.format("not in table"))


def test_whoever_calls_may_lack_the_privilege_and_others_have_it_still(mac: Mac) -> None:
    mac.is_not_root()
    with mac.state() as machine:
        assert run(machine, ["delete", "default"]) == (77, "", "route: must be root to alter routing table\n")
        assert run(machine, ["get", "default"])[0] == 0
    mac.route("-n delete default")


def test_a_delete_does_not_look_at_the_gateway(mac: Mac) -> None:
    mac.route("-n delete default 10.8.0.5")
    assert mac.rows("default") == ()


def test_an_unscoped_delete_leaves_the_scoped_twin(mac: Mac) -> None:
    mac.connect_network_extension()
    mac.route("-n delete -inet default")
    assert [row.flags for row in mac.rows("default")] == ["UGScIg"]
    mac.route("-n delete -inet -ifscope en0 default")
    assert mac.rows("default") == ()


def test_a_host_delete_takes_a_network_of_the_same_address(mac: Mac) -> None:
    mac.route("add -net 10.9.0.0/24 192.168.7.1")
    mac.route("add -net 10.9.0.0/16 192.168.7.1")
    mac.route("-n delete -host 10.9.0.0")
    assert mac.rows("10.9.0.0/24") == ()
    assert mac.rows("10.9.0.0/16") != ()


def test_a_host_delete_takes_the_host_first(mac: Mac) -> None:
    mac.route("add -net 203.0.113.7/32 192.168.7.1")
    mac.route("add -host 203.0.113.7 192.168.7.1")
    mac.route("-n delete -host 203.0.113.7")
    assert [row.flags for row in mac.rows("203.0.113.7/32")] == ["UGSc"]


def test_a_mask_must_match_and_host_bits_must_be_zero(mac: Mac) -> None:
    mac.route("add -net 10.9.0.0/24 192.168.7.1")
    for words in ("delete -net 10.9.0.0/16", "delete -net 10.9.0.3/24"):
        assert mac.tries_route(words)[2] == REFUSED.format("not in table")


def test_a_non_host_of_128_bits_needs_its_length_before_net(mac: Mac) -> None:
    vpn = mac.connect_utun()
    mac.route(f"add -inet6 -prefixlen 128 -net fd00::53 -interface {vpn.name}")
    assert [row.flags for row in mac.rows("fd00::53/128")] == ["US" + "c"]
    assert mac.tries_route("delete -inet6 -prefixlen 128 -net fd00::53") == (0, "delete net fd00::53\n", "")


def test_a_zone_is_the_scope_of_a_link_local_destination(mac: Mac) -> None:
    mac.system_utuns(2)
    mac.route("-n delete -inet6 -net fe80::%utun1/64")
    assert mac.rows("fe80::%utun1/64") == ()
    assert mac.rows("fe80::%utun0/64") != ()


def test_a_route_by_an_ethernet_interface_shows_its_own_address(mac: Mac) -> None:
    mac.route("add -net 10.9.0.0/16 -interface en0")
    assert mac.rows("10.9.0.0/16")[0].gateway == "a4:83:e7:1b:6:c"


def test_the_first_half_of_everything_gets_g_and_the_second_does_not(mac: Mac) -> None:
    mac.connect_utun(routes=["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"])
    flags = {row.destination: row.flags for row in mac.table()}
    assert (flags["0.0.0.0/1"], flags["128.0.0.0/1"]) == ("UGScg", "UGSc")
    assert (flags["::/1"], flags["8000::/1"]) == ("UScg", "USc")


def test_clones_go_with_their_parent(mac: Mac) -> None:
    mac.contacts("203.0.113.9")
    mac.route("-n delete default")
    assert mac.rows("203.0.113.9/32") == ()


def test_a_clone_blocks_an_add_of_its_key(mac: Mac) -> None:
    mac.contacts("203.0.113.9")
    said = mac.tries_route("add -ifscope en0 -host 203.0.113.9 192.168.7.1")
    assert said[2] == REFUSED.format("File exists")


def test_a_change_of_an_absent_host_changes_the_default(mac: Mac) -> None:
    mac.route("change -host 203.0.113.7 192.168.7.9")
    assert mac.rows("default")[0].gateway == "192.168.7.9"


def test_t_changes_nothing_and_says_what_it_would_say(mac: Mac) -> None:
    assert mac.tries_route("-t delete default") == (0, "delete net default\n", "")
    assert mac.rows("default") != ()


def test_flush_takes_the_default_too(mac: Mac) -> None:
    mac.route("-n flush")
    assert mac.rows("default") == ()


def test_the_kernel_forgets_its_primary_interface_with_the_default_and_with_half_of_it(mac: Mac) -> None:
    mac.connect_utun(routes=["0.0.0.0/1"])
    with mac.state() as machine:
        assert machine.primary["inet"] == 4
    mac.route("-n delete -net 0.0.0.0/1")
    with mac.state() as machine:
        assert machine.primary["inet"] == 0
