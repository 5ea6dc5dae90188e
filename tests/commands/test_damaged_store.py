"""A store that turns out damaged in the middle of a command: set aside at once, said on one line, and never deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routewatch.store.database import NAME, open_store

if TYPE_CHECKING:
    from tests.commands.desk import Desk

NOISE = bytes(range(7, 207)) * 100  # 20 kB


def damaged(desk: Desk) -> bytes:
    """Overwrite 20 kB of the store at a third of it; the head stays sound. Return what it is then."""
    path = desk.state / NAME
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 3)
        file.write(NOISE)
    return path.read_bytes()


@pytest.mark.parametrize("command", ["cleanup --yes", "run --once"])
def test_a_command_that_writes_sets_it_aside_and_goes_on(desk: Desk, command: str) -> None:
    desk.vpn_dies()
    before = damaged(desk)

    answer = desk.say(*command.split())

    assert answer.status in {0, 1}
    [warning] = answer.err.splitlines()
    assert warning.startswith(f"warning: {desk.state / NAME} is damaged (")
    assert warning.endswith("; a new one begins.")
    assert "(('" not in warning
    [aside] = [path for path in desk.state.glob(f"{NAME}.corrupt-*") if path.name.endswith("Z")]
    assert aside.read_bytes() == before
    assert desk.say("status").status == 0
    assert not (desk.state / f"{NAME}.suspect").exists()


def test_a_cleanup_with_the_store_that_begins_says_that_it_knows_of_no_vpn_yet(desk: Desk) -> None:
    desk.vpn_dies()
    damaged(desk)

    for _ in range(2):  # the store is as new to the next one
        answer = desk.say("cleanup", "--yes")
        assert answer.status == 0
        assert answer.out == (
            "there is nothing to clean up\n"
            "the store knows of no VPN session yet: only what is dead by itself could be found\n"
        )


def test_a_program_gets_one_document_also_then(desk: Desk) -> None:
    desk.vpn_dies()
    damaged(desk)

    assert desk.ask("run", "--once").document["settled"] is True


def test_a_command_that_only_looks_says_who_sets_it_aside(desk: Desk) -> None:
    desk.vpn_dies()
    before = damaged(desk)

    answer = desk.ask("status")

    assert (answer.status, answer.document["error"]["code"]) == (4, "state")
    assert "routewatch run, cleanup" in answer.document["error"]["hint"]
    assert (desk.state / NAME).read_bytes() == before


def test_what_another_has_open_is_left_to_it(desk: Desk) -> None:
    desk.vpn_dies()
    with open_store(desk.state, now=0.0):
        damaged(desk)
        answer = desk.ask("cleanup", "--yes")
        assert (answer.status, answer.document["error"]["code"]) == (4, "state")
        assert "stop that" in answer.document["error"]["hint"]
        assert not list(desk.state.glob("*.corrupt-*"))

    assert "set aside" in desk.say("run", "--once").err


def test_a_cleanup_that_was_interrupted_is_named_when_the_store_is_set_aside(desk: Desk) -> None:
    from routewatch.store.journal import CleanupRow  # noqa: PLC0415 - one test writes to the journal itself

    desk.vpn_dies()
    with open_store(desk.state, now=0.0) as store:
        number = store.journal.begin(CleanupRow(place=desk.host.place(), wall=1.0, boot=1.0), [b"step"])
    damaged(desk)

    assert f"Cleanup {number}, which was interrupted, is only in that." in desk.say("run", "--once").err


@pytest.mark.parametrize("command", ["status", "cleanup --yes", "run --once", "log"])
def test_a_directory_in_the_place_of_the_database_is_called_that(desk: Desk, command: str) -> None:
    (desk.state / NAME).mkdir(parents=True)

    answer = desk.ask(*command.split())

    assert (answer.status, answer.document["error"]["code"]) == (4, "state")
    assert answer.document["error"]["message"] == f"{desk.state / NAME} is a directory: the database should be there."
    assert (desk.state / NAME).is_dir()
