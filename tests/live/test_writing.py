"""A real kernel keeps the contract, and what it does not compare is not hit by us."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from routewatch.errors import KernelRefusedError, PermissionRefusedError
from routewatch.host.linux import write
from routewatch.host.linux.kernel import LinuxHost
from tests.host.linux_contract import CLAIMS
from tests.host.stage import NO_DAD, STAGE
from tests.host.steps import route, step

if TYPE_CHECKING:
    from routewatch.core.steps import Step
    from routewatch.host.port import Outcome
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live


@pytest.fixture
def stage(namespace: Namespace) -> Namespace:
    namespace.run(NO_DAD)
    namespace.run("ip -batch -", stdin=STAGE)
    return namespace


def keep(name: str) -> None:
    host = LinuxHost()
    try:
        CLAIMS[name](host)
    finally:
        host.close()


@pytest.mark.parametrize("name", CLAIMS)
def test_the_contract(name: str, stage: Namespace) -> None:
    stage.call(keep, name)


def act(*asked: Step) -> list[Outcome | str]:
    """Take steps, and return the outcomes, or the kernel's words where it refused."""
    outcomes: list[Outcome | str] = []
    for each in asked:
        try:
            outcomes.append(write.apply(each, socket.if_nametoindex))
        except (KernelRefusedError, PermissionRefusedError) as error:
            outcomes.append(f"{error.code}: {error.message}")
    write.close()
    return outcomes


def shown(namespace: Namespace, prefix: str, family: str = "-4") -> list[str]:
    """Return the rows of a prefix as ip-route(8) shows them."""
    told = namespace.run(f"ip {family} route show table all {prefix}").splitlines()
    return [" ".join(line.replace("linkdown", "").replace("pref medium", "").split()) for line in told]


def test_the_words_of_ip_route_are_what_was_asked_for(stage: Namespace) -> None:
    stage.call(act, step("add", "10.50.0.0/16 via 10.1.0.2 dev v0 src 10.1.0.1 metric 50 proto static mtu lock 1400"))
    stage.call(act, step("add", "fd50::/48 from fd01::/64 via fd01::2 dev v0 metric 50 proto ra pref high"))

    assert shown(stage, "10.50.0.0/16") == [
        "10.50.0.0/16 via 10.1.0.2 dev v0 proto static src 10.1.0.1 metric 50 mtu lock 1400"
    ]
    assert shown(stage, "fd50::/48", "-6") == [
        "fd50::/48 from fd01::/64 via fd01::2 dev v0 proto ra metric 50 pref high"
    ]


def test_a_route_is_left_alone_where_the_kernel_would_take_its_sibling_for_it(stage: Namespace) -> None:
    # Asked without src, IPv4 takes the first that fits the rest (fib_table_delete()).
    stage.run("ip route add 10.50.0.0/16 via 10.1.0.2 dev v0 src 10.8.0.2")
    stage.run("ip route append 10.50.0.0/16 via 10.1.0.2 dev v0")
    before = shown(stage, "10.50.0.0/16")

    (answer,) = stage.call(act, step("delete", "10.50.0.0/16 via 10.1.0.2 dev v0"))

    assert "another one would go" in answer
    assert shown(stage, "10.50.0.0/16") == before


def test_the_first_of_two_siblings_goes_where_the_kernel_takes_the_first(stage: Namespace) -> None:
    stage.run("ip route add 10.50.0.0/16 via 10.1.0.2 dev v0")
    stage.run("ip route append 10.50.0.0/16 via 10.1.0.2 dev v0 src 10.8.0.2")

    assert stage.call(act, step("delete", "10.50.0.0/16 via 10.1.0.2 dev v0")) == ["done"]
    assert shown(stage, "10.50.0.0/16") == ["10.50.0.0/16 via 10.1.0.2 dev v0 src 10.8.0.2"]


def test_an_ipv6_route_on_link_is_left_alone_where_its_sibling_with_a_gateway_comes_first(stage: Namespace) -> None:
    stage.run("ip -6 route add fd50::/48 via fd01::2 dev v0")
    stage.run("ip -6 route append fd50::/48 dev v0")
    before = shown(stage, "fd50::/48", "-6")

    outcomes = stage.call(act, step("delete", "fd50::/48 dev v0"))

    left = shown(stage, "fd50::/48", "-6")
    assert left == (before if outcomes != ["done"] else ["fd50::/48 via fd01::2 dev v0 metric 1024"])


def test_a_rule_is_left_alone_where_one_with_more_selectors_comes_first(stage: Namespace) -> None:
    # Of a selector that the request lacks, the kernel takes any value (rule_find()).
    plain = "100: from all iif v0 lookup 300 proto boot"
    stage.run("ip rule add from 10.1.0.0/16 iif v0 lookup 300 priority 100 proto boot")
    assert stage.call(act, step("add", plain), step("add", plain)) == ["done", "present"]
    before = stage.run("ip rule")

    (answer,) = stage.call(act, step("delete", plain))

    assert "another one would go" in answer
    assert stage.run("ip rule") == before


def test_a_rule_without_a_protocol_is_left_alone_where_one_with_a_protocol_comes_first(stage: Namespace) -> None:
    stage.run("ip rule add iif v0 lookup 300 priority 100 proto static")
    unspecified = "100: from all iif v0 lookup 300 proto unspec"
    assert stage.call(act, step("add", unspecified)) == ["done"]
    before = stage.run("ip rule")

    (answer,) = stage.call(act, step("delete", unspecified))

    assert "another one would go" in answer
    assert stage.run("ip rule") == before


def test_a_rule_that_says_not_is_told_from_one_that_does_not(stage: Namespace) -> None:
    stage.run("ip rule add not from 10.1.0.0/16 lookup 300 priority 100")

    assert stage.call(act, step("delete", "100: from 10.1.0.0/16 lookup 300 proto unspec")) == ["absent"]
    assert "not from 10.1.0.0/16" in stage.run("ip rule")


def test_a_route_with_what_we_cannot_write_is_never_touched(stage: Namespace) -> None:
    tunnelled = replace(route("10.50.0.0/16 via 10.1.0.2 dev v0"), unwritable=("encap mpls",))

    (answer,) = stage.call(act, step("delete", tunnelled))

    assert "encap mpls" in answer


def test_a_plain_delete_does_not_hit_a_route_with_an_encapsulation(stage: Namespace) -> None:
    if not stage.can("ip route add 10.50.0.0/16 encap ip id 5 dst 10.1.0.2 dev v0"):
        pytest.skip("this kernel has no lightweight tunnels")

    assert stage.call(act, step("delete", "10.50.0.0/16 dev v0")) == ["absent"]
    assert shown(stage, "10.50.0.0/16")


def test_a_lifetime_goes_on_from_what_was_left(stage: Namespace) -> None:
    assert stage.call(act, step("add", "fd50::/48 via fd01::2 dev v0 expires 500")) == ["done"]

    (told,) = json.loads(stage.run("ip -6 -j route show fd50::/48"))
    assert 490 < told["expires"] <= 500


def test_a_lifetime_that_is_over_is_not_given_again(stage: Namespace) -> None:
    (answer,) = stage.call(act, step("add", "fd50::/48 via fd01::2 dev v0 expires 0"))

    assert "lifetime" in answer
    assert not shown(stage, "fd50::/48", "-6")


def test_a_congestion_algorithm_is_written_again(stage: Namespace) -> None:
    stage.run("ip route add 10.50.0.0/16 via 10.1.0.2 dev v0 congctl cubic")
    before = shown(stage, "10.50.0.0/16")
    cubic = replace(route("10.50.0.0/16 via 10.1.0.2 dev v0"), metrics=(("cc_algo", "cubic"),))

    assert stage.call(act, step("delete", cubic), step("add", cubic)) == ["done", "done"]
    assert shown(stage, "10.50.0.0/16") == before


def test_a_route_into_another_place_of_its_tunnel_is_put_back_with_its_flags(stage: Namespace) -> None:
    line = "10.50.0.0/16 nexthop via 10.77.0.1 dev v0 weight 2 onlink nexthop dev t0 weight 5"

    assert stage.call(act, step("add", line)) == ["done"]
    assert "via 10.77.0.1 dev v0 weight 2 onlink" in " ".join(shown(stage, "10.50.0.0/16"))


def unprivileged(asked: Step) -> tuple[bool, list[Outcome | str]]:
    import pyroute2.netlink.rtnl.fibmsg  # noqa: F401, PLC0415 - a root's interpreter may lie where only root reads

    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    return write.may_act(), act(asked)


def test_without_privilege_the_step_is_refused_and_we_know_it_before(stage: Namespace) -> None:
    able, (answer,) = stage.call(unprivileged, step("add", "10.50.0.0/16 dev t0"))

    assert not able
    assert answer.startswith("permission")


def test_root_may_act(stage: Namespace) -> None:
    assert stage.call(write.may_act)


def in_a_user_namespace(*options: str) -> bool:
    """Tell whether root of a user namespace of its own, which owns no network, may act."""
    program = "from routewatch.host.linux.write import may_act; print(may_act())"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", *options, sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip() == "True"


def test_root_of_a_user_namespace_may_act_in_its_own_network_only(namespace: Namespace) -> None:
    if not namespace.can("unshare --user --map-root-user true"):
        pytest.skip("this system makes no user namespaces")

    assert namespace.call(in_a_user_namespace, "--net")
    assert not namespace.call(in_a_user_namespace)
