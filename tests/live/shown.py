"""The routes of a namespace as ``ip`` itself shows them: the other way to the same answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import build

if TYPE_CHECKING:
    from routewatch.core.model import Family, PolicyRule, Route
    from tests.live.namespace import Namespace

FAMILY_OPTIONS: dict[Family, str] = {"inet": "-4", "inet6": "-6"}


def lines(namespace: Namespace, family: Family, what: str = "route show table all") -> list[str]:
    """Return what ``ip -o`` says, one entry a line, blanks made single."""
    said = namespace.run(f"ip -o {FAMILY_OPTIONS[family]} {what}")
    return [" ".join(line.replace("\\", " ").split()) for line in said.splitlines()]


def routes(namespace: Namespace, family: Family) -> list[Route]:
    """Return the routes of all tables."""
    return [build.route(line, family) for line in lines(namespace, family)]


def rules(namespace: Namespace, family: Family) -> tuple[PolicyRule, ...]:
    """Return the policy rules."""
    said = (line.replace("ipproto udp", "ipproto 17") for line in lines(namespace, family, "rule show"))
    return build.rules(*(line.removesuffix(" [unresolved]") for line in said), family=family)
