"""The one exception of this package: a source of kernel facts cannot be used."""

from __future__ import annotations


class KernelDataError(Exception):
    """A BTF file, tracepoint format or syscall table is missing, malformed or foreign.

    str(error) is one clear sentence; `hint` says what the user can do about it.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def within(self, place: object) -> KernelDataError:
        """The same error, told with the file (or other place) it was met in."""
        return KernelDataError(f"{place}: {self}", self.hint)
