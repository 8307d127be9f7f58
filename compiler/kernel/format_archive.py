"""Tracepoint formats packed into a tar, compressed or not: all of them read at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from .errors import KernelDataError
from .event_format import EventFormat, parse_format

if TYPE_CHECKING:
    from tarfile import TarFile

Formats = dict[tuple[str, str], EventFormat]  # by (category, event)


def read_archive(path: Path) -> Formats | None:
    """All formats in the tar at `path`, None if it is no tar; KernelDataError for a broken one."""
    import lzma  # with tarfile half of this package's time to start, and seldom wanted
    import tarfile
    import zlib

    broken = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, ValueError)
    try:
        if not tarfile.is_tarfile(path):
            return None
        with tarfile.open(path) as archive:
            formats = dict(_members(archive))
    except broken as error:
        raise KernelDataError(f"the archive is broken: {error}") from None
    if not formats:
        raise KernelDataError(
            "no tracepoint formats in this archive",
            "make it from a copy: cp -r /sys/kernel/tracing/events DIR; tar cf FILE -C DIR .",
        )
    return formats


def _members(archive: TarFile) -> Iterator[tuple[tuple[str, str], EventFormat]]:
    for member in archive:
        parts = PurePosixPath(member.name).parts
        file = archive.extractfile(member) if parts[-1:] == ("format",) else None
        # Packed straight from tracefs, where every file says that it is empty, there is nothing.
        if file and len(parts) >= 3 and member.size:
            yield (parts[-3], parts[-2]), parse_format(file.read().decode())
