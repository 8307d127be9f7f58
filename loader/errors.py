"""What goes wrong on the target, as one message and what to do about it."""

from __future__ import annotations


class LoaderError(Exception):
    """Ends the run with exit status 1: `ERROR: message` and, if there is advice, `HINT: hint`."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ObjectError(LoaderError):
    """The file is not an object that this loader can run."""
