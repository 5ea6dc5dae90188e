"""What the exit status and the words of route(8) mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routewatch.host.macos.routecommand import Refused, outcome

WRITING = "route: writing to routing socket: "


@pytest.mark.parametrize(
    ("stdout", "action"),
    [
        ("delete net 10.20.0.0\n", "delete"),
        ("delete net fd00:20::/48\n", "delete"),
        ("add net 10.20.0.0: gateway utun3\n", "add"),
        ("add host 203.0.113.7: gateway fe80::1%en0\n", "add"),
    ],
)
def test_a_plain_line_and_silence_on_the_other_stream_is_success(stdout: str, action: str) -> None:
    assert outcome("add" if action == "add" else "delete", 0, stdout, "") == "done"


def test_exit_0_is_no_success_where_the_kernel_refused() -> None:
    gone = "delete net default: not in table\n"
    there = "add net 10.20.0.0: gateway 10.8.0.5: File exists\n"

    assert outcome("delete", 0, gone, f"{WRITING}not in table\n") == "absent"
    assert outcome("add", 0, there, f"{WRITING}File exists\n") == "present"


def test_half_of_a_refusal_is_one() -> None:
    assert outcome("delete", 0, "delete net default: not in table\n", "") == "absent"
    assert outcome("delete", 0, "", f"{WRITING}not in table\n") == "absent"
    assert outcome("add", 0, "add net 10.0.0.0: gateway 10.9.9.9: Network is unreachable\n", "") == Refused(
        "Network is unreachable"
    )


@pytest.mark.parametrize(
    ("status", "stderr", "sentence"),
    [
        (0, f"{WRITING}Network is unreachable\n", "Network is unreachable"),
        (0, f"{WRITING}entry in use\n", "entry in use"),
        (0, f"{WRITING}not in table\n", "not in table"),
        (1, "route: bad interface name\n", "bad interface name"),
        (1, "fe80::%utun7: nodename nor servname provided, or not known\n", None),
        (64, "usage: route [-dnqtv] command\nroute: bad keyword: del\n", "bad keyword: del"),
        (68, "route: bad address: utun9\n", "bad address: utun9"),
        (71, "route: socket: No buffer space available\n", "socket: No buffer space available"),
        (1, "", "route exited with 1"),
        (-9, "", "signal 9 ended route"),
    ],
)
def test_a_refusal_keeps_the_words_of_route(status: int, stderr: str, sentence: str | None) -> None:
    assert outcome("add", status, "", stderr) == Refused(sentence or stderr.strip())


def test_without_privilege_nothing_further_needs_to_be_tried() -> None:
    assert outcome("delete", 77, "", "route: must be root to alter routing table\n") == Refused(
        "must be root to alter routing table", privilege=True
    )
    refused = outcome("delete", 0, "delete net X: Operation not permitted\n", f"{WRITING}Operation not permitted\n")
    assert isinstance(refused, Refused)
    assert refused.privilege


def test_a_route_that_says_nothing_did_nothing_that_we_know_of() -> None:
    assert outcome("delete", 0, "", "") == Refused("route said nothing")


@given(st.sampled_from(("add", "delete")), st.integers(-40, 255), st.text(), st.text())
def test_no_words_raise_and_garbage_is_never_success(action: str, status: int, stdout: str, stderr: str) -> None:
    found = outcome("add" if action == "add" else "delete", status, stdout, stderr)

    assert isinstance(found, Refused) or not status
