"""The exceptions: one family, `Error`, with a class for each kind of failure."""

from __future__ import annotations

import re

# What the command line calls otherwise, or has besides the settings.
_OTHER_FLAGS = {"--size": "width, height", "-p": "prompt", "-m": "model"}
# An advice to run the program stays as it is typed.
_COMMAND = re.compile(r"latentdial [a-z]+(?: --?[a-z-]+(?: (?:\"[^\"]*\"|[^\s,;:]+))?)+")
_FLAG = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]*|-[pm])(?![\w-])( (?=\"))?")


class Error(Exception):
    """Base of all exceptions of this package. `str(error)` is one line: what, where, what would be right.

    `code` says which kind it is: "invalid_input", "cancelled", "io" or "internal".
    """

    code = "internal"


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


def in_keywords(message: str) -> str:
    """The engine's line with keywords for the command line's flags: `--cfg` becomes `guidance_scale`."""
    from . import _engine

    names = dict(_OTHER_FLAGS)
    for option in (*_engine.options(), *_engine.engine_options()):
        for flag in option.flags.split(",") if option.flags else ():
            names[flag] = option.name

    def keyword(match: re.Match) -> str:
        flag, before_text = match.groups()
        return names.get(flag, flag.lstrip("-").replace("-", "_")) + ("=" if before_text else "")

    parts, end = [], 0
    for command in _COMMAND.finditer(message):
        parts += [_FLAG.sub(keyword, message[end : command.start()]), command.group()]
        end = command.end()
    return "".join(parts) + _FLAG.sub(keyword, message[end:])


def from_engine(code: str, message: str) -> Error:
    """The exception for one of the engine's errors; the extension calls this."""
    kinds = {kind.code: kind for kind in (InvalidInput, Cancelled, IOFailure, InternalError)}
    return kinds[code](in_keywords(message))
