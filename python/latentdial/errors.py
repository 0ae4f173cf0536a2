"""The exceptions: one family, `Error`, with a class for each kind of failure."""

from __future__ import annotations


class Error(Exception):
    """Base of all exceptions of this package. `str(error)` is one line: what, where, what would be right.

    `code` says which kind it is: "invalid_input", "cancelled", "io" or "internal"; `field` which keyword is wrong,
    where the engine says so.
    """

    code = "internal"
    field = ""


class InvalidInput(Error, ValueError):
    """What was asked for cannot be: a setting out of range, an unknown keyword, no such model."""

    code = "invalid_input"


class Cancelled(Error):
    """A callback returned False."""

    code = "cancelled"


class IOFailure(Error, OSError):
    """Reading or writing failed part-way: a full disk, a vanished file."""

    code = "io"


class InternalError(Error):
    """A fault of the engine's own."""

    code = "internal"


def from_engine(code: str, message: str, field: str) -> Error:
    """The exception for one of the engine's errors; the extension calls this."""
    kinds = {kind.code: kind for kind in (InvalidInput, Cancelled, IOFailure, InternalError)}
    error = kinds[code](message)
    error.field = field
    return error
