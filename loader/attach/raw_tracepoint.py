"""raw_tracepoint: BPF_RAW_TRACEPOINT_OPEN, which needs no tracefs. Target: name."""

from __future__ import annotations

import errno

from aotrace.loader.attach.mechanism import Mechanism, Spreading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError, Libbpf
    from aotrace.loader.libbpf.syscall import FdLink, Loading


def attach(program: Program, target: Target, scope: Scope) -> Link:
    return program.attach_raw_tracepoint(target["name"])


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    if error.errno == errno.ENOENT:
        return f"this kernel has no raw tracepoint {target['name']}", ""
    if error.errno == errno.EINVAL:  # kernel: bpf_probe_register, on prog->aux->max_ctx_offset
        text = f"the raw tracepoint {target['name']} has fewer arguments here than the script reads"
        return text, "use args.NAME of those that it has; print(args) reads all of the build host's"
    return f"raw tracepoint {target['name']}: {error}", ""


def locate(parts: list[str], target: Target) -> Target:
    """Raises KeyError where the parts name no event."""
    if len(parts) not in (2, 3) or not all(parts):
        raise KeyError(parts[0])
    return {**target, "name": parts[-1]}


def expand(parts: list[str], target: Target, scope: Scope) -> list[tuple[str, Target]]:
    from aotrace.loader import kernel_functions
    from aotrace.runtime.members import Pattern

    if len(parts) not in (2, 3):
        raise KeyError(parts[0])
    names, modules = Pattern(parts[-1]), Pattern(parts[1] if len(parts) > 2 else "*")
    return [
        (f"{parts[0]}:{module}:{name}", {**target, "name": name})
        for module, name in sorted(set(kernel_functions.raw_tracepoints()))
        if modules.matches(module) and names.matches(name)
    ]


def attach_at(lib: Libbpf, program: int, target: Target, cookie: int | None) -> FdLink:
    from aotrace.loader.libbpf import syscall

    return syscall.attach_raw_tracepoint(lib, program, target["name"], cookie)


def loading(lib: Libbpf, target: Target) -> Loading:
    from aotrace.loader.libbpf import syscall

    return syscall.Loading(syscall.RAW_TRACEPOINT)


MECHANISM = Mechanism(
    attach, explain, locate=locate, expand=expand, spreading=Spreading(17, attach_at, loading)
)
