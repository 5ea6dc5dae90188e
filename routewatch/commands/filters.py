"""The filters that commands showing tables share: family, table, interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from routewatch.core.model import PolicyRule, Route

if TYPE_CHECKING:
    import argparse


class Filter(Struct, frozen=True, kw_only=True):
    """What of a table is wanted. Nothing set wants everything."""

    family: str | None = None
    table: int | None = None
    interface: str | None = None

    def wants(self, row: Route | PolicyRule) -> bool:
        """Tell whether a row is wanted."""
        if self.family not in {None, row.family} or self.table not in {None, row.table}:
            return False
        if self.interface is None:
            return True
        if isinstance(row, PolicyRule):
            return self.interface in {row.iif, row.oif}
        return self.interface in {row.interface, *(leg.interface for leg in row.nexthops)}


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
    from routewatch.errors import UsageError

    try:
        table = None if arguments.table is None else table_number(arguments.table)
    except ValueError as error:
        raise UsageError(
            f"--table: {error}", "name a number, or main, local, default, or a name of rt_tables"
        ) from error
    return Filter(family=arguments.family, table=table, interface=arguments.interface)
