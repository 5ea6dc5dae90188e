"""Steps are taken with route(8), and only the table is believed: before, and after; beside what all hosts do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.core.diff import steady
from routewatch.core.model import PolicyRule, Route
from routewatch.core.steps import Step
from routewatch.errors import KernelRefusedError, ObservationError, PermissionRefusedError
from routewatch.host.macos.kernel import MacHost
from routewatch.host.macos.write import PACE

if TYPE_CHECKING:
    from routewatch.host.macos.programs import Paths
    from tests.macos.mac import Mac


def only(host: MacHost, destination: str, family: str = "inet") -> Route:
    found = [r for r in host.observe().routes.values() if (r.destination, r.family) == (destination, family)]
    assert len(found) == 1
    return found[0]


def test_a_row_of_configds_comes_back_with_another_word_for_its_link(mac: Mac, host: MacHost) -> None:
    mac.connect_network_extension("Office", routes=["10.20.0.0/16"])
    before = only(host, "10.20.0.0/16")
    assert (before.link or "").startswith("link#")
    host.apply(Step(action="delete", route=before))

    assert host.apply(Step(action="add", route=before)) == "done"
    assert only(host, "10.20.0.0/16").link == before.interface
    assert steady(only(host, "10.20.0.0/16")) == steady(before)


def test_another_row_in_its_place_is_not_touched(mac: Mac, host: MacHost) -> None:
    utun = mac.connect_utun(client="openvpn").name
    mac.route(f"-n add -net 10.44.0.0/16 -interface {utun}")
    mine = only(host, "10.44.0.0/16")
    mac.route("-n delete -net 10.44.0.0/16")
    mac.route("-n add -net 10.44.0.0/16 192.168.7.1")
    mac.forget_calls()

    assert host.apply(Step(action="delete", route=mine)) == "absent"
    with pytest.raises(KernelRefusedError, match=r"another route to 10\.44\.0\.0/16 stands there already"):
        host.apply(Step(action="add", route=mine))
    assert mac.calls("route") == []


def test_the_default_of_another_link_is_not_taken_for_the_tunnels(mac: Mac, host: MacHost) -> None:
    """A delete is keyed by destination and mask alone: the Wi-Fi's default would go."""
    mac.connect_network_extension("Office")
    [full] = [r for r in host.observe().routes.values() if r.destination == "0.0.0.0/0" and not r.scoped]
    assert (full.interface or "").startswith("utun")
    mac.close_utun(full.interface or "")

    assert host.apply(Step(action="delete", route=full)) == "absent"
    assert any(row.interface == "en0" for row in mac.rows("0.0.0.0/0"))


def wrapped(mac: Mac, script: str) -> None:
    """Let a script be run in route's place, which finds the real one as $REAL."""
    real = mac.folder / "route.real"
    (mac.folder / "route").rename(real)
    program = mac.folder / "route"
    program.write_text(f"#!/bin/sh\nREAL={real}\n{script}\n")
    program.chmod(0o755)


def test_what_went_with_it_is_put_back_at_once(mac: Mac, host: MacHost) -> None:
    """A host's delete finds the network of that address where the host's row has just gone."""
    mac.route("-n add -net 203.0.113.9/32 192.168.7.1")
    mac.route("-n add -host 203.0.113.9 192.168.7.1")
    [row] = [r for r in host.observe().routes.values() if r.destination == "203.0.113.9/32" and "H" in r.flags]
    wrapped(mac, 'case "$*" in *delete*) $REAL "$@" >/dev/null;; esac\nexec $REAL "$@"')

    assert host.apply(Step(action="delete", route=row)) == "done"
    assert [seen.flags for seen in mac.rows("203.0.113.9/32")] == ["UGSc"]
    assert [call[2] for call in mac.calls("route")] == ["delete", "delete", "add"]


def test_what_can_not_be_put_back_is_told(mac: Mac, host: MacHost) -> None:
    mac.route("-n add -net 203.0.113.9/32 192.168.7.1")
    mac.route("-n add -host 203.0.113.9 192.168.7.1")
    [row] = [r for r in host.observe().routes.values() if r.destination == "203.0.113.9/32" and "H" in r.flags]
    wrapped(mac, 'case "$*" in *add*) exit 0;; esac\n$REAL "$@" >/dev/null\nexec $REAL "$@"')

    with pytest.raises(KernelRefusedError, match=r"203\.0\.113\.9/32 went with it, and could not be put back"):
        host.apply(Step(action="delete", route=row))


def test_a_refusal_that_exits_0_is_heard_and_told_in_the_kernels_words(mac: Mac, host: MacHost) -> None:
    mac.route("-n add -net 10.44.0.0/16 192.168.7.1")
    row = replace(only(host, "10.44.0.0/16"), gateway="172.31.9.9", destination="10.99.0.0/16")

    assert mac.tries_route("-n add -net 10.99.0.0/16 172.31.9.9")[0] == 0
    mac.tries_route("-n delete -net 10.99.0.0/16")
    mac.route("-n delete -inet default")  # so that no route leads to that gateway
    with pytest.raises(KernelRefusedError, match="Network is unreachable"):
        host.apply(Step(action="add", route=row))


def test_a_route_that_says_it_is_done_and_is_not_has_failed(mac: Mac, host: MacHost) -> None:
    mac.route("-n add -net 10.44.0.0/16 192.168.7.1")
    wrapped(mac, 'echo "delete net 10.44.0.0"')

    with pytest.raises(KernelRefusedError, match="the table does not show it"):
        host.apply(Step(action="delete", route=only(host, "10.44.0.0/16")))


def test_without_privilege_nothing_more_is_tried(mac: Mac, host: MacHost) -> None:
    mac.route("-n add -net 10.44.0.0/16 192.168.7.1")
    row = only(host, "10.44.0.0/16")
    mac.is_not_root()

    with pytest.raises(PermissionRefusedError, match="must be root"):
        host.apply(Step(action="delete", route=row))


def test_no_step_is_taken_on_a_table_that_can_not_be_relied_on(mac: Mac, host: MacHost) -> None:
    mac.route("-n add -net 10.44.0.0/16 192.168.7.1")
    row = only(host, "10.44.0.0/16")
    mac.misbehaves("netstat", "empty")

    with pytest.raises(ObservationError, match="can't be relied on"):
        host.apply(Step(action="delete", route=row))
    assert mac.calls("route") == []


def test_a_route_that_hangs_is_ended(mac: Mac, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    host = MacHost(paths)
    mac.route("-n add -net 10.44.0.0/16 192.168.7.1")
    row = only(host, "10.44.0.0/16")
    mac.misbehaves("route", "hang")
    monkeypatch.setattr("routewatch.host.macos.programs.ACTING", 0.3)

    with pytest.raises(ObservationError, match="route did not answer"):
        host.apply(Step(action="delete", route=row))


def test_what_a_route_that_hangs_has_done_all_the_same_the_table_tells(
    mac: Mac, host: MacHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    mac.route("-n add -net 10.44.0.0/16 192.168.7.1")
    row = only(host, "10.44.0.0/16")
    wrapped(mac, '$REAL "$@"\nexec sleep 600')
    monkeypatch.setattr("routewatch.host.macos.programs.ACTING", 1.0)

    assert host.apply(Step(action="delete", route=row)) == "done"
    assert mac.rows("10.44.0.0/16") == ()


def test_a_dump_without_a_family_is_no_word_for_a_row_that_is_gone(mac: Mac, host: MacHost) -> None:
    mac.route("-n add -inet6 -net 2001:db8:77::/48 -interface en0")
    [row] = [r for r in host.observe().routes.values() if r.destination == "2001:db8:77::/48"]
    mac.misbehaves("netstat", "one family")

    assert not host.observe().complete
    with pytest.raises(ObservationError, match="no route of inet6 at all"):
        host.apply(Step(action="delete", route=row))


def test_what_route_has_no_words_for_is_not_tried(mac: Mac, host: MacHost) -> None:
    mac.contacts("192.168.7.9")
    clone = next(r for r in host.observe().routes.values() if "L" in r.flags and r.interface == "en0")

    with pytest.raises(KernelRefusedError, match=r"ARP or ND entry|clone"):
        host.apply(Step(action="delete", route=clone))
    with pytest.raises(KernelRefusedError, match="nothing but routes"):
        host.apply(Step(action="delete", policy_rule=PolicyRule(family="inet", table=254)))
    assert mac.calls("route") == []


def test_commands_do_not_come_in_bursts_and_each_has_a_look_before_and_after(mac: Mac, host: MacHost) -> None:
    for number in range(3):
        mac.route(f"-n add -net 10.{number}.0.0/16 192.168.7.1")
    wanted = [only(host, f"10.{number}.0.0/16") for number in range(3)]
    mac.forget_calls()

    began = time.monotonic()
    assert [host.apply(Step(action="delete", route=row)) for row in wanted] == ["done"] * 3
    assert time.monotonic() - began >= 2 * PACE
    assert [call[0] for call in mac.calls()] == ["netstat", "route", "netstat"] * 3


def test_who_takes_a_rows_place_right_after_the_last_step_keeps_his(mac: Mac, host: MacHost) -> None:
    """The look that proved the last step is too old for the next: a VPN may have come back between the two."""
    utun = mac.connect_utun(client="openvpn").name
    mac.route("-n add -net 10.1.0.0/16 192.168.7.1")
    mac.route(f"-n add -net 10.2.0.0/16 -interface {utun}")
    first, second = only(host, "10.1.0.0/16"), only(host, "10.2.0.0/16")

    assert host.apply(Step(action="delete", route=first)) == "done"
    mac.route("-n delete -net 10.2.0.0/16")
    mac.route("-n add -net 10.2.0.0/16 192.168.7.1")
    assert host.apply(Step(action="delete", route=second)) == "absent"
    assert [row.gateway for row in mac.rows("10.2.0.0/16")] == ["192.168.7.1"]


def test_what_another_put_in_the_place_of_a_row_beside_it_was_not_hit_by_us(mac: Mac, host: MacHost) -> None:
    """The default has the address of 0.0.0.0/1: while that one goes, configd brings another network's default."""
    mac.route("-n add -net 0.0.0.0/1 192.168.7.1")
    [half] = [r for r in host.observe().routes.values() if r.destination == "0.0.0.0/1"]
    wrapped(
        mac, '$REAL -n delete -inet default >/dev/null; $REAL -n add default 192.168.7.2 >/dev/null\nexec $REAL "$@"'
    )
    mac.forget_calls()

    assert host.apply(Step(action="delete", route=half)) == "done"
    assert [row.gateway for row in mac.rows("0.0.0.0/0")] == ["192.168.7.2"]
    assert [call[2] for call in mac.calls("route")] == ["delete", "add", "delete"]


def test_a_default_that_went_with_it_is_put_back_without_a_pause(mac: Mac, host: MacHost) -> None:
    mac.route("-n add -net 0.0.0.0/1 192.168.7.1")
    [half] = [r for r in host.observe().routes.values() if r.destination == "0.0.0.0/1"]
    wrapped(mac, 'case "$*" in *delete*) $REAL -n delete -inet default >/dev/null;; esac\nexec $REAL "$@"')

    assert host.apply(Step(action="delete", route=half)) == "done"
    assert [row.gateway for row in mac.rows("0.0.0.0/0")] == ["192.168.7.1"]
