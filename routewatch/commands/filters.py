"""The filters that commands showing tables share: family, table, interface."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.model import PolicyRule, Route
from routewatch.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from routewatch.core.model import Link


class Filter(Struct, frozen=True, kw_only=True):
    """What of a table is wanted. Nothing set wants everything."""

    family: str | None = None
    table: int | None = None
    interface: str | None = None

    def wants(self, row: Route | PolicyRule) -> bool:
        """Tell whether a row is wanted."""
        if self.family not in {None, row.family} or self.table not in {None, row.table}:
            return False
        return self.interface is None or self.interface in _interfaces(row)

    def require_interface(self, links: Iterable[Link], *tables: Iterable[Route | PolicyRule]) -> None:
        """See that somebody knows the interface: a link, or a row. Raises UsageError that names those there are."""
        if self.interface is None:
            return
        names = {link.name for link in links}
        if self.interface in names:
            return
        named = {name for row in chain(*tables) for name in _interfaces(row) if name}
        if self.interface not in named:
            told = ", ".join(sorted(names or named))
            raise UsageError(f"there is no interface {self.interface}", f"there are {told}" if told else "")


def _interfaces(row: Route | PolicyRule) -> set[str | None]:
    if isinstance(row, PolicyRule):
        return {row.iif, row.oif}
    return {row.interface, *(leg.interface for leg in row.nexthops)}


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add -4, -6, --table and --interface."""
    family = parser.add_mutually_exclusive_group()
    family.add_argument("-4", dest="family", action="store_const", const="inet", help="only IPv4")
    family.add_argument("-6", dest="family", action="store_const", const="inet6", help="only IPv6")
    parser.add_argument("--table", metavar="T", help="only this table, by number or name")
    parser.add_argument("--interface", metavar="IF", help="only rows of this interface")


def filter_of(arguments: argparse.Namespace) -> Filter:
    """Return the filter that was asked for. Raises UsageError for an unknown table."""
    from routewatch.config.values import table as table_number

    try:
        table = None if arguments.table is None else table_number(arguments.table)
    except ValueError as error:
        raise UsageError(
            f"--table: {error}", "name a number, or main, local, default, or a name of rt_tables"
        ) from error
    return Filter(family=arguments.family, table=table, interface=arguments.interface)
