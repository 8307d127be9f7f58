"""Which functions of this kernel can be traced: for wildcards, and to say why an attach failed.

The list is tracefs' available_filter_functions. A lockdown hides it even from root; then the
symbols of text are taken, among which are some that cannot be traced.
"""

from __future__ import annotations

import struct

from aotrace.loader.errors import LoaderError
from aotrace.runtime.points import KERNEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Function = tuple[str, str]  # module, name

TRACEFS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
SYMBOLS = "/proc/kallsyms"
BTF = "/sys/kernel/btf"
BLACKLIST = "/sys/kernel/debug/kprobes/blacklist"
_TEXT = ("t", "T", "w", "W")
#: What can be traced and had better not be (the kernel's selftests of kprobe_multi leave them out).
_UNSAFE = {"arch_cpu_idle", "default_idle", "bpf_dispatcher_xdp_func"}
_UNSAFE_PREFIXES = ("__ftrace_invalid_address__", "rcu_")
_PARTS = (".part.", ".cold", ".constprop.")  # of functions that the compiler split
_known: list[Function] = []
_chosen: list[Function] = []  # by whoever runs it
_names: dict[str, set[bytes]] = {}


def traceable() -> list[Function]:
    """(module, function) of each, as far as this machine tells; read once."""
    if not _known:
        blocked = set(_blacklist())
        _known.extend(
            function
            for function in _listed() or _symbols()
            if function[1] not in blocked
            and function[1] not in _UNSAFE
            and not function[1].startswith(_UNSAFE_PREFIXES)
            and ".part." not in function[1]
        )
    return _known


def traced(module: str) -> set[Function]:
    """Those of one module, or of the kernel, that its BTF may know: what fentry can trace."""
    names = _btf_names(module)
    return {f for f in traceable() if f[0] == module and f[1].encode() in names}


def _btf_names(module: str) -> set[bytes]:
    """All names in a BTF file, of types, members and functions; header: linux/btf.h."""
    if module not in _names:
        try:
            with open(f"{BTF}/{module}", "rb") as file:
                data = file.read()
            _, _, _, head, _, _, start, size = struct.unpack_from("<HBBIIIII", data)
            _names[module] = set(data[head + start : head + start + size].split(b"\0"))
        except (OSError, struct.error):
            _names[module] = set()
    return _names[module]


def choose(path: str) -> None:
    """Take the functions that a file lists, as tracefs does. Raises LoaderError."""
    try:
        with open(path) as lines:
            _chosen.extend(_named(*line.split()[:2]) for line in lines if line.strip())
    except OSError as error:
        raise LoaderError(f"cannot read {path}: {error.strerror}") from None


def _listed() -> list[Function]:
    return _chosen or [_named(*line.split()[:2]) for line in _lines("available_filter_functions")]


def _named(name: str, module: str = "") -> Function:
    return module.strip("[]") or KERNEL, name


def _lines(file: str) -> Iterator[str]:
    for root in TRACEFS:
        try:
            with open(f"{root}/{file}") as lines:
                yield from lines
        except OSError:
            continue
        return


def _symbols() -> list[Function]:
    return [
        _named(name, *module[:1])
        for kind, name, module in symbols()
        if kind in _TEXT and not any(part in name for part in _PARTS)
    ]


def symbols() -> Iterator[tuple[str, str, list[str]]]:
    """(kind, name, [module] or nothing) of each symbol; nothing where the kernel hides them."""
    try:
        with open(SYMBOLS) as file:
            for line in file:
                _, kind, name, *module = line.split()
                yield kind, name, module
    except OSError:
        return


def _blacklist() -> Iterator[str]:
    """Functions that kprobes refuse: `0xSTART-0xEND NAME`."""
    try:
        with open(BLACKLIST) as file:
            for line in file:
                words = line.split()
                if len(words) > 1:
                    yield words[1]
    except OSError:
        return


def tracepoints() -> list[tuple[str, str]]:
    """(category, event) of each tracepoint that tracefs lists."""
    found = [line.strip().partition(":") for line in _lines("available_events")]
    return [(category, event) for category, _, event in found]


def raw_tracepoints() -> list[Function]:
    """(module, event) of each raw tracepoint: the kernel has a function that calls its programs."""
    prefix = "__traceiter_"
    return [
        _named(name[len(prefix) :], *module[:1])
        for _, name, module in symbols()
        if name.startswith(prefix)
    ]
