"""`aotrace info`: what this machine has of what objects may need, all of it tried."""

from __future__ import annotations

import errno
import os
import sys

from aotrace.loader import helpers
from aotrace.loader.libbpf import lib as libbpf
from aotrace.loader.libbpf import lingering, syscall
from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aotrace.loader.libbpf.lib import Libbpf
    from aotrace.loader.options import Options

    Test = Callable[[Libbpf], bool]
    Section = dict[str, Any]

_BTF, _UNITS = "/sys/kernel/btf", "/sys/bus/event_source/devices"
_TRACEFS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_LOCKDOWN = "/sys/kernel/security/lockdown"
_NOTHING = b"\xb7\0\0\0\0\0\0\0\x95\0\0\0\0\0\0\0"  # r0 = 0; exit
_FUNCTION, _EVENT, _ITERATOR = "vfs_read", "sched_switch", "bpf_iter_task"
_TRACE_ITER = 28  # enum bpf_attach_type

#: enum bpf_map_type
MAPS = {
    "hash": 1, "array": 2, "perf_event_array": 4, "percpu_hash": 5, "percpu_array": 6,
    "stack_trace": 7, "lru_hash": 9, "lru_percpu_hash": 10, "ringbuf": 27,
}  # fmt: skip
#: enum bpf_prog_type
PROGRAMS = {
    "kprobe": syscall.KPROBE, "tracepoint": syscall.TRACEPOINT,
    "perf_event": syscall.PERF_EVENT, "raw_tracepoint": syscall.RAW_TRACEPOINT,
}  # fmt: skip


def show(options: Options) -> int:
    """Print all of it; the exit status. Raises LoaderError."""
    report = collect(libbpf.load())
    if options.json:
        import json

        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        sys.stdout.write(render(report))
    return 0


def collect(lib: Libbpf) -> dict[str, Section]:
    """What there is, section by section."""
    return {
        "System": _system(),
        "Software": _software(lib),
        "Kernel": _kernel(),
        "Helpers": {
            name: lib.libbpf_probe_bpf_helper(syscall.KPROBE, number, None) > 0
            for name, number in helpers.NUMBERS.items()
        },
        "Map types": {
            name: lib.libbpf_probe_bpf_map_type(number, None) > 0 for name, number in MAPS.items()
        },
        "Program types": {
            name: lib.libbpf_probe_bpf_prog_type(number, None) > 0
            for name, number in PROGRAMS.items()
        },
        "Probe types": {name: _tried(test, lib) for name, test in PROBES.items()},
    }


def render(report: dict[str, Section]) -> str:
    """As text."""
    blocks = []
    for title, section in report.items():
        width = max(map(len, section))
        rows = [f"  {name + ':':<{width + 1}} {_shown(value)}" for name, value in section.items()]
        blocks.append("\n".join([title, *rows]) + "\n")
    return "\n".join(blocks)


def _shown(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _system() -> Section:
    name = os.uname()
    return {
        "OS": f"{name.sysname} {name.release} {name.version}",
        "Arch": name.machine,
        "CPUs": os.cpu_count() or 1,
    }


def _software(lib: Libbpf) -> Section:
    from importlib.metadata import PackageNotFoundError, version

    found = {"aotrace": version("aotrace"), "Python": sys.version.split()[0]}
    found["libbpf"] = lib.libbpf_version_string().decode().lstrip("v")
    for package in ("llvmlite", "ply"):  # the compiler's, which a target does without
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _kernel() -> Section:
    modules = [name for name in _listed(_BTF) if name != "vmlinux"]
    functions = any(map(_readable, (f"{at}/available_filter_functions" for at in _TRACEFS)))
    return {
        "BTF": os.path.exists(f"{_BTF}/vmlinux"),
        "modules with BTF": len(modules),
        "tracefs": any(os.path.isdir(f"{at}/events") for at in _TRACEFS),
        "list of traceable functions": functions,
        "lockdown": _lockdown(),
    }


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _readable(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return bool(file.read(1))
    except OSError:
        return False


def _lockdown() -> str:
    """The word in brackets: `none [integrity] confidentiality`."""
    try:
        with open(_LOCKDOWN) as file:
            return file.read().partition("[")[2].partition("]")[0]
    except OSError:
        return "none"


# --- probes: attached and detached at once -----------------------------------------------------


def _tried(test: Test, lib: Libbpf) -> bool:
    try:
        return test(lib)
    except BpfError:
        return False


def _unit(name: str) -> Test:
    return lambda lib: os.path.exists(f"{_UNITS}/{name}/type")


def _has_events(lib: Libbpf) -> bool:
    return any(os.path.isdir(f"{at}/events/syscalls") for at in _TRACEFS)


def _kprobe(lib: Libbpf) -> bool:
    program = syscall.load_program(lib, _NOTHING, syscall.Loading(syscall.KPROBE))
    try:
        syscall.attach_by_pmu(lib, program, "kprobe", _FUNCTION, 0, False).close()
        lingering.let_go()
    finally:
        os.close(program)
    return True


def _raw_tracepoint(lib: Libbpf) -> bool:
    program = syscall.load_program(lib, _NOTHING, syscall.Loading(syscall.RAW_TRACEPOINT))
    try:
        syscall.attach_raw_tracepoint(lib, program, _EVENT, None).close()
    finally:
        os.close(program)
    return True


def _fentry(lib: Libbpf) -> bool:
    program = _tracing(lib, _FUNCTION, syscall.TRACE_FENTRY)
    try:
        syscall.attach_raw_tracepoint(lib, program, None, None).close()
    finally:
        os.close(program)
    return True


def _iterator(lib: Libbpf) -> bool:
    os.close(_tracing(lib, _ITERATOR, _TRACE_ITER))
    return True


def _tracing(lib: Libbpf, function: str, attach_type: int) -> int:
    from aotrace.loader.libbpf.types import kernel_types

    type_id, _ = kernel_types(lib).function(function, "")
    how = syscall.Loading(syscall.TRACING, attach_type, attach_id=type_id)
    return syscall.load_program(lib, _NOTHING, how)


def _uprobe_multi(lib: Libbpf) -> bool:
    """A folder is no file to probe: a kernel that has it says so."""
    how = syscall.Loading(syscall.KPROBE, syscall.TRACE_UPROBE_MULTI)
    program = syscall.load_program(lib, _NOTHING, how)
    try:
        syscall.attach_uprobe_multi(lib, program, "/", [0], [0], False, 0).close()
    except BpfError as error:
        return error.errno == errno.EBADF
    finally:
        os.close(program)
    return True


PROBES: dict[str, Test] = {
    "tracepoint": _has_events,
    "rawtracepoint": _raw_tracepoint,
    "kprobe": _kprobe,
    "kprobe (many at once)": syscall.has_kprobe_multi,
    "kprobe (entry and return as one)": syscall.has_kprobe_session,
    "fentry": _fentry,
    "uprobe": _unit("uprobe"),
    "uprobe (many at once)": _uprobe_multi,
    "iter": _iterator,
    "software, interval, profile": _unit("software"),
    "hardware": _unit("cpu"),
    "watchpoint": _unit("breakpoint"),
}
