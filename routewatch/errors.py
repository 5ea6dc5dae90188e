"""What can go wrong, in terms of whose matter it is; each carries its exit status and a hint of what to do."""

from __future__ import annotations


class RoutewatchError(Exception):
    """An error a person can do something about.

    ``code`` is a stable word for programs, ``hint`` a sentence for a person.
    """

    exit_status = 1
    code = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        """Say what is wrong in one line, and what to do about it in another."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RoutewatchError):
    """The command line, or something it names, is wrong."""

    exit_status = 2
    code = "usage"


class ConfigurationError(RoutewatchError):
    """The configuration can't be used."""

    exit_status = 2
    code = "configuration"


class PermissionRefusedError(RoutewatchError):
    """The system would not let us; nothing further was tried."""

    exit_status = 3
    code = "permission"


class ObservationError(RoutewatchError):
    """The system can't be read, or not completely."""

    exit_status = 4
    code = "unreadable"


class StateError(RoutewatchError):
    """The state directory or the store can't be used."""

    exit_status = 4
    code = "state"


class KernelRefusedError(RoutewatchError):
    """The kernel refused one step, in its own words."""

    code = "refused"


class UnconfirmedError(RoutewatchError):
    """A cleanup that is taken back unless it is confirmed stands in the way of another one, or was taken back."""

    code = "unconfirmed"


class NotPendingError(RoutewatchError):
    """There is nothing to confirm, or it is too late for it."""

    code = "not-pending"


class InterruptedBySignalError(RoutewatchError):
    """A signal ended it before its end; what was done until then is told."""

    exit_status = 130
    code = "interrupted"


class InternalError(RoutewatchError):
    """A mistake of ours."""

    exit_status = 4
    code = "internal"
