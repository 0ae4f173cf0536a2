"""The exceptions: one family, `Error`, with a class for each kind of failure."""

from __future__ import annotations


class Error(Exception):
    """Base of all exceptions of this package. `str(error)` is one line: what, where, what would be right.

    `code` says which kind it is: "invalid_input", "cancelled", "io" or "internal". `field` is the keyword that is
    wrong, which the line begins with: "guidance_scale"; None where it is none, but a file, say.
    """

    code = "internal"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


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


def from_engine(code: str, line: str, field: str) -> Error:
    """The exception for one of the engine's errors; the extension calls this."""
    kinds = {kind.code: kind for kind in (InvalidInput, Cancelled, IOFailure, InternalError)}
    error = kinds[code](line)
    error.field = field or None
    return error
