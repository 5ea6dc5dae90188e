"""What live tests share: the fixtures ``namespace`` and ``keys``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live import openvpn
from tests.live.namespace import Namespace, new_namespace, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """Give a network namespace of the test's own; skip where none can be made."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with new_namespace() as made:
        yield made


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> openvpn.Keys:
    """Give the certificates of an OpenVPN server and its client; skip where OpenVPN can't be run."""
    reason = openvpn.why_not()
    if reason:
        pytest.skip(reason)
    return openvpn.make_keys(tmp_path_factory.mktemp("keys"))
