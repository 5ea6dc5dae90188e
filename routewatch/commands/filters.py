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

    from routewatch.core.snapshot import Snapshot


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

    def require_interface(self, seen: Snapshot, *others: Iterable[Route | PolicyRule]) -> None:
        """See that somebody knows the interface: a link, or a row. Raises UsageError that names those there are."""
        if self.interface is None or any(link.name == self.interface for link in seen.links):
            return
        rows: list[Route | PolicyRule] = [*seen.routes.values(), *seen.rules]
        if not any(self.interface in _interfaces(row) for row in chain(rows, *others)):
            names = ", ".join(sorted(link.name for link in seen.links))
            raise UsageError(f"there is no interface {self.interface}", f"there are {names}")


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
