"""What goes wrong on the target, as one message and what to do about it."""

from __future__ import annotations


class LoaderError(Exception):
    """Ends the run: `ERROR: message` and, if there is advice, `HINT: hint`.

    status: the exit status, as bpftrace has it.
    """

    status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class StartError(LoaderError):
    """The programs could not be loaded, attached or started."""

    status = 255


class ObjectError(LoaderError):
    """The file is not an object that this loader can run."""


class PlaceError(Exception):
    """There is no place here that an attach point could mean; `hint`: what to do about it."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


class UnfitError(PlaceError):
    """There is a file, a function or both, and no place in it where a probe can be."""
