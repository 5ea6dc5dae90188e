"""LISTENS. Reads the configuration: which file, whether it may be trusted, what it says, and every error in it."""

from __future__ import annotations

from routewatch.config.file import Loaded, Person, current_person, load, places
from routewatch.config.settings import Hooks, MacOS, Protect, Retention, Settings, Vpn

__all__ = [
    "Hooks",
    "Loaded",
    "MacOS",
    "Person",
    "Protect",
    "Retention",
    "Settings",
    "Vpn",
    "current_person",
    "load",
    "places",
]
