"""``automatic = "certain"``: what the daemon does by itself, how far it goes, and how each act can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.person import CONFIGURATION, LAN, Daemon, Person, daemon
from tests.live.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

SERVERS = [f"203.0.113.{20 + n} via 192.168.77.1 dev eth0" for n in range(4)]
LEFT = "203.0.113.10 via 192.168.77.1 dev eth0"


@pytest.fixture
def person(namespace: Namespace, tmp_path: Path) -> Person:
    namespace.run_all(LAN)
    return Person(namespace, tmp_path)


def acts(person: Person, more: str = "") -> None:
    person.configuration.write_text(CONFIGURATION + f'automatic = "certain"\n{more}')


def lines(running: Daemon, event: str) -> list[dict[str, object]]:
    return [line for line in running.log() if line["event"] == event]


def test_each_act_is_logged_with_the_command_that_takes_it_back_and_what_comes_back_is_left(person: Person) -> None:
    acts(person)
    with daemon(person) as running:
        with person.vpn(*SERVERS):
            running.meets_the_vpn(*SERVERS)
            before = person.routes()
        running.logs("cleaned")
        deeds = lines(running, "acted")
        assert len(deeds) == len(SERVERS) + 1
        assert {deed["status"] for deed in deeds} == {"done"}
        assert {deed["all_taken_back_by"] for deed in deeds} == {"routewatch undo 1"}
        assert not {LEFT, *SERVERS} & set(person.routes())

        for deed in deeds:
            person.namespace.run(str(deed["taken_back_by"]))
        assert {LEFT, *SERVERS} <= set(person.routes()) & set(before)
        until(lambda: len(lines(running, "came_back")) == len(deeds))
        running.hears("rows left over")
        running.hears("rows left over")
        assert {LEFT, *SERVERS} <= set(person.routes())
        assert len(lines(running, "acted")) == len(deeds)
        assert all(line["author"] for line in lines(running, "came_back"))

    told = [e["detail"] for e in person.ask("log").document["events"] if e["kind"] == "cleaned" and e["route"]]
    assert sorted(detail.partition("taken back by: ")[2] for detail in told) == sorted(
        str(deed["taken_back_by"]) for deed in deeds
    )


def test_above_the_limit_of_a_session_it_stops_and_says_who_decides_also_after_a_new_start(person: Person) -> None:
    acts(person, f"max_routes = {len(SERVERS)}\n")
    with daemon(person) as running:
        with person.vpn(*SERVERS):
            running.meets_the_vpn(*SERVERS)
        running.logs("left_to_a_person")
        for _ in range(2):
            running.hears("rows left over")
        [told] = lines(running, "left_to_a_person")  # one group: taken as a whole or not at all
        assert (told["rule"], told["rows"]) == ("limit", len(SERVERS) + 1)
        assert {LEFT, *SERVERS} <= set(person.routes())
        running.end()
    with daemon(person, "again") as running:
        running.logs("left_to_a_person")
        answer = person.ask("cleanup", "--unattended")
        assert {each["rule"] for each in answer.document["refused"]} == {"limit"}
        assert {LEFT, *SERVERS} <= set(person.routes())

        acts(person)
        running.logs("cleaned")
        assert not {LEFT, *SERVERS} & set(person.routes())


def test_what_one_session_has_spent_is_not_the_next_ones(person: Person) -> None:
    acts(person, f"max_routes = {len(SERVERS) + 1}\n")
    with daemon(person) as running:
        for times in (1, 2):
            with person.vpn(*SERVERS):
                until(lambda: [session["closed"] for session in person.sessions()][:1] == [None])
                until(lambda: running.events().count("session_opened") == times)  # noqa: B023 - called at once
                running.hears("STATUS=openvpn on tun0")
                until(lambda: person.sessions()[0]["added"] > len(SERVERS))
            until(lambda: running.events().count("cleaned") == times)  # noqa: B023 - called at once
            assert not {LEFT, *SERVERS} & set(person.routes())
        assert not lines(running, "left_to_a_person")
