"""Whether root may follow a file: nobody else can have written it, or put another in its place.

What is checked is the file and the folder that holds it; behind symbolic links, both ends. A sticky folder such as
/tmp lets nobody else replace a file of root's, so it is no fault.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Distrust(Struct, frozen=True):
    """Why root should not follow a file, and the command that mends it."""

    reason: str
    remedy: str


def distrust(path: Path) -> Distrust | None:
    """Return why root should not follow this file; None where it may. Raises OSError."""
    if path.is_char_device():  # /dev/null: only root makes devices
        return None
    ends = dict.fromkeys((path.absolute(), path.resolve()))
    complaints = (_about(place, folder=place != end) for end in ends for place in (end.parent, end))
    return next((complaint for complaint in complaints if complaint), None)


def _about(path: Path, *, folder: bool) -> Distrust | None:
    status = path.stat()
    if status.st_uid != 0:
        return Distrust(f"{path} belongs to user {status.st_uid}", f"chown root {path}")
    if status.st_mode & OTHERS_WRITE and not (folder and status.st_mode & stat.S_ISVTX):
        return Distrust(f"{path} can be written by others than root", f"chmod go-w {path}")
    return None
