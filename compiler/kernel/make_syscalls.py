"""Writes syscalls_x86_64.json and syscalls_aarch64.json; `make syscalls-table` runs it.

    python -m aotrace.compiler.kernel.make_syscalls [TRACEFS-DIRECTORY-OR-TAR ...]

Names and types of the arguments come from the formats of sys_enter events: those given, else
the running kernel's (as root, with tracefs mounted). System calls that these kernels lack keep
the entry they had, so that kernels can be added one after the other. Numbers come from the C
library's kernel headers (Debian: linux-libc-dev).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from .errors import KernelDataError
from .event_format import EventFormat
from .names import CALLERS_NAMES
from .syscalls import ARCHITECTURES, SyscallArgument, table_path
from .tracepoint_formats import Formats, machine_formats, open_formats

Arguments = tuple[SyscallArgument, ...]

_GENERIC_HEADER = Path("/usr/include/asm-generic/unistd.h")
_X86_HEADERS = (
    Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    Path("/usr/include/asm/unistd_64.h"),
)
_ENTER = "sys_enter_"
_DEFINE = re.compile(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", re.MULTILINE)
_GENERIC_CALL = re.compile(
    r"^(__SYSCALL|__SC_COMP|__SC_3264|__SC_COMP_3264)\(__NR(?:3264)?_(\w+),\s*([\w,\s]+)\)$",
    re.MULTILINE,
)
_ONLY_32_BIT = range(403, 424)  # the calls with 64-bit time of 32-bit machines

_X86_LATER = {"uretprobe": 335, "uprobe": 336}

# Newer than the headers of Linux 6.1; since 5.1 all architectures number alike.
_LATER = {
    "cachestat": 451,
    "fchmodat2": 452,
    "map_shadow_stack": 453,
    "futex_wake": 454,
    "futex_wait": 455,
    "futex_requeue": 456,
    "statmount": 457,
    "listmount": 458,
    "lsm_get_self_attr": 459,
    "lsm_set_self_attr": 460,
    "lsm_list_modules": 461,
    "mseal": 462,
    "setxattrat": 463,
    "getxattrat": 464,
    "listxattrat": 465,
    "removexattrat": 466,
    "open_tree_attr": 467,
    "file_getattr": 468,
    "file_setattr": 469,
    "listns": 470,
}

# arm64's own: arch/arm64/kernel/sys.c, and clone as CONFIG_CLONE_BACKWARDS orders it.
_AARCH64_NUMBER_NAMES = {"arm64_personality": "personality"}
_AARCH64_ARGUMENTS = {
    "arm64_personality": (("unsigned int", "personality"),),
    "clone": (
        ("unsigned long", "clone_flags"),
        ("unsigned long", "newsp"),
        ("int *", "parent_tidptr"),
        ("unsigned long", "tls"),
        ("int *", "child_tidptr"),
    ),
    "fadvise64_64": (("int", "fd"), ("loff_t", "offset"), ("loff_t", "len"), ("int", "advice")),
}


def main(paths: list[str]) -> None:
    """Write both tables; KernelDataError if formats or headers cannot be read."""
    arguments = _known_arguments()
    for formats in _sources(paths):
        arguments.update(_arguments_of(formats))
    own = {name: _as_arguments(each) for name, each in _AARCH64_ARGUMENTS.items()}
    tables = {
        "x86_64": _table(arguments, _x86_numbers()),
        "aarch64": _table({**arguments, **own}, _aarch64_numbers()),
    }
    for arch, text in tables.items():
        table_path(arch).write_text(text)


def _sources(paths: list[str]) -> list[Formats]:
    if paths:
        return [open_formats(Path(path)) for path in paths]
    formats = machine_formats()
    if formats is None:
        raise KernelDataError(
            "tracefs cannot be read", "as root: mount -t tracefs nodev /sys/kernel/tracing"
        )
    return [formats]


def _known_arguments() -> dict[str, Arguments]:
    """What the tables hold already; x86_64 last, as the formats of most kernels seen are its."""
    known: dict[str, Arguments] = {}
    for arch in reversed(ARCHITECTURES):
        if table_path(arch).exists():
            table = json.loads(table_path(arch).read_text())
            known.update((name, _as_arguments(args)) for name, (_, *args) in table.items())
    return known


def _arguments_of(formats: Formats) -> dict[str, Arguments]:
    names = (name for name in formats.events("syscalls") if name.startswith(_ENTER))
    events = (formats.get("syscalls", name) for name in names)
    return {event.name[len(_ENTER) :]: _format_arguments(event) for event in events if event}


def _format_arguments(event: EventFormat) -> Arguments:
    # Since 7.0 a copy of each string follows the arguments, as a data_loc field.
    fields = (f for f in event.fields if f.location == "plain" and f.name != "__syscall_nr")
    return tuple(SyscallArgument(field.ctype, field.name) for field in fields)


def _as_arguments(pairs: Iterable[Iterable[str]]) -> Arguments:
    return tuple(SyscallArgument(*pair) for pair in pairs)


def _x86_numbers() -> dict[str, int]:
    header = next((path for path in _X86_HEADERS if path.exists()), _X86_HEADERS[0])
    numbers = {name: int(number) for name, number in _DEFINE.findall(_read(header))}
    renamed = {name: numbers[other] for name, other in CALLERS_NAMES.items()}
    return {**_LATER, **_X86_LATER, **numbers, **renamed}


def _aarch64_numbers() -> dict[str, int]:
    text = _read(_GENERIC_HEADER).replace("\\\n", "")
    defined = {name: int(number) for name, number in _DEFINE.findall(text)}
    numbers = dict(_LATER)
    for macro, number_name, functions in _GENERIC_CALL.findall(text):
        function = functions.split(",")[1 if "3264" in macro else 0].strip()
        if defined[number_name] not in _ONLY_32_BIT:
            numbers[function.removeprefix("sys_")] = defined[number_name]
    renamed = {name: numbers[other] for name, other in _AARCH64_NUMBER_NAMES.items()}
    return {**numbers, **renamed}


def _read(header: Path) -> str:
    try:
        return header.read_text()
    except OSError as error:
        raise KernelDataError(f"{header}: {error.strerror}", "install linux-libc-dev") from None


def _table(arguments: dict[str, Arguments], numbers: dict[str, int]) -> str:
    """One system call per line, so that a new kernel shows as a readable difference."""
    entries = ((name, [numbers[name], *arguments[name]]) for name in arguments if name in numbers)
    lines = [f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(entries)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KernelDataError as error:
        sys.exit(f"{error}" + (f"\nhint: {error.hint}" if error.hint else ""))
