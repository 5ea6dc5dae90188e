"""Saved tables: the text of ``netstat``, ``route`` and ``ip`` of any system, recognised by what it says. Pure."""

from routewatch.host.text.recognition import read
from routewatch.host.text.saved import Saved

__all__ = ["Saved", "read"]
