"""Which functions of this kernel can be traced: for wildcards, and to say why an attach failed.

The list is tracefs' available_filter_functions. A lockdown hides it even from root; then the
symbols of text are taken, among which are some that cannot be traced.
"""

from __future__ import annotations

import re
import struct

from aotrace.loader.errors import LoaderError
from aotrace.runtime.members import Pattern
from aotrace.runtime.points import KERNEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Function = tuple[str, str]  # module, name

TRACEFS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
SYMBOLS = "/proc/kallsyms"
BTF = "/sys/kernel/btf"
BLACKLIST = "/sys/kernel/debug/kprobes/blacklist"
#: What can be traced and had better not be (the kernel's selftests of kprobe_multi leave them out).
_UNSAFE = {"arch_cpu_idle", "default_idle", "bpf_dispatcher_xdp_func"}
_UNSAFE_PREFIXES = ("__ftrace_invalid_address__", "rcu_")
_PARTS = (".part.", ".cold", ".constprop.")  # of functions that the compiler split
#: What comes behind a name: its module, where it has one.
_MODULE = r"(?!\S)(?:[ \t]+\[(\S+)\])"
_chosen: list[str] = []  # the list of whoever runs it
_lists: list[Lines] = []  # read once
_blocked: set[str] = set()
_names: dict[str, set[bytes]] = {}
_traced: dict[str, set[Function]] = {}


class Lines:
    """A list of functions: how its lines begin, each behind an end of line; what parts of a name
    tell that it cannot be traced."""

    def __init__(self, text: str, begin: str, parts: tuple[str, ...]) -> None:
        self.text = "\n" + text
        self.begin = begin
        self.parts = parts


def traceable(name: str = "*", module: str = "*") -> list[Function]:
    """(module, function) of each that matches, as far as this machine tells.

    There are some hundred thousand. An expression looks for those that match in the whole text: to
    make a list of all would take most of the time in which a wildcard's kprobes are attached.
    """
    lines, of_module = _lines_of_functions(), Pattern(module).matches
    optional = "?" if of_module(KERNEL) else ""
    found = re.findall(f"{lines.begin}({_expression(name)}){_MODULE}{optional}", lines.text)
    return [
        (where or KERNEL, function)
        for function, where in found
        if of_module(where or KERNEL) and _is_safe(function, lines.parts)
    ]


def _expression(pattern: str) -> str:
    return r"\S*".join(map(re.escape, pattern.split("*")))


def _is_safe(name: str, parts: tuple[str, ...]) -> bool:
    return (
        name not in _blocked
        and name not in _UNSAFE
        and not name.startswith(_UNSAFE_PREFIXES)
        and not any(part in name for part in parts)
        and name != ""
    )


def _lines_of_functions() -> Lines:
    if not _lists:
        _blocked.update(_blacklist())
        listed = _chosen[-1] if _chosen else _listed()
        if listed or _chosen:
            _lists.append(Lines(listed, r"\n", (".part.",)))
        else:
            _lists.append(Lines(_read(SYMBOLS), r"\n[0-9a-f]+ [tTwW] ", _PARTS))
    return _lists[0]


def traced(module: str) -> set[Function]:
    """Those of one module, or of the kernel, that its BTF may know: what fentry can trace."""
    if module not in _traced:
        _traced[module] = set(traceable_by_type("*", module))
    return _traced[module]


def traceable_by_type(name: str = "*", module: str = "*") -> list[Function]:
    """Those that match and that BTF may know."""
    return [f for f in traceable(name, module) if f[1].encode() in _btf_names(f[0])]


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
        with open(path) as file:
            _chosen.append(file.read())
    except OSError as error:
        raise LoaderError(f"cannot read {path}: {error.strerror}") from None


def _listed() -> str:
    texts = (_read(f"{root}/available_filter_functions") for root in TRACEFS)
    return next(filter(None, texts), "")


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


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
