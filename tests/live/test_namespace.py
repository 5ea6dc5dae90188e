"""The namespaces that live tests run in."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live


def links() -> list[str]:
    return sorted(name for _, name in socket.if_nameindex())


def network() -> int:
    return os.stat("/proc/self/ns/net").st_ino  # noqa: PTH116 - a magic link: Path.stat() would do the same


def fail() -> None:
    raise LookupError("in there")


def test_a_namespace_has_only_its_own_links(namespace: Namespace) -> None:
    namespace.run("ip link add v0 type veth peer name v1")

    assert namespace.call(links) == ["lo", "v0", "v1"]


def test_a_call_leaves_the_caller_in_its_own_namespace(namespace: Namespace) -> None:
    before = network()

    assert namespace.call(network) != before
    assert network() == before


def test_an_error_in_a_call_comes_back(namespace: Namespace) -> None:
    with pytest.raises(LookupError, match="in there"):
        namespace.call(fail)
