"""Where output goes: a file descriptor, written to in large pieces."""

from __future__ import annotations

import os

from aotrace.loader.errors import LoaderError

_FULL = 1 << 16  # bytes held back at most


class BrokenSink(Exception):
    """Nobody reads any more."""


class Sink:
    """Bytes on their way to a file descriptor."""

    def __init__(self, fd: int, name: str) -> None:
        self._fd = fd
        self._name = name
        self._pending: list[bytes] = []
        self._size = 0

    def close(self) -> None:
        """Leave standard output open: it is not ours."""
        if self._fd != 1:
            os.close(self._fd)

    def write(self, data: bytes) -> None:
        self._pending.append(data)
        self._size += len(data)
        if self._size >= _FULL:
            self.flush()

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


def open_sink(path: str | None) -> Sink:
    """A new or emptied file, or standard output. Raises LoaderError."""
    if path is None:
        return Sink(1, "standard output")
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    except OSError as error:
        hint = "give -o a file that can be written to"
        raise LoaderError(f"cannot write to {path}: {error.strerror}", hint) from None
    return Sink(fd, path)
