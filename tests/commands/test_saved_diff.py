"""``diff BEFORE AFTER --during``: three tables from a colleague's Mac, judged on any machine."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.desk import Answer, Desk

HEADER = "Routing tables\n\nInternet:\nDestination        Gateway            Flags               Netif Expire\n"
LAN = """default            192.168.40.1       UGScg                 en0
127                127.0.0.1          UCS                   lo0
127.0.0.1          127.0.0.1          UH                    lo0
192.168.40         link#6             UCS                   en0      !
192.168.40.1       3c:37:86:7c:5:e    UHLWIir               en0   1200
"""
SERVER = "198.51.100.7       192.168.40.1       UGHS                  en0\n"
VPN = """10.44/16           10.44.8.1          UGSc                utun4
10.44.8.1          10.44.8.9          UH                  utun4
"""
CLONE = "203.0.113.80       192.168.40.1       UGHWIig               en0\n"
LINUX = "default via 192.168.40.1 dev wlan0 proto dhcp metric 600\n"


@pytest.fixture
def pastes(tmp_path: Path) -> Path:
    """Have the tables from before, while and after a VPN was up that left the route to its server."""
    (tmp_path / "before").write_text(HEADER + LAN)
    (tmp_path / "during").write_text(HEADER + LAN + SERVER + VPN)
    (tmp_path / "after").write_text(HEADER + LAN + SERVER + CLONE)
    (tmp_path / "linux").write_text(LINUX)
    return tmp_path


def diff(desk: Desk, pastes: Path, *words: str) -> Answer:
    named = [str(pastes / word) if (pastes / word).exists() else word for word in words]
    return desk.ask("diff", *named)


def verdicts(answer: Answer, where: str) -> dict[str, tuple[str, str | None]]:
    return {f["route"]["destination"]: (f["verdict"], f["confidence"]) for f in answer.document[where]}


def test_what_the_vpn_left_is_found_by_three_tables(desk: Desk, pastes: Path) -> None:
    answer = diff(desk, pastes, "before", "after", "--during", "during")

    assert answer.status == 1
    assert list(answer.document) == ["schema", "added", "removed", "changed"]
    assert verdicts(answer, "added") == {"198.51.100.7/32": ("orphaned", "likely")}
    assert (answer.document["removed"], answer.document["changed"]) == ([], [])
    assert "not saved: who made it, whether its client still runs" in answer.document["added"][0]["because"]


ADDRESSES = """$ ip -br addr
lo               UNKNOWN        127.0.0.1/8
wlan0            UP             192.168.40.7/24
"""


@pytest.mark.parametrize(("links", "found"), [("", {}), (ADDRESSES, {"203.0.113.9/32": ("orphaned", "likely")})])
def test_a_list_of_links_beside_a_piece_of_a_table_tells_that_a_gateway_is_out_of_reach(
    desk: Desk, pastes: Path, links: str, found: dict[str, tuple[str, str]]
) -> None:
    (pastes / "after").write_text(f"{links}$ ip route\n{LINUX}203.0.113.9 via 192.168.1.1 dev wlan0\n")

    answer = diff(desk, pastes, "none", "after")
    assert {row: told for row, told in verdicts(answer, "added").items() if told[0] == "orphaned"} == found


def test_without_the_table_from_meanwhile_nothing_ties_it_to_a_vpn(desk: Desk, pastes: Path) -> None:
    answer = diff(desk, pastes, "before", "after")
    assert verdicts(answer, "added") == {"198.51.100.7/32": ("uncertain", None)}


def test_the_same_table_twice_differs_in_nothing(desk: Desk, pastes: Path) -> None:
    answer = diff(desk, pastes, "before", "before")
    assert (answer.status, answer.document["added"], answer.document["removed"]) == (0, [], [])


def test_a_default_that_was_taken_away_is_missing(desk: Desk, pastes: Path) -> None:
    (pastes / "without").write_text(HEADER + "".join(LAN.splitlines(keepends=True)[1:]))
    answer = diff(desk, pastes, "before", "without", "--during", "during")
    assert verdicts(answer, "removed") == {"0.0.0.0/0": ("missing", "likely")}


def test_nobody_need_have_saved_a_table_from_before(desk: Desk, pastes: Path) -> None:
    answer = diff(desk, pastes, "none", "after")
    assert (answer.status, answer.document["added"]) == (0, [])


def test_one_table_may_come_through_a_pipe(desk: Desk, pastes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((pastes / "after").read_bytes())))
    answer = diff(desk, pastes, "before", "-", "--during", "during")
    assert verdicts(answer, "added") == {"198.51.100.7/32": ("orphaned", "likely")}


def test_tables_of_two_systems_are_not_compared(desk: Desk, pastes: Path) -> None:
    answer = diff(desk, pastes, "before", "linux")
    assert answer.status == 2
    assert answer.document["error"]["message"] == "the tables are of two systems"


def test_a_table_from_meanwhile_alone_is_no_comparison(desk: Desk, pastes: Path) -> None:
    answer = diff(desk, pastes, "--during", "during")
    assert (answer.status, answer.document["error"]["code"]) == (2, "usage")


def test_a_file_that_is_no_table_is_named(desk: Desk, pastes: Path) -> None:
    (pastes / "shopping").write_text("milk\nbread\n")
    answer = diff(desk, pastes, "before", "shopping")
    assert answer.status == 2
    assert answer.document["error"]["message"].endswith("shopping: no routing table was recognised")


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_macs_table_without_a_row_is_a_failed_one_and_nothing_vanished(desk: Desk, pastes: Path, place: int) -> None:
    (pastes / "failed").write_text("Routing tables\n")
    words = ["before", "after", "--during", "during"]
    words[place] = "failed"
    answer = diff(desk, pastes, *words)
    assert (answer.status, list(answer.document)) == (2, ["schema", "error"])
    assert answer.document["error"]["message"].endswith("failed: the table is empty: netstat failed when it was saved")


def test_as_text_it_is_a_verdict_and_a_reason(desk: Desk, pastes: Path) -> None:
    answer = desk.say("diff", str(pastes / "before"), str(pastes / "after"), "--during", str(pastes / "during"))
    assert answer.out.startswith("came:\n")
    assert "orphaned, likely:" in answer.out
    assert "203.0.113.80" not in answer.out
