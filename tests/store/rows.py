"""Rows of each kind, for the tests of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routewatch.core.model import Place
from routewatch.store.baselines import BaselineRow
from routewatch.store.events import EventRow
from routewatch.store.journal import CleanupRow
from routewatch.store.places import Horizon
from routewatch.store.sessions import SessionRow

if TYPE_CHECKING:
    from routewatch.store.database import Store


HERE = Place(boot="b1", namespace="4026531840")
EARLIER = Place(boot="b0", namespace="4026531840")
BASELINE = BaselineRow(place=HERE, wall=10.0, boot=1.0, network=b"home", proven=True, snapshot=b"routes")
SESSION = SessionRow(place=HERE, opened_wall=20.0, opened_boot=2.0, client="openvpn", tunnel="tun0", value=b"session")


def event(kind: str = "route_added", wall: float = 30.0, session: int | None = None) -> EventRow:
    return EventRow(place=HERE, wall=wall, boot=3.0, session=session, kind=kind, value=b"\x81")


def begun(store: Store, place: Place = HERE, wall: float = 40.0) -> int:
    return store.journal.begin(CleanupRow(place=place, wall=wall, boot=4.0), [b"first", b"second"])


def before(wall: float) -> Horizon:
    """Return a horizon of a later boot than all that is stored."""
    return Horizon("b2", 0.0, wall)
