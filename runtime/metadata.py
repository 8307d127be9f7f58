"""The `.aotrace` section: everything about an object that the loader must know, as versioned JSON.

A major version is refused by an older loader; within a major version fields are only added, and
every reader ignores what it does not know. docs/format.md describes each record.
"""

from __future__ import annotations

from aotrace.runtime import quickjson
from aotrace.runtime.values import Kind, from_spec
from aotrace.runtime.wire import HEADER_SIZE, RECORD_ALIGN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from aotrace.runtime.points import Part

SECTION = ".aotrace"
MAJOR, MINOR = 1, 2

#: Symbols that the compiler puts into every object for the loader.
RING_BUFFER = "events"
PACKET_BUFFERS = "packets"  # there if something sends packets: a perf event array
WIDE_SCRATCH = "scratch_of_cpus"  # a map with so many entries for each CPU of the target
LOST_COUNTER = "lost_events"  # u64 in .bss: records that did not fit the ring buffer


class MetadataError(Exception):
    """The section is missing, malformed or newer than this loader."""


class NewerError(MetadataError):
    """The section is of a major version that this loader does not know."""


def _take(record: dict[str, Any], name: str, expected: type) -> Any:
    """A field of a record, of the type that it must have. Raises ValueError."""
    value = record[name]
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise ValueError(f"{name} is {value!r}")
    return value


def _natural(record: dict[str, Any], name: str) -> int:
    value: int = _take(record, name, int)
    if value < 0:
        raise ValueError(f"{name} is {value}")
    return value


class Program:
    """One BPF program: where it attaches and by which mechanism.

    `mechanism` names a file of loader/attach; `target` is what that mechanism needs, by its own
    keys; `line` is the probe's line in the script. `point` is there where the target completes the
    attach point, by parameters or by wildcards: its parts, each a list of texts and of parameters'
    numbers; `target` is then what they leave open (runtime/points.py, runtime/members.py).
    `wildcard` is the attach point as written of which the compiler made this program and others: it
    need not be there. `group` is there where a probe has several attach points: its number.
    """

    def __init__(
        self,
        name: str,
        section: str,
        probe: str,
        mechanism: str,
        target: dict[str, Any],
        line: int,
        point: list[Part] | None = None,
        wildcard: str | None = None,
        group: int | None = None,
    ) -> None:
        self.name = name
        self.section = section
        self.probe = probe
        self.mechanism = mechanism
        self.target = target
        self.line = line
        self.point = point
        self.wildcard = wildcard
        self.group = group

    def dump(self) -> dict[str, Any]:
        return _without_none(vars(self), "point", "wildcard", "group")

    @classmethod
    def load(cls, record: dict[str, Any]) -> Program:
        name, section, probe, mechanism = (
            _take(record, field, str) for field in ("name", "section", "probe", "mechanism")
        )
        target, line = _take(record, "target", dict), _natural(record, "line")
        wildcard = record.get("wildcard")
        if wildcard is not None and not isinstance(wildcard, str):
            raise ValueError(f"wildcard is {wildcard!r}")
        point = _point(record.get("point"))
        group = _natural(record, "group") if "group" in record else None
        return cls(name, section, probe, mechanism, target, line, point, wildcard, group)


def _without_none(record: dict[str, Any], *optional: str) -> dict[str, Any]:
    """A record's fields less the optional ones that say nothing."""
    return {k: v for k, v in record.items() if k not in optional or v is not None}


def _point(parts: Any) -> list[Part] | None:
    if parts is None:
        return None
    for part in parts:
        for piece in part:
            if not isinstance(piece, str) and (type(piece) is not int or piece < 1):
                raise ValueError(f"{piece!r} in an attach point")
    return [list(part) for part in parts]


class Map:
    """One map of the script. `name` is the ELF symbol, `label` what the script calls it (`@x`).

    key None: a scalar map, one entry under key 0 (u32). per_cpu: a value per possible CPU, merged
    by the value's kind. fixed: a BPF array, whose entry is always there; while all its bytes are
    zero, nothing was put into it yet.
    """

    def __init__(
        self,
        name: str,
        label: str,
        key: Kind | None,
        value: Kind,
        max_entries: int,
        per_cpu: bool,
        fixed: bool = False,
    ) -> None:
        self.name = name
        self.label = label
        self.key = key
        self.value = value
        self.max_entries = max_entries
        self.per_cpu = per_cpu
        self.fixed = fixed

    def dump(self) -> dict[str, Any]:
        key = self.key.spec() if self.key else None
        return {**vars(self), "key": key, "value": self.value.spec()}

    @classmethod
    def load(cls, record: dict[str, Any]) -> Map:
        key = from_spec(record["key"]) if record["key"] is not None else None
        value = from_spec(record["value"])
        name, label = _take(record, "name", str), _take(record, "label", str)
        entries, per_cpu = _natural(record, "max_entries"), _take(record, "per_cpu", bool)
        return cls(name, label, key, value, entries, per_cpu, record.get("fixed") is True)


class Event:
    """One layout of ring buffer record; its index in the list is the record's header.

    `action` names what the loader does with it; `details` is what that action needs at build-time
    values (a format string, a map's index); `args` are (offset from the record's start, kind).
    """

    def __init__(
        self,
        action: str,
        size: int,
        args: list[tuple[int, Kind]],
        details: dict[str, Any],
        line: int,
    ) -> None:
        self.action = action
        self.size = size
        self.args = args
        self.details = details
        self.line = line

    def dump(self) -> dict[str, Any]:
        return {**vars(self), "args": [[offset, kind.spec()] for offset, kind in self.args]}

    @classmethod
    def load(cls, record: dict[str, Any]) -> Event:
        size = _natural(record, "size")
        args = [(offset, from_spec(spec)) for offset, spec in _take(record, "args", list)]
        end = HEADER_SIZE
        for offset, kind in args:
            if not isinstance(offset, int) or offset < end or offset + kind.size > size:
                raise ValueError(f"an argument at {offset!r} of a record of {size} bytes")
            end = offset + kind.size
        if size % RECORD_ALIGN or size < HEADER_SIZE:
            raise ValueError(f"a record of {size} bytes")
        action, details = _take(record, "action", str), _take(record, "details", dict)
        return cls(action, size, args, details, _natural(record, "line"))


class Setting:
    """A variable in .rodata that the loader fills before the object is loaded: name, offset, kind.

    Names: `target_pid` (u64, 0: all), `start_boot` (u64 ns, CLOCK_BOOTTIME at start),
    `cookie:PROGRAM` (u64, runtime/members.py), in objects before 1.2 `probe:TEXT` (the attach point
    TEXT with its parameters in place) and the script's parameters: `$1` as a
    number, `str($1)` as a string, `$#`, and `--name` with the default and the description that
    getopt() gives it.
    """

    def __init__(
        self,
        name: str,
        offset: int,
        kind: Kind,
        default: int | str | None = None,
        description: str | None = None,
    ) -> None:
        self.name = name
        self.offset = offset
        self.kind = kind
        self.default = default
        self.description = description

    def dump(self) -> dict[str, Any]:
        fields = _without_none(vars(self), "default", "description")
        return {**fields, "kind": self.kind.spec()}

    @classmethod
    def load(cls, record: dict[str, Any]) -> Setting:
        default, description = record.get("default"), record.get("description")
        if not isinstance(default, (int, str, type(None))):
            raise ValueError(f"default is {default!r}")
        if description is not None and not isinstance(description, str):
            raise ValueError(f"description is {description!r}")
        name, offset = _take(record, "name", str), _natural(record, "offset")
        return cls(name, offset, from_spec(record["kind"]), default, description)


class Metadata:
    """All of it.

    `core` lists (kernel type, field path) relocated; `helpers` the BPF helpers called; `unsafe` the
    functions of the script that can do harm, which whoever runs it must allow.
    """

    def __init__(
        self,
        producer: str,
        script: str,
        arch: str,
        license: str,
        programs: list[Program],
        maps: list[Map],
        events: list[Event],
        settings: list[Setting],
        config: dict[str, Any],
        helpers: list[str],
        core: list[tuple[str, str]],
        unsafe: Sequence[str] = (),
    ) -> None:
        self.producer = producer
        self.script = script
        self.arch = arch
        self.license = license
        self.programs = programs
        self.maps = maps
        self.events = events
        self.settings = settings
        self.config = config
        self.helpers = helpers
        self.core = core
        self.unsafe = list(unsafe)

    def dump(self) -> bytes:
        """The section's bytes; equal metadata gives equal bytes."""
        import json

        record = {
            "version": [MAJOR, MINOR],
            **vars(self),
            "programs": [p.dump() for p in self.programs],
            "maps": [m.dump() for m in self.maps],
            "events": [e.dump() for e in self.events],
            "settings": [s.dump() for s in self.settings],
        }
        return json.dumps(record, separators=(",", ":"), sort_keys=True).encode()


def load(section: bytes) -> Metadata:
    """Read the section's bytes. Raises MetadataError, and nothing else."""
    try:
        record = quickjson.loads(section)
        major = record["version"][0]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise MetadataError("its .aotrace section is damaged") from error
    if not isinstance(major, int) or major < MAJOR:
        raise MetadataError("its .aotrace section is damaged: no such version")
    if major > MAJOR:
        raise NewerError(
            f"made for a newer aotrace (object format {major}; this one reads {MAJOR})"
        )
    try:
        return _metadata(record)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise MetadataError(f"its .aotrace section is damaged: {error}") from error


def _metadata(record: dict[str, Any]) -> Metadata:
    producer, script, arch, license = (
        _take(record, field, str) for field in ("producer", "script", "arch", "license")
    )
    helpers = _take(record, "helpers", list)
    core = [(str(root), str(path)) for root, path in _take(record, "core", list)]
    return Metadata(
        producer, script, arch, license,
        [Program.load(item) for item in _take(record, "programs", list)],
        [Map.load(item) for item in _take(record, "maps", list)],
        [Event.load(item) for item in _take(record, "events", list)],
        [Setting.load(item) for item in _take(record, "settings", list)],
        _take(record, "config", dict), [str(helper) for helper in helpers], core,
        [str(name) for name in record.get("unsafe", ())],
    )  # fmt: skip
