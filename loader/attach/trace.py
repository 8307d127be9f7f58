"""trace: fentry and fexit, each program for one function by its BTF.

Target: function and module; return (true for fexit). Where the script names the function, so does
the section, and libbpf looks it up when it loads.
"""

from __future__ import annotations

import os

from aotrace.loader.attach.mechanism import Mechanism, Spreading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError, Libbpf
    from aotrace.loader.libbpf.syscall import FdLink, Loading
    from aotrace.loader.members import Member

_BPF = "bpf"  # instead of a module: programs of BPF


def attach(program: Program, target: Target, scope: Scope) -> Link:
    return program.attach_trace()


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    hint = "fentry and fexit need function tracing in the kernel; a kprobe may serve instead"
    return f"the kernel refused to attach: {error}", hint


def missing(target: Target) -> str:
    """Of a member of a wildcard: what this kernel's list does not have, or its BTF."""
    from aotrace.loader import kernel_functions

    if "program" in target:  # of BPF, and it was found
        return ""
    module, function = target.get("module", "vmlinux"), target["function"]
    if (module, function) in kernel_functions.traced(module):
        return ""
    return f"this kernel has no function {function} that can be traced"


def locate(parts: list[str], target: Target) -> Target:
    """Raises KeyError for another form."""
    if parts[1:2] == [_BPF]:
        return {**target, "many": True}  # programs of one name
    if len(parts) not in (2, 3) or not all(parts):
        raise KeyError(parts[0])
    module = {"module": parts[1]} if len(parts) > 2 else {}
    return {**target, **module, "function": parts[-1]}


def expand(parts: list[str], target: Target, scope: Scope) -> list[tuple[str, Target]]:
    from aotrace.loader import kernel_functions

    if parts[1:2] == [_BPF]:
        return list(_programs(scope, parts, target))
    if len(parts) not in (2, 3):
        raise KeyError(parts[0])
    modules = parts[1] if len(parts) > 2 else "*"
    return [
        (f"{parts[0]}:{module}:{name}", {**target, "module": module, "function": name})
        for module, name in sorted(set(kernel_functions.traceable_by_type(parts[-1], modules)))
    ]


def _programs(scope: Scope, parts: list[str], target: Target) -> Iterator[tuple[str, Target]]:
    """The BPF programs, and functions in them, of `fentry:bpf:[ID:]NAME`."""
    from aotrace.loader.libbpf import types
    from aotrace.runtime.members import Pattern

    lib = scope.lib
    if lib is None:
        return
    ids, names = Pattern(parts[2] if len(parts) > 3 else "*"), Pattern(parts[-1])
    for number, fd, name, type_id in types.loaded(lib):
        if ids.matches(str(number)) and names.matches(name):
            kept = os.dup(fd)  # until all are attached
            where = {"program": kept, "function": name, "type": type_id}
            yield f"{parts[0]}:{_BPF}:{number}:{name}", {**target, **where}


def prepare(lib: Libbpf, program: Program, members: Sequence[Member]) -> None:
    target = members[0].target
    program.load_at(target["function"], target.get("program", 0))


def attach_at(lib: Libbpf, program: int, target: Target, cookie: int | None) -> FdLink:
    from aotrace.loader.libbpf import syscall

    return syscall.attach_raw_tracepoint(lib, program, None, cookie)


def loading(lib: Libbpf, target: Target) -> Loading:
    """Raises BpfError for a function that the kernel's BTF does not have."""
    from aotrace.loader.libbpf import syscall
    from aotrace.loader.libbpf.types import kernel_types

    kind = syscall.TRACE_FEXIT if target["return"] else syscall.TRACE_FENTRY
    if "program" in target:
        place = {"attach_id": target["type"], "attach_fd": target["program"]}
        return syscall.Loading(syscall.TRACING, kind, **place)
    type_id, btf = kernel_types(lib).function(target["function"], target.get("module", ""))
    return syscall.Loading(syscall.TRACING, kind, attach_id=type_id, attach_fd=btf)


MECHANISM = Mechanism(
    attach, explain, last_first=lambda target: True, missing=missing, locate=locate, expand=expand,
    spreading=Spreading(0, attach_at, loading, prepare),
)  # fmt: skip
