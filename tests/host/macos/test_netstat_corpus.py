"""Tables of real machines: each row is exactly what people read there. They stand outside the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from routewatch.host.macos.netstat import parse

NETSTAT = Path(__file__).parents[4] / "shared/corpus/netstat"
TABLES = sorted(path for path in NETSTAT.glob("[01]*.txt"))
FIELDS = (
    "family",
    "destination",
    "zone",
    "gateway",
    "gateway_zone",
    "link",
    "flags",
    "interface",
    "metric",
    "expires",
    "scoped",
)


@pytest.mark.skipif(not TABLES, reason="the tables of real machines are not at hand")
@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_table_of_a_real_machine_is_read_exactly(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())

    reading = parse(path.read_text())

    assert [{field: getattr(route, field) for field in FIELDS} for route in reading.routes] == expected["routes"]
    assert list(reading.unparsed) == expected["unparsed"]
    assert not reading.torn
