"""What a host is to the rest of the program: two small contracts, kept by every platform and by the in-memory host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

from routewatch.core.model import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routewatch.core.model import Login, Moment, Place, Process
    from routewatch.core.snapshot import Snapshot
    from routewatch.core.steps import Step
    from routewatch.core.table import Codec

# "done": the kernel did it. "absent": it was gone already (delete). "present": it was there already (add).
Outcome = Literal["done", "absent", "present"]


class Rings(Struct, frozen=True, kw_only=True):
    """What the doorbell told since the last look. It says who rang, never what is true."""

    changes: tuple[Change, ...] = ()  # routes and rules, with their authors
    links: bool = False  # a link, address or nexthop object changed: routes may have gone without a word
    messages: int = 0  # how many messages came in all
    lost: bool = False  # the kernel dropped messages (ENOBUFS), or too many were queued to read each


class Doorbell(Protocol):
    """A kernel socket that tells that something may have changed."""

    def fileno(self) -> int:
        """Return the descriptor to wait on."""

    def read(self) -> Rings:
        """Drain what is queued without blocking. After a loss the socket has been opened anew."""

    def close(self) -> None:
        """Close the socket."""


class Host(Protocol):
    """One machine's routing: read it, be told of changes, change it."""

    @property
    def platform(self) -> Literal["linux", "macos"]:
        """Return which platform's routes these are."""

    def now(self) -> Moment:
        """Read the three clocks."""

    def place(self) -> Place:
        """Return the boot and network namespace we are in."""

    def observe(self, also: tuple[Process, ...] = ()) -> Snapshot:
        """Take a snapshot; ``also`` are processes to look after whatever they are called.

        Raises ObservationError where the system can't be read at all.
        """

    def doorbell(self) -> Doorbell | None:
        """Open a doorbell; None where there is none and polling must do."""

    def apply(self, step: Step) -> Outcome:
        """Take one step, naming every attribute so that the kernel compares before it deletes.

        Raises KernelRefusedError with the kernel's own words, PermissionRefusedError where privilege is lacking.
        """

    def may_act(self) -> bool:
        """Tell whether we have the privilege to change routes (CAP_NET_ADMIN, root)."""

    def login_peers(self) -> tuple[Login, ...] | None:
        """Return the remote logins, by the addresses of their ends; None where that could not be looked up."""

    def start_detached(self, arguments: Sequence[str]) -> None:
        """Start routewatch with these arguments so that it outlives us and our terminal; return once it is ready.

        Raises StateError where it does not come to that; then it does not run either.
        """

    def codec(self, name: str, names: Mapping[int, str]) -> Codec:
        """Return the codec that reads stored bytes of this format. Raises StateError for an unknown format."""
