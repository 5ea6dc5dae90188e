"""The sockets that dumps come through: what the kernel refuses, leaves unanswered, or says in many datagrams."""

from __future__ import annotations

import resource
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from routewatch.errors import ObservationError
from routewatch.host.linux.dumps import NETLINK_GET_STRICT_CHK, SOL_NETLINK, RequestSocket, Witness
from routewatch.host.linux.reading import read_tables
from routewatch.host.linux.rtnetlink import messages
from tests.live.zoo import RULES, WIRES, ZOO, change_a_route, many, read

if TYPE_CHECKING:
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live


def refused() -> str:
    with RequestSocket() as requests, pytest.raises(ObservationError) as raised:
        requests.dump(messages.RTM_GETROUTE, messages.AF_INET, messages.attribute(6, bytes(4)))
    return raised.value.message


def test_a_refused_dump_is_told_in_the_kernels_own_words(namespace: Namespace) -> None:
    assert "Unsupported attribute in dump request" in namespace.call(refused)


def unanswered() -> str:
    requests = RequestSocket()
    requests.close()
    requests._socket, _silent = socket.socketpair()
    requests._socket.settimeout(0.01)
    with pytest.raises(ObservationError) as raised:
        requests.dump(messages.RTM_GETROUTE)
    return raised.value.message


def test_a_kernel_that_does_not_answer_is_given_up(namespace: Namespace) -> None:
    assert "did not finish" in namespace.call(unanswered)


def without_descriptors() -> str:
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    with pytest.raises(ObservationError) as raised:
        RequestSocket()
    return raised.value.message


def test_where_no_socket_can_be_opened_it_is_said_so(namespace: Namespace) -> None:
    assert namespace.call(without_descriptors) == "rtnetlink can't be opened: Too many open files"


def foreign_family() -> tuple[bool, tuple[bytes, ...]]:
    with RequestSocket() as requests:
        dump = requests.dump(messages.RTM_GETROUTE, socket.AF_X25)
        return dump.interrupted, dump.chunks


def test_a_family_that_the_kernel_does_not_have_has_no_routes(namespace: Namespace) -> None:
    assert namespace.call(foreign_family) == (False, ())


def after_one_given_up() -> tuple[int, int]:
    with RequestSocket() as requests:
        whole = len(requests.dump(messages.RTM_GETROUTE, messages.AF_INET).payloads(messages.RTM_NEWROUTE))
        requests._socket.send(messages.request(messages.RTM_GETROUTE, messages.NLM_F_DUMP, 1, b"\2" + bytes(11)))
        return whole, len(requests.dump(messages.RTM_GETROUTE, messages.AF_INET).payloads(messages.RTM_NEWROUTE))


def test_a_dump_that_was_given_up_does_not_spoil_the_next(namespace: Namespace) -> None:
    namespace.run_all(WIRES)
    many(namespace, "-4", (f"172.16.{i // 256}.{i % 256}/32" for i in range(3000)))

    whole, again = namespace.call(after_one_given_up)
    assert whole == again > 3000


def without_strict_checking() -> bool:
    with RequestSocket() as requests:
        strict = read_tables(requests)
        requests._socket.setsockopt(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 0)
        lax = read_tables(requests)
    return lax.complete and (lax.links, lax.rules, lax.routes.counts) == (
        strict.links,
        strict.rules,
        strict.routes.counts,
    )


def test_a_kernel_without_strict_checking_is_read_all_the_same(namespace: Namespace) -> None:
    namespace.run_all(WIRES + ZOO.replace("expires 1800", "") + RULES)

    assert namespace.call(without_strict_checking)


def count_of_a_large_table() -> int:
    return len(read().routes)


def test_a_table_of_many_datagrams_is_read_whole(namespace: Namespace) -> None:
    namespace.run_all(WIRES)
    before = namespace.call(count_of_a_large_table)
    many(namespace, "-4", (f"172.16.{i // 256}.{i % 256}/32" for i in range(3000)))
    many(namespace, "-6", (f"2001:db8:1:{i:x}::/64" for i in range(3000)))

    assert namespace.call(count_of_a_large_table) == before + 6000


def hear(commands: list[str]) -> list[set[str]]:
    heard: list[set[str]] = []
    with Witness() as witness:
        for command in commands:
            subprocess.run(command.split(), check=True)
            heard.append(set(witness.heard()))
    return heard


def test_the_witness_hears_of_which_family_changed(namespace: Namespace) -> None:
    namespace.run_all(WIRES)
    commands = [
        "true",
        "ip route add 10.1.0.0/16 dev v0",
        "ip -6 route add 2001:db8:1::/48 dev v0",
        "ip nexthop add id 1 via 10.0.0.2 dev v0",
    ]

    assert namespace.call(hear, commands) == [set(), {"inet"}, {"inet6"}, {"inet", "inet6"}]


def overrun() -> set[str]:
    index = socket.if_nametoindex("v0")
    with Witness() as witness:
        witness._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        for number in range(1, 100):
            change_a_route(index, number)
        return set(witness.heard())


def test_a_witness_that_lost_messages_trusts_neither_family(namespace: Namespace) -> None:
    namespace.run_all(WIRES)

    assert namespace.call(overrun) == {"inet", "inet6"}
