"""A person who is not root, on a machine where root's service keeps its state."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from routewatch.cli import main
from tests.commands.desk import Answer
from tests.store.stage import in_a_mount_namespace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.desk import Desk


class Neighbour:
    """Says commands with a state directory of his own, beside a service that has seen a VPN die."""

    def __init__(self, desk: Desk, capture: pytest.CaptureFixture[str]) -> None:
        desk.vpn_dies()
        self.service = desk.folder / "services" / "routewatch"
        self.service.parent.mkdir()
        desk.state.rename(self.service)
        self.own = desk.folder / "own" / "routewatch"
        self._desk, self._capture = desk, capture

    def says(self, *words: str) -> Answer:
        self._capture.readouterr()
        status = main([*words, "--config", str(self._desk.configuration)], host=self._desk.host)
        return Answer(status, *self._capture.readouterr())

    def closes_the_services(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let access(2) say of the service's directory what it says to who is not of the group: root may all."""
        real = os.access
        monkeypatch.setattr(
            os, "access", lambda path, mode: self.service not in (path, *path.parents) and real(path, mode)
        )

    @property
    def note(self) -> str:
        return f"note: root's routewatch keeps its state in {self.service}: this is your own (sudo, or --state-dir)\n"


@pytest.fixture
def neighbour(desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Neighbour:
    made = Neighbour(desk, capsys)
    monkeypatch.setattr("routewatch.config.file.SERVICE_STATE_HOME", {"linux": str(made.service.parent)})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", str(made.own.parent))
    return made


@pytest.mark.parametrize(("command", "status"), [("status --check", 1), ("diff", 1), ("log", 0)])
def test_who_may_read_the_services_state_and_has_none_reads_that(
    neighbour: Neighbour, command: str, status: int
) -> None:
    answer = neighbour.says(*command.split())

    assert answer.status == status
    assert "note: root" not in answer.err
    assert neighbour.says("status", "--json").document["daemon"]["state_dir"] == str(neighbour.service)
    assert not neighbour.own.exists()


def test_who_may_read_the_services_state_reads_that_also_beside_one_of_his_own(neighbour: Neighbour) -> None:
    assert neighbour.says("keep", "10.9.0.0/16").err == neighbour.note
    assert neighbour.says("run", "--once").err == neighbour.note

    answer = neighbour.says("status", "--json")
    assert (answer.err, answer.document["daemon"]["state_dir"]) == ("", str(neighbour.service))
    assert answer.document["daemon"]["other_state_dir"] is None
    assert [session["left"] for session in neighbour.says("sessions", "--json").document["sessions"]] == [1]
    for command in ("status --check", "diff", "cleanup --dry-run"):
        answer = neighbour.says(*command.split())
        assert (answer.status, "note: root" in answer.err) == (1, False)


@pytest.mark.parametrize("command", ["status", "diff", "sessions", "log", "baseline show", "cleanup --dry-run"])
def test_who_may_not_read_the_services_state_is_told_of_it_each_time(
    neighbour: Neighbour, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbour.says("run", "--once")
    neighbour.closes_the_services(monkeypatch)

    for _ in range(2):
        assert neighbour.note in neighbour.says(*command.split()).err
    daemon = neighbour.says("status", "--json").document["daemon"]
    assert daemon["state_dir"] == str(neighbour.own)
    assert daemon["other_state_dir"] == str(neighbour.service)
    assert neighbour.says("status", "-q").err == ""


def test_a_service_that_has_never_stored_anything_is_not_named(neighbour: Neighbour) -> None:
    (neighbour.service / "routewatch.db").unlink()

    assert neighbour.says("run", "--once").err == ""
    daemon = neighbour.says("status", "--json").document["daemon"]
    assert (daemon["state_dir"], daemon["other_state_dir"]) == (str(neighbour.own), None)


def test_who_names_a_state_directory_means_that(neighbour: Neighbour, tmp_path: Path) -> None:
    assert neighbour.says("status", "--state-dir", str(tmp_path / "another")).err == ""


# The modules are loaded as root: the interpreter may lie in root's home
AS_ANOTHER_USER = """
import io, json, os, pathlib, subprocess, sys
from contextlib import redirect_stderr, redirect_stdout
from routewatch.cli import main
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/var/lib"], check=True)
home = pathlib.Path("/var/lib/home")
home.mkdir()
os.chown(home, 65534, 65534)
def says(*words):
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        status = main([*words, "--json", "--config", "/dev/null"])
    return status, json.loads(out.getvalue()), err.getvalue()
says("run", "--once"), says("status")
for path in ("", "routewatch.db", "observe.lock"):
    os.chown(pathlib.Path("/var/lib/routewatch", path), 0, 4321)
os.environ["XDG_STATE_HOME"] = str(home)
told = []
for groups in ([4321], []):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setgroups(groups), os.setgid(65534), os.setuid(65534)
        kept = says("keep", "10.9.0.0/16")
        os.write(writing, json.dumps((*says("status"), kept[2])).encode())
        os._exit(0)
    os.close(writing)
    told.append(json.loads(os.fdopen(reading).read()))
print(json.dumps(told))
"""


@pytest.mark.live
def test_a_member_of_the_group_sees_what_root_sees_and_others_are_told_where_it_is(tmp_path: Path) -> None:
    done = in_a_mount_namespace(AS_ANOTHER_USER, tmp_path)

    assert done.stdout, done.stderr
    member, other = json.loads(done.stdout)
    assert (member[0], member[1]["daemon"]["state_dir"], member[2]) == (0, "/var/lib/routewatch", "")
    assert other[1]["daemon"]["state_dir"] == "/var/lib/home/routewatch"
    assert other[0] == 0
    assert other[2].startswith("note: root's routewatch keeps its state in /var/lib/routewatch: this is your own")
    # Both had just made a store of their own: a member still sees the service's
    assert member[3] == other[3] == other[2]
    assert other[1]["daemon"]["other_state_dir"] == "/var/lib/routewatch"
    assert member[1]["daemon"]["other_state_dir"] is None
