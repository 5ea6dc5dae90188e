"""Remote logins of a real SSH server, from another machine (a namespace): whatever way they came, they are found."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from routewatch.core.model import Login
from routewatch.host.linux.logins import login_peers
from routewatch.host.logins import remote, told_by_environment
from tests.live import ssh
from tests.live.namespace import Namespace, new_namespace, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.live

HOME, HOME6, NEAR = "10.1.0.1", "fd01::1", "fe80::1"
AWAY, AWAY6 = "10.1.0.2", "fd01::2"
QUIET = "sysctl -q -w net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0"
UP = """
ip link set {link} up
ip addr add {address}/24 dev {link}
ip -6 addr add {address6}/64 dev {link}
ip -6 addr add {near}/64 dev {link}
"""


@pytest.fixture(scope="module")
def machines() -> Iterator[tuple[Namespace, Namespace]]:
    """Give the machine that is logged in to, and another one."""
    reason = why_not() or ssh.why_not()
    if reason:
        pytest.skip(reason)
    with new_namespace() as home, new_namespace() as away:
        for namespace in (home, away):
            namespace.run(QUIET)
        home.run(f"ip link add v0 type veth peer name w0 netns {away.name}")
        home.run_all(UP.format(link="v0", address=HOME, address6=HOME6, near=NEAR))
        away.run_all(UP.format(link="w0", address=AWAY, address6=AWAY6, near="fe80::2"))
        yield home, away


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> ssh.Server:
    reason = ssh.why_not()
    if reason:
        pytest.skip(reason)
    return ssh.Server(tmp_path_factory.mktemp("sshd") / "keys")


@pytest.fixture
def home(machines: tuple[Namespace, Namespace]) -> Namespace:
    return machines[0]


@pytest.fixture
def away(machines: tuple[Namespace, Namespace]) -> Namespace:
    return machines[1]


BY_IPV4 = Login(peer=AWAY, local=HOME, port=2222)


@contextmanager
def logins(server: ssh.Server, away: Namespace, *addresses: str, port: int = 2222) -> Iterator[list[ssh.Login]]:
    with ExitStack() as stack:
        yield [stack.enter_context(server.login(away, address, port)) for address in addresses]


def seen() -> tuple[Login, ...]:
    """Return the logins, but for that by which somebody runs these tests."""
    found = login_peers()
    assert found is not None
    return tuple(login for login in found if login not in remote(told_by_environment()))


def test_a_login_is_found_by_ipv4_ipv6_and_on_the_link_alone(
    home: Namespace, away: Namespace, server: ssh.Server
) -> None:
    with server.listening(home, 2222):
        assert home.call(seen) == ()
        with logins(server, away, HOME, HOME6, f"{NEAR}%w0"):
            found = home.call(seen)

    near = Login(peer="fe80::2", local=NEAR, port=2222)
    assert found == (BY_IPV4, Login(peer=AWAY6, local=HOME6, port=2222), near)


def test_a_second_port_is_a_door_as_well(home: Namespace, away: Namespace, server: ssh.Server) -> None:
    with server.listening(home, 2222, 40222), logins(server, away, HOME, port=40222):
        assert home.call(seen) == (Login(peer=AWAY, local=HOME, port=40222),)


@pytest.mark.parametrize("port", [2222, 40222])
def test_a_login_outlives_the_server_that_is_stopped_or_started_again_at_another_port(
    home: Namespace, away: Namespace, server: ssh.Server, port: int
) -> None:
    expected = (Login(peer=AWAY, local=HOME, port=port),)
    with ExitStack() as stack:
        with server.listening(home, port):
            [login] = stack.enter_context(logins(server, away, HOME, port=port))
        assert home.call(seen) == expected
        with server.listening(home, 2022):
            assert home.call(seen) == expected
            assert login.says("echo alive") == "alive\n"


def test_a_server_that_another_listens_for_is_known_by_its_sessions(
    home: Namespace, away: Namespace, server: ssh.Server
) -> None:
    with server.activated(home, 2222), logins(server, away, HOME):
        assert home.call(seen) == (BY_IPV4,)


def test_what_a_login_forwards_and_a_login_from_here_to_elsewhere_are_no_remote_logins(
    home: Namespace, away: Namespace, server: ssh.Server
) -> None:
    with server.listening(home, 2222), server.listening(away, 22), ExitStack() as stack:
        stack.enter_context(server.login(away, HOME, 2222, "-L", f"7001:[{AWAY6}]:22"))
        stack.enter_context(server.login(home, AWAY6, 22))
        # By the forwarded port, through the first login's session, on to another server: a third session
        stack.enter_context(server.login(away, "127.0.0.1", 7001))
        assert home.call(seen) == (BY_IPV4,)


def test_a_login_over_the_loopback_comes_from_where_its_tunnel_leads(
    home: Namespace, away: Namespace, server: ssh.Server
) -> None:
    with server.listening(home, 2222), server.listening(away, 22), ExitStack() as stack:
        stack.enter_context(server.login(home, "127.0.0.1", 2222))
        assert home.call(seen) == ()
        # ssh -R: this machine went out and lets the other one in, as behind a router that lets nobody in
        stack.enter_context(server.login(home, AWAY6, 22, "-R", "7002:127.0.0.1:2222"))
        assert home.call(seen) == ()
        stack.enter_context(server.login(away, "127.0.0.1", 7002))
        [found] = home.call(seen)

    assert (found.peer, found.local) == (AWAY6, HOME6)
