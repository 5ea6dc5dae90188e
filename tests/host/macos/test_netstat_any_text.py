"""Any text at all: nothing raises, no line is lost, and a large table takes no time."""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from routewatch.host.macos import columns
from routewatch.host.macos.netstat import parse
from tests.host.macos.printer import GENERATIONS, table

if TYPE_CHECKING:
    from routewatch.host.macos.netstat import Reading

PLAIN = "\n".join(table(generation) for generation in GENERATIONS)


def kept(reading: Reading) -> int:
    """Count the lines that became something."""
    return len(reading.routes) + len(reading.unparsed)


def rows(text: str) -> int:
    """Count the lines that are neither blank nor a title, section line or header."""
    lines = [line for line in text.split("\n") if line.strip()]
    return sum(
        1
        for line in lines
        if line.strip() not in {"Routing tables", "Internet:", "Internet6:"} and not columns.is_header(line)
    )


@given(st.text())
def test_arbitrary_text_never_raises(text: str) -> None:
    parse(text)


@given(st.lists(st.sampled_from(["default", "10", "::1", "link#1", "UGS", "H", "en0", "L", "!", "-", "7", "\t"])))
def test_words_of_a_table_in_any_order_never_raise(words: list[str]) -> None:
    assert kept(parse(" ".join(words))) == (1 if " ".join(words).strip() else 0)


@given(st.data())
def test_no_line_of_a_damaged_table_is_lost(data: st.DataObject) -> None:
    text = PLAIN
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(text) - 1))
        until = data.draw(st.integers(at, min(len(text), at + 30)))
        text = text[:at] + data.draw(st.sampled_from(["", " ", "\n", "\t", "x", "%", "/", ":", "9"])) + text[until:]

    assert kept(parse(text)) == rows(text)


def test_numbers_without_end_are_no_expiry_and_lines_without_end_are_no_rows() -> None:
    assert [route.expires for route in parse("10.8/24 utun4 USc utun4 " + "9" * 900 + "\n").routes] == [None]
    assert len(parse(":" * 1_000_000 + "! link#4 UH en0\n").unparsed) == 1


def table_of(rows: int) -> str:
    inet = "".join(
        f"{f'10.{n >> 8 & 255}.{n & 255}.{n >> 16}/32':<18} 192.168.7.1        UGSc                utun4       \n"
        for n in range(rows // 2)
    )
    inet6 = "".join(
        f"{f'fd00:{n >> 8:x}:{n & 255:x}::/64':<39} fe80::1%utun4                           UGSc                utun4\n"
        for n in range(rows // 2)
    )
    return inet + inet6


def time_to_read(rows: int) -> float:
    """Return the CPU seconds that a table of so many rows takes to be read."""
    text, started = table_of(rows), process_time()
    assert len(parse(text).routes) == rows
    return process_time() - started


def test_a_hundred_thousand_rows_are_read_in_a_time_that_grows_with_their_number_only() -> None:
    few = min(time_to_read(10_000) for _ in range(3))

    assert time_to_read(100_000) < 40 * few  # ten times is what it takes, a hundred if each row were sought in all
