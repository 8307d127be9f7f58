"""What can be listed of each probe type: one record a type."""

from __future__ import annotations

from aotrace.loader import kernel_functions
from aotrace.loader.listing import kernel_types
from aotrace.runtime import perf_events
from aotrace.runtime.points import UNITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    #: What follows the probe type's name.
    Entries = Callable[["Query"], Iterable[str]]

_ITERATOR, _FLAVOUR = "bpf_iter__", "__safe_trusted"
_MOST_ARGUMENTS = {"x86_64": 6, "aarch64": 8}  # of functions that a trampoline takes


class Query:
    """A search: the words between colons behind the type, and the process that it is about (0:
    none)."""

    def __init__(self, words: list[str], pid: int = 0) -> None:
        self.words = words
        self.pid = pid


class Listed:
    """A probe type: its names; `entries`: what there is of it; `arguments` of one entry, for -v.

    `kernel`: a search that names no type finds it. `filed`: its entries begin with a file, and one
    that names a file or is about a process finds it. `moduled`: its entries begin with a module or
    a category, which a search may leave out.
    """

    def __init__(
        self,
        name: str,
        aliases: tuple[str, ...],
        entries: Entries,
        arguments: Callable[[str], Iterable[str]] | None = None,
        kernel: bool = False,
        filed: bool = False,
        moduled: bool = False,
    ) -> None:
        self.name = name
        self.aliases = aliases
        self.entries = entries
        self.arguments = arguments
        self.kernel = kernel
        self.filed = filed
        self.moduled = moduled


# --- functions of the kernel -----------------------------------------------------------------


def _functions(query: Query) -> Iterable[str]:
    """With their modules where the search has one."""
    if len(query.words) > 1:
        return {f"{module}:{name}" for module, name in kernel_functions.traceable()}
    return {name for _, name in kernel_functions.traceable()}


def _typed_functions(query: Query) -> Iterable[str]:
    """Those whose types BTF knows, and that a trampoline takes; `bpf:` those of BPF programs."""
    import os

    if query.words[:1] == ["bpf"]:
        yield from kernel_types.programs()
        return
    most = _MOST_ARGUMENTS.get(os.uname().machine, 0)
    there = set(kernel_functions.traceable())
    for types in kernel_types.everywhere():
        raw = types.raw
        for name, at in types.functions.items():
            if (types.name, name) in there and raw.words[at + 1] & 0xFFFF <= most:
                yield f"{types.name}:{name}"


def _signature(entry: str) -> list[tuple[str, str]]:
    """Types and names of a function's parameters, and its result last."""
    module, _, name = entry.rpartition(":")
    for types in kernel_types.everywhere():
        if module in ("", types.name):
            found = types.parameters(name)
            if found:
                return found
    return []


def _registers(entry: str) -> list[str]:
    return [f"{kind} arg{index}" for index, (kind, _) in enumerate(_signature(entry)[:-1])]


def _returned(entry: str) -> list[str]:
    return [kind if kind == "void" else f"{kind} {name}" for kind, name in _signature(entry)[-1:]]


def _parameters(entry: str) -> list[str]:
    return [f"{kind} {name}" for kind, name in _signature(entry)[:-1]]


def _parameters_and_result(entry: str) -> list[str]:
    return [
        f"{kind} {name}" for kind, name in _signature(entry) if (kind, name) != ("void", "retval")
    ]


# --- tracepoints, iterators ------------------------------------------------------------------


def _tracepoints(query: Query) -> Iterable[str]:
    return (f"{category}:{name}" for category, name in kernel_functions.tracepoints())


def _format(entry: str) -> list[str]:
    """The fields of a tracepoint's format, without those that all events have."""
    path = entry.replace(":", "/")
    for root in kernel_functions.TRACEFS:
        try:
            with open(f"{root}/events/{path}/format") as file:
                own = file.read().partition("\n\n")[2]
        except OSError:
            continue
        fields = (line.partition("field:")[2] for line in own.splitlines())
        return [field.partition(";")[0] for field in fields if field]
    return []


def _raw_tracepoints(query: Query) -> Iterable[str]:
    return (f"{module}:{name}" for module, name in kernel_functions.raw_tracepoints())


def _raw_arguments(entry: str) -> list[str]:
    """What the function that calls its programs takes, after the first parameter, its own."""
    module, _, name = entry.partition(":")
    return _parameters(f"{module}:__traceiter_{name}")[1:]


def _iterators(query: Query) -> Iterable[str]:
    for types in kernel_types.everywhere():
        for _, name in types.composites():
            if name.startswith(f"struct {_ITERATOR}") and not name.endswith(_FLAVOUR):
                yield name[len(f"struct {_ITERATOR}") :]


def _iterated(entry: str) -> list[str]:
    """What the iterator's function takes, after what all of them do (meta)."""
    return _parameters(f"bpf_iter_{entry}")[1:]


# --- events of perf, the tracer's own --------------------------------------------------------


def _software(query: Query) -> Iterable[str]:
    return (f"{name}:" for name in perf_events.names("software"))


def _hardware(query: Query) -> Iterable[str]:
    return (f"{name}:" for name in perf_events.names("hardware"))


def _units(query: Query) -> Iterable[str]:
    return (f"{unit}:" for unit in UNITS)


def _signals(query: Query) -> Iterable[str]:
    return ("signal:SIGUSR1",)


def _user_functions(query: Query) -> Iterable[str]:
    from aotrace.loader.listing import files

    return files.functions(query)


def _user_parameters(entry: str) -> list[str]:
    from aotrace.loader.listing import signatures

    return signatures.parameters(entry)


def _static_probes(query: Query) -> Iterable[str]:
    from aotrace.loader.listing import files

    return files.static_probes(query)


KINDS = (
    Listed("fentry", ("f", "kfunc"), _typed_functions, _parameters, kernel=True, moduled=True),
    Listed("fexit", ("fr", "kretfunc"), _typed_functions, _parameters_and_result, moduled=True),
    Listed("hardware", ("h",), _hardware, kernel=True),
    Listed("interval", ("i",), _units),
    Listed("iter", ("it",), _iterators, _iterated, kernel=True),
    Listed("kprobe", ("k",), _functions, _registers, kernel=True),
    Listed("kretprobe", ("kr",), _functions, _returned),
    Listed("profile", ("p",), _units),
    Listed("rawtracepoint", ("rt",), _raw_tracepoints, _raw_arguments, kernel=True, moduled=True),
    Listed("self", (), _signals),
    Listed("software", ("s",), _software, kernel=True),
    Listed("tracepoint", ("t",), _tracepoints, _format, kernel=True, moduled=True),
    Listed("uprobe", ("u",), _user_functions, _user_parameters, filed=True),
    Listed("uretprobe", ("ur",), _user_functions),
    Listed("usdt", ("U",), _static_probes, filed=True),
)
BY_NAME = {name: kind for kind in KINDS for name in (kind.name, *kind.aliases)}
