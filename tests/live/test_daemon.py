"""``routewatch run`` as a service manager has it: ready, reloading, stopping, crashed, in the middle of a session."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from routewatch.store.database import open_store
from tests.live.person import CONFIGURATION, LAN, Person, daemon
from tests.live.waiting import DEADLINE, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.namespace import Namespace

pytestmark = pytest.mark.live

LEFT = "203.0.113.10 via 192.168.77.1 dev eth0"


@pytest.fixture
def person(namespace: Namespace, tmp_path: Path) -> Person:
    namespace.run_all(LAN)
    return Person(namespace, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_is_ready_tells_its_status_and_stops_with_0(person: Person, number: signal.Signals) -> None:
    with daemon(person) as running:
        assert "STATUS=no VPN session; 0 rows left over" in running.told[-1]
        assert person.ask("status").document["daemon"]["pid"] == running.process.pid
        assert running.end(number) == 0
        running.hears("STOPPING=1")

    assert running.events()[0] == "started"
    assert running.events()[-1] == "stopped"
    assert not [line for line in running.log() if line["level"] in {"warning", "error"}]
    assert person.ask("status").document["daemon"]["running"] is False


def test_a_second_one_is_refused_and_the_first_goes_on(person: Person) -> None:
    with daemon(person) as running:
        for words in (("run",), ("run", "--once")):
            answer = person.ask(*words)
            assert (answer.status, answer.document["error"]["code"]) == (4, "state")
            assert f"pid {running.process.pid}" in answer.document["error"]["message"]
        assert running.process.poll() is None


def damage(path: Path) -> None:
    """Overwrite a file but for its head."""
    with path.open("r+b") as file:
        file.seek(200)
        file.write(b"\xee" * (path.stat().st_size - 200))


def test_one_whose_store_is_damaged_sets_it_aside_and_goes_on(person: Person) -> None:
    with daemon(person) as running:
        person.ask("keep", "10.9.0.0/16")  # another has written: what the daemon remembers of the file counts no more
        for name in ("routewatch.db", "routewatch.db-wal"):
            damage(person.folder / "state" / name)
        person.namespace.run("ip route add 10.66.0.0/16 via 192.168.77.1")

        running.logs("store")
        until(lambda: running.events().count("started") == 2)
        running.hears("rows left over")
        [told] = [line for line in running.log() if line["event"] == "store"]
        assert told["level"] == "warning"
        assert "set aside as routewatch.db.corrupt-" in told["said"]
        assert "not_stored" not in running.events()
        status = person.ask("status")
        assert (status.status, status.document["daemon"]["running"]) == (0, True)
        with person.vpn():
            running.meets_the_vpn()
        assert running.end() == 0
    assert len(person.sessions()) == 1


def test_one_whose_damaged_store_another_has_open_too_ends_and_says_so(person: Person) -> None:
    with daemon(person) as running, open_store(person.folder / "state", now=0.0) as other:
        other.keeps.add("10.9.0.0/16", 0.0)
        for name in ("routewatch.db", "routewatch.db-wal"):
            damage(person.folder / "state" / name)

        assert running.process.wait(DEADLINE) == 4
    told = (person.folder / "run.log").read_text()
    assert told.endswith("Another routewatch has it open: stop that, then try again.\n")


def test_it_is_woken_promptly_so_that_authors_are_still_there(person: Person) -> None:
    with daemon(person) as running:
        assert os.getpriority(os.PRIO_PROCESS, running.process.pid) == -10


def test_a_hangup_reads_the_configuration_again(person: Person) -> None:
    with daemon(person) as running:
        running.process.send_signal(signal.SIGHUP)
        running.hears("RELOADING=1")
        running.hears("READY=1")
        running.logs("configuration_reloaded")


def test_a_changed_configuration_is_picked_up_and_used(person: Person) -> None:
    client = '[[vpn]]\nname = "corp"\ninterface = "corp*"\n'
    with daemon(person) as running:
        person.configuration.write_text(CONFIGURATION + client)
        running.hears("READY=1")
        running.logs("configuration_reloaded")

        person.namespace.run("ip link add corp0 type veth peer name far0")
        person.namespace.run("ip link set far0 up")
        person.namespace.run("ip link set corp0 up")
        person.namespace.run("ip addr add 10.9.0.2/24 dev corp0")
        running.hears("STATUS=corp on corp0")
    [session] = person.sessions()
    assert session["client"] == "corp"


def test_a_broken_configuration_is_rejected_and_the_old_one_kept(person: Person) -> None:
    with daemon(person) as running:
        person.configuration.write_text("gace = 1\n")
        running.hears("the new configuration was rejected")
        running.logs("configuration_rejected")
        [line] = [line for line in running.log() if line["event"] == "configuration_rejected"]
        assert "gace: there is no such key; did you mean grace?" in line["message"]
        person.configuration.write_text(CONFIGURATION)
        running.logs("configuration_reloaded")
        running.hears("rows left over")
        assert running.end() == 0


def test_another_state_directory_waits_for_the_next_start(person: Person) -> None:
    with daemon(person) as running:
        # --state-dir names one: the configuration's is not asked
        person.configuration.write_text(CONFIGURATION + 'state_dir = "/nowhere"\n')
        running.logs("configuration_reloaded")
        assert "state_dir_unchanged" not in running.events()


def test_a_session_is_followed_from_its_baseline_to_its_leftovers(person: Person) -> None:
    with daemon(person) as running:
        with person.vpn():
            running.meets_the_vpn()
        running.hears("STATUS=no VPN session; 1 rows left over")
        assert "orphaned" in running.events()

        [session] = person.sessions()
        assert session["added"] >= 4  # three of the client, and the kernel's for its addresses
        assert (session["left"], session["cleaned"]) == (1, 0)
        assert person.ask("cleanup", "--unattended").document["steps"][0]["status"] == "done"
        [session] = person.sessions()
        assert (session["left"], session["cleaned"]) == (0, 1)

    kinds = person.kinds()
    assert [kinds.count(kind) for kind in ("session_opened", "session_closed")] == [1, 1]
    removed = [e for e in person.ask("log").document["events"] if e["kind"] == "route_removed"]
    assert {event["session"] for event in removed} == {session["id"]}


def test_one_that_may_cleans_by_itself_what_is_certain(person: Person) -> None:
    person.configuration.write_text(CONFIGURATION + 'automatic = "certain"\n')
    with daemon(person) as running:
        with person.vpn():
            running.meets_the_vpn()
        running.logs("cleaned")
        until(lambda: LEFT not in person.routes())


def test_one_killed_in_the_middle_of_a_session_goes_on_with_its_baseline(person: Person) -> None:
    with daemon(person) as first, person.vpn():
        first.meets_the_vpn()
        [before] = person.sessions()
        first.process.kill()
        first.process.wait()

        with daemon(person, "again") as second:
            assert "STATUS=openvpn on tun0" in second.told[-1]
            [during] = person.sessions()
            assert (during["id"], during["baseline"]) == (before["id"], before["baseline"])
            second.end()
    with daemon(person, "third") as third:
        third.hears("1 rows left over")
        [after] = person.sessions()
        assert (after["id"], after["baseline"], after["left"]) == (before["id"], before["baseline"], 1)
        assert person.ask("cleanup", "--yes").status == 0
        assert LEFT not in person.routes()
    kinds = person.kinds()
    assert kinds.count("session_opened") == kinds.count("session_closed") == 1
    assert kinds.count("gap") == 1  # the VPN ended before the third: while the second was away nothing changed
    added = [e["route"]["destination"] for e in person.ask("log").document["events"] if e["kind"] == "route_added"]
    assert len(added) == len(set(added))


def test_what_came_while_none_ran_is_left_alone_with_a_word(person: Person) -> None:
    with person.vpn():
        with daemon(person) as first:
            first.process.kill()
            first.process.wait()
        person.namespace.run("ip route add 203.0.113.11 via 192.168.77.1 dev eth0")
        with daemon(person, "again") as second:
            second.logs("route_added")
            [gap] = [line for line in second.log() if line["event"] == "gap"]
            assert gap["level"] == "warning"
            assert "(the daemon was not running): what changed meanwhile is tied to no VPN by time" in gap["detail"]
            assert person.kinds().count("gap") == 1
            assert ", 1 gap\n" in person.say("status").out


def test_one_started_under_a_vpn_says_that_it_has_no_baseline(person: Person) -> None:
    with person.vpn(), daemon(person):
        [session] = person.sessions()
        assert session["baseline"] is None
        assert "no baseline: it was up already" in person.say("sessions").out


def test_a_baseline_forgotten_meanwhile_does_not_stop_it(person: Person) -> None:
    with daemon(person) as running:
        with person.vpn():
            running.meets_the_vpn()
            [session] = person.sessions()
            assert person.ask("baseline", "forget", str(session["baseline"])).status == 0
        until(lambda: person.sessions()[0]["closed"] is not None)
        assert "not_stored" not in running.events()


def test_a_keep_said_beside_it_is_heeded_at_once(person: Person) -> None:
    with daemon(person) as running:
        with person.vpn():
            running.meets_the_vpn()
        running.hears("1 rows left over")
        assert person.say("keep", "203.0.113.10").status == 0
        running.hears("0 rows left over")
        assert person.ask("status").document["findings"] == []


def test_a_table_that_rests_only_after_the_limit_is_looked_at_once_more_and_not_at_the_poll(person: Person) -> None:
    person.configuration.write_text(CONFIGURATION.replace('"2s"', '"1h"').replace('"1s"', '"300ms"'))
    # Nothing tells from outside that a look found the table at rest: a busy machine is given longer and longer for it
    tries = ((98, 0.5), (99, 3), (100, 20))
    assert any(kept_after(person, network, seconds) for network, seconds in tries)


def kept_after(person: Person, network: int, seconds: float) -> bool:
    """Make a table restless, and tell whether it was seen at rest within some seconds after its last change."""
    last = f"10.{network}.30.0/24"
    with daemon(person, f"run{network}") as running:
        restless = f"for n in $(seq 30); do ip route add 10.{network}.$n.0/24 dev eth0; sleep 0.05; done"
        person.namespace.run(f"sh -c '{restless}'")
        until(lambda: any(line.get("row", "").startswith(last) for line in running.log()))
        person.namespace.run(f"sleep {seconds}")
        assert running.end() == 0
    return last in {route["destination"] for route in person.ask("baseline", "show").document["routes"]}
