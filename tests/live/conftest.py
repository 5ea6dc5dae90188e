"""What live tests share: the fixture ``namespace``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
