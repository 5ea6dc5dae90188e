"""The state directory and who may read it.

The service's state is for root and the group ``routewatch``, a person's own for that person alone. What exists
already keeps the modes somebody gave it. It knows nothing of what is in the files.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from routewatch.errors import PermissionRefusedError, RoutewatchError, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROUP = "routewatch"


def prepare_directory(directory: Path) -> None:
    """Make the state directory where it is missing: 0750 for root, 0700 for a person.

    Raises StateError, or PermissionRefusedError.
    """
    with file_errors(directory):
        if directory.is_dir():
            return
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _share(descriptor, 0o750 if _is_root() else 0o700)
        finally:
            os.close(descriptor)


def open_file(path: Path) -> int:
    """Open a file of ours for reading and writing, made with its modes where it is missing; return the descriptor."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    with file_errors(path):
        try:
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return os.open(path, flags)
        _share(descriptor, 0o640 if _is_root() else 0o600)
        return descriptor


def require_access(path: Path, mode: int) -> None:
    """See that we may use a file or directory so; ``mode`` is of access(2). Raises as file_error() says."""
    if not os.access(path, mode):
        # access(2) says EROFS where Python says False
        read_only = mode & os.W_OK and os.statvfs(path).f_flag & os.ST_RDONLY
        raise OSError(errno.EROFS if read_only else errno.EACCES, os.strerror(errno.EACCES), str(path))


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn what the system says about a file into an error that a person can act on."""
    try:
        yield
    except OSError as error:
        raise file_error(path, error) from error


def file_error(path: Path, error: OSError) -> RoutewatchError:
    """Return the error to raise for one of the system's."""
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return refusal(path)
        case errno.ENOSPC | errno.EDQUOT:
            return full_disk(path)
        case errno.EROFS:
            return StateError(
                f"{path} lies on a read-only file system.", "Name a directory that can be written with --state-dir."
            )
        case _:
            return StateError(f"{path}: {error.strerror or error}.", "Name another directory with --state-dir.")


def full_disk(path: Path) -> StateError:
    """Return the error for a disk without room."""
    return StateError(f"The disk that holds {path} is full.", "Make room on it; what was stored before is intact.")


def refusal(path: Path) -> PermissionRefusedError:
    """Return the error for state that we may not use: the service's has a group that may read it, no other has."""
    hint = "Set --state-dir or XDG_STATE_HOME to a place that you may write."
    if _is_roots(path):
        joining = f"dseditgroup -o edit -a YOU -t user {GROUP}" if _is_mac() else f"usermod -aG {GROUP} YOU"
        hint = f'Run the command with sudo, or join the group "{GROUP}" to read it (sudo {joining}, then log in again).'
    return PermissionRefusedError(f"You may not use {path}.", hint)


def _is_roots(path: Path) -> bool:
    """Tell whether a file or directory that exists is root's; of a file that is hidden from us, its directory."""
    for place in (path, path.parent):
        try:
            return place.stat().st_uid == 0
        except PermissionError:
            continue
        except OSError:
            return False
    return False


def _share(descriptor: int, mode: int) -> None:
    # The group comes first: to the group of the process the file is never open. umask has no say in fchmod(2).
    if _is_root() and (group := _group()) is not None:
        os.fchown(descriptor, -1, group)
    os.fchmod(descriptor, mode)


def _group() -> int | None:
    import grp  # noqa: PLC0415 - reads the system's group file only when something is made

    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return None


def _is_mac() -> bool:
    return sys.platform == "darwin"


def _is_root() -> bool:
    return os.geteuid() == 0
