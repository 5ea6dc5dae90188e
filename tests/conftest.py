"""``--no-skips``: where everything is there that the live tests need, a skipped one is a failure.

CI says it, so that a test which quietly stopped to run there can't pass for one that passed. A kernel is as it is: a
test that says "this kernel has no ..." may be skipped all the same.

And whatever started the tests, signals are what they are for a person at a terminal: a shell lets what it runs in the
background ignore SIGINT, nohup(1) SIGHUP, and each child would inherit that. What is drawn at random may take its time:
how long an example takes is a fact about the machine.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator

PROMISED = ("live", "openvpn")
NO_FAULT = "this kernel has no"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--no-skips", action="store_true", help=f"a skipped test marked {' or '.join(PROMISED)} fails")


def pytest_configure() -> None:
    """Let nobody inherit ignored signals, and no example be late."""
    # Built upon the profile that hypothesis chose, which in CI is one that draws the same each time
    settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("unhurried")
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure that says why it was skipped."""
    report = yield
    promised = any(item.get_closest_marker(name) for name in PROMISED) and NO_FAULT not in str(report.longrepr)
    if report.skipped and promised and not hasattr(report, "wasxfail") and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which --no-skips forbids: {report.longrepr}"
    return report
