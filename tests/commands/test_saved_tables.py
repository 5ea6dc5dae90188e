"""``snapshot --from``: a colleague's saved table, by file or by pipe; and files that hold none."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.commands.desk import Desk

TABLE = """user@host:~$ ip route
default via 192.168.40.1 dev wlan0 proto dhcp metric 600
10.44.0.0/16 via 10.44.8.1 dev tun0
192.168.40.0/24 dev wlan0 proto kernel scope link src 192.168.40.7 metric 600
user@host:~$ ip -6 route
2001:db8:40::/64 dev wlan0 proto ra metric 600 pref medium
"""
KEYS = ["schema", "taken_at", "platform", "complete", "routes", "policy_rules", "links", "unparsed"]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    file = tmp_path / "table.txt"
    file.write_text(TABLE)
    return file


def test_a_saved_table_is_shown_as_one_document_with_the_keys_of_a_live_one(desk: Desk, saved: Path) -> None:
    answer = desk.ask("snapshot", "--from", str(saved))

    assert (answer.status, list(answer.document)) == (0, KEYS)
    assert [row["destination"] for row in answer.document["routes"]] == [
        "0.0.0.0/0",
        "10.44.0.0/16",
        "192.168.40.0/24",
        "2001:db8:40::/64",
    ]
    assert (answer.document["taken_at"], answer.document["platform"]) == (None, "linux")
    assert answer.document["complete"]
    assert answer.document["routes"][0].keys() == desk.ask("snapshot").document["routes"][0].keys()


def test_a_table_comes_in_through_a_pipe(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TABLE.encode())))

    answer = desk.say("snapshot", "--from", "-", "-6")
    assert (answer.status, answer.out) == (0, "2001:db8:40::/64 dev wlan0 proto ra metric 600\n")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("-4", 3),
        ("-6", 1),
        ("--interface tun0", 1),
        ("--table main", 4),
        ("--table 7", 0),
    ],
)
def test_the_filters_work_on_a_saved_table(desk: Desk, saved: Path, words: str, shown: int) -> None:
    answer = desk.ask("snapshot", "--from", str(saved), *words.split())

    assert (answer.status, len(answer.document["routes"])) == (0, shown)


def test_an_interface_that_a_saved_table_lacks_is_refused_with_those_it_has(desk: Desk, saved: Path) -> None:
    error = desk.ask("snapshot", "--from", str(saved), "--interface", "eth9").document["error"]

    assert (error["message"], error["hint"]) == ("there is no interface eth9", "there are tun0, wlan0")


def test_our_own_document_is_read_back_to_the_same_document(desk: Desk, tmp_path: Path) -> None:
    first = desk.ask("snapshot")
    file = tmp_path / "snapshot.json"
    file.write_text(first.out)

    again = desk.ask("snapshot", "--from", str(file)).document
    links = [{**link, "owner": None} for link in first.document["links"]]
    assert again == {**first.document, "taken_at": None, "links": links}


def test_a_line_that_is_not_understood_makes_the_table_incomplete_and_is_told(desk: Desk, saved: Path) -> None:
    saved.write_text(TABLE + "10.45.0.0/16 via xx.xx.xx.xx dev tun0\n")

    document = desk.ask("snapshot", "--from", str(saved)).document
    assert (document["complete"], document["unparsed"]) == (False, ["10.45.0.0/16 via xx.xx.xx.xx dev tun0"])
    assert "not understood: 10.45.0.0/16 via xx" in desk.say("snapshot", "--from", str(saved)).err


NO_TABLES = {
    b"\x7fELF\0\0\0": "binary data",
    b"": "no routing table",
    b"Dear colleague,\nit does not work.\n": "no routing table",
    b"x" * 1_000_000: "line 1 is longer than 64 KiB",
    b"default via 10.0.0.1 dev eth0\n" + b"y" * 1_000_000: "line 2 is longer than 64 KiB",
    b"[" * 1_000_000: "no routing table",
    b'{"a":' * 1_000_000: "no routing table",
    b"\xff\xfe" + b"\xd8\x00" * 9: "no routing table",
}


@pytest.mark.parametrize("content", NO_TABLES)
def test_a_file_that_is_no_table_is_refused_in_one_line_with_a_hint(desk: Desk, saved: Path, content: bytes) -> None:
    saved.write_bytes(content)

    answer = desk.ask("snapshot", "--from", str(saved))
    assert (answer.status, answer.document["error"]["code"]) == (2, "usage")
    assert NO_TABLES[content] in answer.document["error"]["message"]
    assert answer.document["error"]["hint"]
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_a_table_is_read_as_the_editors_of_other_systems_save_it(desk: Desk, saved: Path, encoding: str) -> None:
    saved.write_bytes(TABLE.replace("\n", "\r\n").encode(encoding))

    assert len(desk.ask("snapshot", "--from", str(saved)).document["routes"]) == 4


@pytest.mark.parametrize(
    ("pack", "unpack"), [(gzip.compress, "gzip -dc"), (lzma.compress, "xz -dc"), (bz2.compress, "bzip2 -dc")]
)
def test_a_compressed_table_is_refused_with_what_unpacks_it(
    desk: Desk, saved: Path, pack: Callable[[bytes], bytes], unpack: str
) -> None:
    saved.write_bytes(pack(TABLE.encode()))

    error = desk.ask("snapshot", "--from", str(saved)).document["error"]
    assert error["message"].endswith("table.txt: compressed")
    assert error["hint"] == f"unpack it first: {unpack} FILE | routewatch snapshot --from -"


@pytest.mark.parametrize("name", [".", "missing.txt", "table.txt/inside", "a\0b"])
def test_what_is_no_readable_file_is_refused(desk: Desk, saved: Path, name: str) -> None:
    answer = desk.ask("snapshot", "--from", f"{saved.parent}/{name}")

    assert (answer.status, answer.document["error"]["code"]) == (2, "usage")


def test_a_hundred_megabytes_are_not_read(desk: Desk, saved: Path) -> None:
    with saved.open("r+b") as file:
        file.truncate(100_000_000)

    assert "larger than 64 MiB" in desk.ask("snapshot", "--from", str(saved)).document["error"]["message"]


def test_a_table_on_one_line_of_a_megabyte_is_read_where_it_is_json(desk: Desk, saved: Path) -> None:
    rows = [{"dst": f"10.{n >> 8}.{n & 255}.0/24", "dev": "eth0", "flags": []} for n in range(20_000)]
    saved.write_text(json.dumps(rows))

    assert len(desk.ask("snapshot", "--from", str(saved)).document["routes"]) == 20_000


def test_an_escape_in_a_name_never_reaches_the_terminal(desk: Desk, saved: Path) -> None:
    saved.write_text(
        '[{"dst":"10.1.0.0/16","dev":"e\\u001b[2Jt","flags":[]}]\n10.2.0.0/16 via \x1b[31m dev \x07\x9b2J\n'
    )

    answer = desk.say("snapshot", "--from", str(saved))
    assert "\x1b" not in answer.out + answer.err
    assert "\x9b" not in answer.out + answer.err
