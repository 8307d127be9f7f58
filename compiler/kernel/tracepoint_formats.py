"""Tracepoint formats, from a tracefs directory, a tar of one, or one file.

A format names the category that BTF does not know, and settles which context struct an event
of a shared class has.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from .errors import KernelDataError
from .event_format import EventFormat, parse_format
from .format_archive import read_archive

TRACEFS_MOUNTS = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")  # nothing that leads out of the directory


class Formats(Protocol):
    """A collection of formats, by category and event."""

    def categories(self) -> list[str]:
        """Names of the categories known here, sorted."""

    def events(self, category: str) -> list[str]:
        """Names of a category's events, sorted; empty for a category not known here."""

    def categories_of(self, name: str) -> list[str]:
        """The categories that have an event of this name, sorted."""

    def get(self, category: str, name: str) -> EventFormat | None:
        """The format of one event, or None where it is not known here."""


def open_formats(path: Path) -> Formats:
    """Formats from a tracefs directory (or a copy), a tar of one, or a single format file."""
    try:
        if path.is_dir():
            return DirectoryFormats(_events_directory(path))
        formats = read_archive(path)
        return _from_file(path) if formats is None else LoadedFormats(formats)
    except (OSError, UnicodeDecodeError) as error:
        raise KernelDataError(f"{path}: {getattr(error, 'strerror', '') or error}") from None
    except KernelDataError as error:
        raise error.within(path) from None


def machine_formats() -> Formats | None:
    """The formats of the running kernel, if tracefs is mounted and may be read."""
    for mount in TRACEFS_MOUNTS:
        try:
            if any((mount / "events").iterdir()):
                return DirectoryFormats(mount / "events")
        except OSError:
            continue
    return None


def _events_directory(path: Path) -> Path:
    for candidate in (path / "events", path / "tracing/events", path):
        if next(candidate.glob("*/*/format"), None):
            return candidate
    raise KernelDataError(
        "no tracepoint formats in this directory", "expected CATEGORY/EVENT/format below it"
    )


class DirectoryFormats:
    """Formats read one by one from CATEGORY/EVENT/format below a directory, when asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def categories(self) -> list[str]:
        return sorted(path.name for path in self._root.iterdir() if path.is_dir())

    def events(self, category: str) -> list[str]:
        if not _PLAIN_NAME.fullmatch(category):
            return []
        return sorted(path.parent.name for path in (self._root / category).glob("*/format"))

    def categories_of(self, name: str) -> list[str]:
        if not _PLAIN_NAME.fullmatch(name):
            return []
        return sorted(path.parent.parent.name for path in self._root.glob(f"*/{name}/format"))

    def get(self, category: str, name: str) -> EventFormat | None:
        if not (_PLAIN_NAME.fullmatch(category) and _PLAIN_NAME.fullmatch(name)):
            return None
        path = self._root / category / name / "format"
        try:
            return parse_format(path.read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise KernelDataError(f"{path}: {getattr(error, 'strerror', '') or error}") from None
        except KernelDataError as error:
            raise error.within(path) from None


class LoadedFormats:
    """Formats held in memory by (category, event); category '' where the file did not say."""

    def __init__(self, formats: dict[tuple[str, str], EventFormat]) -> None:
        self._formats = formats

    def categories(self) -> list[str]:
        return sorted({category for category, _ in self._formats if category})

    def events(self, category: str) -> list[str]:
        return sorted(name for known, name in self._formats if known in (category, ""))

    def categories_of(self, name: str) -> list[str]:
        return sorted(category for category, known in self._formats if known == name and category)

    def get(self, category: str, name: str) -> EventFormat | None:
        return self._formats.get((category, name)) or self._formats.get(("", name))


def _from_file(path: Path) -> LoadedFormats:
    event = parse_format(path.read_text())
    # In a copy of tracefs the directories above tell the category: CATEGORY/EVENT/format.
    in_tree = path.absolute().parts[-2:] == (event.name, "format")
    category = path.absolute().parts[-3] if in_tree else ""
    return LoadedFormats({(category, event.name): event})
