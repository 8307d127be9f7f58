"""Where output goes: a file descriptor, written to in large pieces."""

from __future__ import annotations

import os

from aotrace.loader.errors import LoaderError

_FULL = 1 << 16  # bytes held back at most
#: When output is written: at once, a line when it has ended, when there is much of it.
NONE, LINE, FULL = MODES = ("none", "line", "full")


class BrokenSink(Exception):
    """Nobody reads any more."""


class Sink:
    """Bytes on their way to a file descriptor."""

    def __init__(self, fd: int, name: str, mode: str = LINE) -> None:
        self._fd = fd
        self._name = name
        self._limit = 0 if mode == NONE else _FULL
        self._by_line = mode != FULL
        self._pending: list[bytes] = []
        self._size = 0

    def close(self) -> None:
        """Write what can be written. Leave standard output open: it is not ours."""
        try:  # noqa: SIM105  # contextlib would take longer to import
            self.flush()
        except (BrokenSink, LoaderError):
            pass
        if self._fd != 1:
            os.close(self._fd)

    def write(self, data: bytes) -> None:
        self._pending.append(data)
        self._size += len(data)
        if self._size >= self._limit:
            self.flush()

    def settle(self) -> None:
        """Nothing more comes for now: write all lines that have ended. Raises as flush does."""
        if not self._by_line:
            return
        held: list[bytes] = []
        while self._pending and b"\n" not in self._pending[-1]:
            held.insert(0, self._pending.pop())
        if self._pending:
            whole, newline, rest = self._pending.pop().rpartition(b"\n")
            self._pending.append(whole + newline)
            held.insert(0, rest)
            self.flush()
        self._pending = [piece for piece in held if piece]
        self._size = sum(map(len, self._pending))

    def flush(self) -> None:
        """Write what is pending. Raises BrokenSink when the reader has gone, LoaderError else."""
        if not self._pending:
            return
        data = memoryview(b"".join(self._pending))
        self._pending.clear()
        self._size = 0
        try:
            while data:
                data = data[_write(self._fd, data) :]
        except BrokenPipeError:
            raise BrokenSink from None
        except OSError as error:
            raise LoaderError(f"cannot write to {self._name}: {error.strerror}") from None


def _write(fd: int, data: memoryview) -> int:
    """os.write that waits where the descriptor does not block."""
    while True:
        try:
            return os.write(fd, data)
        except BlockingIOError:
            from select import select

            select([], [fd], [])


def open_sink(path: str | None, mode: str = LINE) -> Sink:
    """A new or emptied file, or standard output. Raises LoaderError."""
    if path is None:
        return Sink(1, "standard output", mode)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    except OSError as error:
        hint = "give -o a file that can be written to"
        raise LoaderError(f"cannot write to {path}: {error.strerror}", hint) from None
    return Sink(fd, path, mode)
