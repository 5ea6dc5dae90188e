"""What a person says is his own, and what alone he wants cleaned."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.commands.desk import Desk


SERVER = "203.0.113.10/32"


def test_what_a_person_keeps_is_never_reported(desk: Desk) -> None:
    desk.vpn_dies()

    assert desk.ask("keep", "203.0.113.10").document == {"schema": "routewatch/1", "changed": True, "kept": [SERVER]}
    assert desk.ask("keep", "203.0.113.10").document["changed"] is False
    assert desk.ask("status").document["findings"] == []
    assert desk.ask("cleanup", "--yes", "--only", "203.0.113.10").rows == {}
    assert desk.ask("keep", "--forget", "203.0.113.10").document["kept"] == []
    assert desk.ask("cleanup", "--dry-run").rows == {SERVER: "planned"}


def test_what_a_person_keeps_after_a_cleanup_comes_back_with_its_undo(desk: Desk) -> None:
    desk.vpn_dies()
    desk.ask("cleanup", "--yes")
    desk.ask("keep", "203.0.113.10")

    answer = desk.ask("undo")
    assert (answer.status, answer.rows, answer.refused) == (0, {SERVER: "done"}, {})
    assert desk.ask("status").document["findings"] == []


def test_a_kept_prefix_is_that_very_route_and_not_what_is_inside_it(desk: Desk) -> None:
    desk.vpn_dies()

    told = desk.say("keep", "203.0.113.0/24").out
    assert told == "203.0.113.0/24: yours from now on (only this very prefix, not what is inside it)\n"
    assert desk.ask("cleanup", "--dry-run").rows == {SERVER: "planned"}
    assert desk.say("keep", "203.0.113.10").out == f"{SERVER}: yours from now on\n"


def test_only_what_is_named_is_cleaned(desk: Desk) -> None:
    desk.vpn_dies()

    assert desk.ask("cleanup", "--dry-run", "--only", "10.9.9.0/24").rows == {}
    assert desk.ask("cleanup", "--dry-run", "--only", "default").rows == {}
    assert desk.ask("cleanup", "--dry-run", "--only", "203.0.113.10").rows == {SERVER: "planned"}
    assert desk.ask("cleanup", "--dry-run", "--session", "1").rows == {SERVER: "planned"}
