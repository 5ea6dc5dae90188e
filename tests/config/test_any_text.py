"""A configuration of any bytes is settings or an error that says where: never an exception of another kind."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routewatch.config import load
from routewatch.errors import ConfigurationError
from tests.config.files import person, written

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = (
    "platform", "state_dir", "poll_interval", "settle_quiet", "settle_limit", "grace", "automatic", "max_routes",
    "protect", "protect.tables", "protect.destinations", "vpn", "hooks", "hooks.timeout", "retention", "retention.age",
    "retention.size", "macos", "macos.netstat", "macos.timeout", "vpn.name", "poll_intervall", '""', '"\\u0000"',
)  # fmt: skip
VALUES = (
    "1", "-1", "0", "1e400", "nan", "inf", "9" * 400, "true", '""', '"1s"', '"-1s"', '"9999999999999d"', '"/x"',
    '"\\u0000"',
    '"certain"', "1979-05-27", "[]", "[[]]", "{}", '[{name = "x"}]', '["10.0.0.0/8", 7, {}]', "[254, -1, 4294967296]",
    '"' + "x" * 5000 + '"', '"\N{ARABIC-INDIC DIGIT ONE}s"', "0x7f", '"200MB"', '"1e9d"',
)  # fmt: skip

lines = st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)).map(" = ".join)
headings = st.sampled_from(("[protect]", "[[vpn]]", "[hooks]", "[retention]", "[macos]", "[x]", "[[hooks]]", "[vpn]"))
texts = st.lists(lines | headings | st.text(max_size=20), max_size=8).map("\n".join)


def reads(write: Callable[[Path], Any]) -> None:
    """Load what is written; anything but settings or the one kind of error fails the test."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "routewatch.toml")
        with suppress(ConfigurationError):
            load(folder / "routewatch.toml", person(folder))


@given(texts)
def test_any_lines_are_settings_or_an_error(text: str) -> None:
    reads(lambda path: path.write_text(text, errors="replace"))


@given(st.binary(max_size=300))
def test_any_bytes_are_settings_or_an_error(content: bytes) -> None:
    reads(lambda path: path.write_bytes(content))


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 50_000, "x." * 20_000 + "y = 1", "x = " + "{a=" * 20_000, "[" + "x." * 20_000 + "y]"]
)
def test_one_that_is_nested_without_end_is_an_error(text: str) -> None:
    reads(lambda path: path.write_text(text))


def test_one_of_the_usual_kind_is_read_this_way_too(tmp_path: Path) -> None:
    assert load(written(tmp_path, "max_routes = 7"), person(tmp_path)).settings.max_routes == 7
