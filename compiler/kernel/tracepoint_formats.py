"""Tracepoint formats as tracefs tells them: parsed, from a directory, a tar or one file.

A format names the category that BTF does not know, and settles which context struct an event
of a shared class has. Format of the text: kernel, kernel/trace/trace_events.c (f_show).
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from .errors import KernelDataError

TRACEFS_MOUNTS = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")  # nothing that leads out of the directory
_NAME = re.compile(r"^name: (\S+)$", re.MULTILINE)
_FIELD = re.compile(r"\tfield:(.+?);\toffset:(\d+);\tsize:(\d+);(?:\tsigned:([01]);)?")
_DECLARATION = re.compile(r"(?:(__data_loc|__rel_loc) )?(.*?)(\w+)((?:\[[^\]]*\])*)")
_LOCATIONS = {None: "plain", "__data_loc": "data_loc", "__rel_loc": "rel_loc"}


class FormatField(NamedTuple):
    """One field; ctype has no name but keeps '[]' dimensions; offset and size are in bytes.

    location is 'plain', or 'data_loc' or 'rel_loc' when the field is a u32 that says where
    the data lies.
    """

    name: str
    ctype: str
    offset: int
    size: int
    signed: bool
    location: str


class EventFormat(NamedTuple):
    """One event; common fields are left out, they are the same for all."""

    name: str
    fields: tuple[FormatField, ...]


class Formats(Protocol):
    """A collection of formats. A category of None stands for: not known, so any."""

    def categories(self) -> list[str]:
        """Names of the categories known here, sorted."""

    def events(self, category: str) -> list[str]:
        """Names of a category's events, sorted; empty for a category not known here."""

    def categories_of(self, name: str) -> list[str]:
        """The categories that have an event of this name, sorted."""

    def get(self, category: str, name: str) -> EventFormat | None:
        """The format of one event, or None where it is not known here."""


def parse_format(text: str) -> EventFormat:
    """Read the text of one `format` file; KernelDataError if it is not one."""
    name = _NAME.search(text)
    if not name or "\nformat:" not in text:
        raise KernelDataError(
            "not a tracepoint format",
            "give a file such as /sys/kernel/tracing/events/sched/sched_switch/format",
        )
    lines = (line for line in text.splitlines() if line.startswith("\tfield:"))
    fields = (_parse_field(line) for line in lines)
    return EventFormat(name[1], tuple(f for f in fields if not f.name.startswith("common_")))


def _parse_field(line: str) -> FormatField:
    match = _FIELD.match(line)
    if not match:
        raise KernelDataError(f"malformed tracepoint format: {line.strip()!r}")
    text, offset, size, signed = match.groups()
    name, ctype, location = _parse_declaration(text)
    return FormatField(name, ctype, int(offset), int(size), signed == "1", location)


def _parse_declaration(text: str) -> tuple[str, str, str]:
    pointer = re.search(r"\(\*(\w+)\)", text)
    if pointer:  # a pointer to a function: its name stands in the middle
        return pointer[1], text.replace(pointer[1], "", 1), "plain"
    match = _DECLARATION.fullmatch(text)
    if not match:
        raise KernelDataError(f"malformed tracepoint format: field {text!r}")
    location, ctype, name, dimensions = match.groups()
    return name, ctype.strip() + dimensions, _LOCATIONS[location]


def open_formats(path: Path) -> Formats:
    """Formats from a tracefs directory (or a copy), a tar of one, or a single format file."""
    try:
        if path.is_dir():
            return DirectoryFormats(_events_directory(path))
        if tarfile.is_tarfile(path):
            return _from_tar(path)
        return _from_file(path)
    except (OSError, tarfile.TarError, EOFError, UnicodeDecodeError) as error:
        raise KernelDataError(f"{path}: {error}") from None
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
            raise KernelDataError(f"{path}: {error}") from None
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


def _from_tar(path: Path) -> LoadedFormats:
    with tarfile.open(path) as archive:
        formats = dict(_tar_members(archive))
    if not formats:
        raise KernelDataError(
            "no tracepoint formats in this archive",
            "make it from a copy: cp -r /sys/kernel/tracing/events DIR; tar cf FILE -C DIR .",
        )
    return LoadedFormats(formats)


def _tar_members(archive: tarfile.TarFile) -> Iterator[tuple[tuple[str, str], EventFormat]]:
    for member in archive:
        parts = PurePosixPath(member.name).parts
        file = archive.extractfile(member) if parts[-1:] == ("format",) else None
        if file and len(parts) >= 3 and member.size:
            yield (parts[-3], parts[-2]), parse_format(file.read().decode())
