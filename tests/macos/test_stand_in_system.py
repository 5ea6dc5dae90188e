"""What the stand-in's system does: utuns that come and go, configd, advertised routers, and who is said to hold one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.macos.interface_listing import listing
from tests.macos.mac import Mac
from tests.macos.service_listing import answers, connection_services, network_information
from tests.macos.sockets import control_sockets, open_files

if TYPE_CHECKING:
    from pathlib import Path

ROUTER6 = "fe80::42:1"


def flags(mac: Mac, destination: str) -> dict[str, str]:
    """Return the flags of a destination's rows by interface."""
    return {row.interface: row.flags for row in mac.rows(destination)}


def test_a_dying_utun_takes_its_rows_with_it_and_no_others(mac: Mac) -> None:
    vpn = mac.connect_utun(routes=["0.0.0.0/1", "128.0.0.0/1", "fd00:9::/64"], server="203.0.113.7")
    before = {row for row in mac.table() if row.interface != vpn.name}
    vpn.killed()
    assert set(mac.table()) == before
    assert flags(mac, "203.0.113.7/32") == {"en0": "UGSc"}


def test_a_clean_disconnect_leaves_the_table_as_it_was(mac: Mac) -> None:
    before = set(mac.table())
    mac.connect_utun(routes=["10.9.0.0/16"], server="203.0.113.7", server_as_host=True).disconnects_cleanly()
    assert set(mac.table()) == before


def test_a_utun_that_is_kept_open_keeps_its_rows_and_has_no_address(mac: Mac) -> None:
    vpn = mac.connect_utun(routes=["10.9.0.0/16"])
    vpn.keeps_its_utun_open()
    assert flags(mac, "10.9.0.0/16") == {"utun0": "UGSc"}
    with mac.state() as machine:
        assert "inet " not in listing(machine, verbose=True, name="utun0")
        assert "openvpn" in control_sockets(machine)


def test_a_dead_handed_utun_keeps_static_rows_and_a_static_scoped_default(mac: Mac) -> None:
    mac.system_utuns(1)
    vpn = mac.connect_utun()
    vpn.takes_over_inet6()
    assert flags(mac, "default")["utun0"] == "UGcIg"
    assert flags(mac, "default")[vpn.name] == "UScIg"
    assert flags(mac, "::/1") == {vpn.name: "UScg"}


def test_number_and_index_come_back_and_the_generation_does_not(mac: Mac) -> None:
    first = mac.connect_utun()
    with mac.state() as machine:
        old = machine.named(first.name)
    first.killed()
    second = mac.private_relay_appears()
    with mac.state() as machine:
        new = machine.named(second.name)
    assert old is not None
    assert new is not None
    assert (new.name, new.ifindex) == (old.name, old.ifindex)
    assert new.generation > old.generation


def test_a_full_tunnel_of_the_systems_makes_the_uplinks_default_scoped(mac: Mac) -> None:
    vpn = mac.connect_network_extension()
    assert flags(mac, "0.0.0.0/0") == {"utun0": "UCSg", "en0": "UGScIg"}
    vpn.disconnects_cleanly()
    assert flags(mac, "0.0.0.0/0") == {"en0": "UGScg"}


def test_a_split_tunnel_of_the_systems_has_a_scoped_default(mac: Mac) -> None:
    mac.connect_network_extension(routes=["10.20.0.0/16"])
    assert flags(mac, "0.0.0.0/0") == {"en0": "UGScg", "utun0": "UCSIg"}
    assert flags(mac, "10.20.0.0/16") == {"utun0": "UCS"}
    assert flags(mac, "224.0.0.0/4") == {"en0": "UmCS", "utun0": "UmCSI"}


def test_a_swap_of_the_service_order_moves_the_letter_i(mac: Mac) -> None:
    mac.plug_ethernet("192.168.7.0/24")
    assert flags(mac, "0.0.0.0/0") == {"en5": "UGScg", "en0": "UGScIg"}
    mac.swap_service_order()
    assert flags(mac, "0.0.0.0/0") == {"en0": "UGScg", "en5": "UGScIg"}
    assert flags(mac, "192.168.7.0/24") == {"en0": "UCS", "en5": "UCSI"}


def test_configd_does_not_repair_a_deleted_default_until_the_network_changes(mac: Mac) -> None:
    vpn = mac.connect_utun(routes=["0.0.0.0/1"])
    vpn.deletes_the_default()
    vpn.killed()
    mac.docker_bridge()
    assert flags(mac, "0.0.0.0/0") == {"bridge100": "UCSIg"}
    mac.renew_dhcp()
    assert flags(mac, "0.0.0.0/0") == {"bridge100": "UCSIg", "en0": "UGScg"}


def test_configd_overwrites_what_has_the_key_of_its_row(mac: Mac) -> None:
    mac.route("-n delete default")
    mac.route("-n add default 192.168.7.9")
    mac.connect_network_extension().disconnects_cleanly()
    assert mac.rows("0.0.0.0/0")[0].gateway == "192.168.7.1"


def test_roaming_leaves_what_others_added_over_the_old_router(mac: Mac) -> None:
    vpn = mac.connect_utun(server="203.0.113.7")
    vpn.killed()
    mac.roam("172.20.10.0/28")
    assert mac.rows("0.0.0.0/0")[0].gateway == "172.20.10.1"
    assert mac.rows("203.0.113.7/32")[0].gateway == "192.168.7.1"
    assert mac.rows("192.168.7.0/24") == mac.rows("192.168.7.1/32") == ()


def test_what_comes_and_goes_without_a_client_leaves_nothing(tmp_path: Path) -> None:
    mac = Mac(tmp_path / "mac")
    mac.join_wifi("192.168.7.0/24", router6=ROUTER6)
    before = set(mac.table())
    mac.plug_ethernet("172.20.10.0/28", router6="fe80::42:2")
    mac.swap_service_order()
    mac.unplug_ethernet()
    mac.roam("192.0.2.0/24")
    mac.roam("192.168.7.0/24", router6=ROUTER6)
    mac.renew_dhcp()
    assert set(mac.table()) == before


def test_joining_another_network_is_leaving_the_first(mac: Mac) -> None:
    mac.join_wifi("192.0.2.0/24")
    assert [row.gateway for row in mac.rows("default")] == ["192.0.2.1"]
    assert mac.rows("192.168.7.0/24") == ()


def test_without_any_network_multicast_goes_to_the_loopback(mac: Mac) -> None:
    mac.leave_wifi()
    assert flags(mac, "224.0.0.0/24") == {"lo0": "UmS"}


def test_an_advertised_router_is_the_kernels_and_lacks_s(tmp_path: Path) -> None:
    mac = Mac(tmp_path / "mac")
    mac.join_wifi("192.168.7.0/24", router6=ROUTER6)
    assert mac.rows("::/0") == (("::/0", f"{ROUTER6}%en0", "UGcg", "en0"),)
    mac.leave_wifi()
    assert mac.rows("::/0") == ()


def test_an_advertised_default_deleted_by_hand_stays_away(tmp_path: Path) -> None:
    mac = Mac(tmp_path / "mac")
    mac.join_wifi("192.168.7.0/24", router6=ROUTER6)
    mac.route("-n delete -inet6 default")
    mac.nd6_timer_fires()
    assert mac.rows("::/0") == ()


def test_the_deletion_of_a_static_default_brings_the_advertised_one_back(tmp_path: Path) -> None:
    mac = Mac(tmp_path / "mac")
    mac.join_wifi("192.168.7.0/24", router6=ROUTER6)
    mac.route("-n delete -inet6 default")
    vpn = mac.connect_utun(routes=["::/0"])
    assert flags(mac, "::/0") == {vpn.name: "UScg"}
    mac.route("-n delete -inet6 default")
    mac.nd6_timer_fires()
    assert flags(mac, "::/0") == {"en0": "UGcg"}


def test_two_uplinks_have_each_a_router_and_the_second_ones_default_is_scoped(tmp_path: Path) -> None:
    mac = Mac(tmp_path / "mac")
    mac.join_wifi("192.168.7.0/24", router6=ROUTER6)
    mac.plug_ethernet("192.0.2.0/24", router6="fe80::42:2")
    assert flags(mac, "::/0") == {"en5": "UGcg", "en0": "UGcIg"}
    mac.unplug_ethernet()
    assert flags(mac, "::/0") == {"en0": "UGcg"}


def test_the_holder_of_a_utun_is_said_with_the_number_and_one(mac: Mac) -> None:
    mac.connect_utun(client="openvpn", pid=4711)
    with mac.state() as machine:
        line = control_sockets(machine).splitlines()[-1]
        assert "openvpn:4711" in line
        assert line.split()[-3:] == ["1", "4", "com.apple.net.utun_control"]
        assert open_files(machine).splitlines()[-1].split()[:3] == ["openvpn", "4711", "root"]
        assert open_files(machine).endswith("[ctl com.apple.net.utun_control id 4 unit 1]\n")


def test_before_26_the_control_sockets_tell_a_pid_and_no_name(tmp_path: Path) -> None:
    mac = Mac(tmp_path / "mac", "14.0")
    mac.connect_utun(pid=4711)
    with mac.state() as machine:
        header, line = control_sockets(machine).splitlines()[-4], control_sockets(machine).splitlines()[-1]
    assert header == "Proto Recv-Q Send-Q rhiwat shiwat    pid   epid   unit     id name"
    assert line == "kctl       0      0  65536  65536   4711      0      1      4 com.apple.net.utun_control"


def test_lsof_cuts_names_and_shows_nothing_of_root_to_others(mac: Mac) -> None:
    mac.system_utuns(2)
    with mac.state() as machine:
        assert "\nidentitys " in open_files(machine)
        machine.root = False
        assert "utun_control" not in open_files(machine)


def test_ifconfig_tells_index_generation_and_the_agent(mac: Mac) -> None:
    mac.connect_network_extension("Office")
    with mac.state() as machine:
        lines = listing(machine, verbose=True, name="utun0").splitlines()
        assert "index" not in listing(machine, verbose=False)
    assert lines[0] == "utun0: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1400 index 4"
    assert "\tinet 10.20.0.9 --> 10.20.0.9 netmask 0xffffffff" in lines
    assert "\tgeneration id: 4" in lines
    assert '\tagent domain:NetworkExtension type:VPN flags:0x47 desc:"VPN: Office"' in lines


def test_ifconfig_tells_who_is_off_the_network(mac: Mac) -> None:
    mac.leave_wifi()
    with mac.state() as machine:
        lines = listing(machine, verbose=False, name="en0").splitlines()
    assert lines[0] == "en0: flags=8823<UP,BROADCAST,SMART,SIMPLEX,MULTICAST> mtu 1500"
    assert "\tstatus: inactive" in lines


def test_scutil_knows_services_and_no_utun_of_a_clients_own(mac: Mac) -> None:
    mac.connect_utun()
    vpn = mac.connect_network_extension("Office")
    with mac.state() as machine:
        assert "  utun1 : flags" in network_information(machine)
        assert "utun0" not in network_information(machine)
        assert "* (Connected)      5D3A1B0E-" in connection_services(machine)
    vpn.disconnects_cleanly()
    with mac.state() as machine:
        assert "* (Disconnected)   5D3A1B0E-" in connection_services(machine)
        assert '"Office"' in connection_services(machine)


def test_scutil_shows_the_primary_service(mac: Mac) -> None:
    with mac.state() as machine:
        said = answers(machine, ["open", "show State:/Network/Global/IPv4", "show State:/Network/Global/IPv6"])
    assert said == (
        "<dictionary> {\n  PrimaryInterface : en0\n  PrimaryService : 5D3A1B0E-27C4-4F6E-9A11-000000000001\n"
        "  Router : 192.168.7.1\n}\n  No such key\n"
    )
