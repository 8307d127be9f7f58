"""What the loader says to the person at the terminal, on standard error."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.errors import LoaderError


class Console:
    """Messages as bpftrace words them. `warnings` off keeps to what matters."""

    def __init__(self, warnings: bool = True) -> None:
        self._warnings = warnings

    def note(self, text: str) -> None:
        say(text)

    def warn(self, text: str) -> None:
        if self._warnings:
            say(f"WARNING: {text}")

    def warn_as_is(self, text: str) -> None:
        """A warning that says itself that it is one, behind its place."""
        if self._warnings:
            say(text)

    def error(self, text: str) -> None:
        say(f"ERROR: {text}")


def report(error: LoaderError) -> None:
    """An error that ends the run; help that was asked for is a hint alone."""
    if str(error):
        say(f"ERROR: {error}")
    if error.hint:
        say(f"HINT: {error.hint}")


def say(text: str) -> None:
    """One write for the whole of it."""
    try:
        os.write(2, text.encode("utf-8", "surrogateescape") + b"\n")
    except OSError:
        return  # a terminal that has gone is no reason to stop
