"""What the loader decides for a program: variables in .rodata, written before it is loaded.

The verifier sees them as constants, and leaves out what they switch off.
"""

from __future__ import annotations

import os
import time

from aotrace.loader.errors import LoaderError, ObjectError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aotrace.loader.console import Console
    from aotrace.loader.libbpf.handles import Object
    from aotrace.loader.libbpf.lib import Libbpf
    from aotrace.runtime.metadata import Metadata, Setting

_PREFIXES = ("AOTRACE_", "BPFTRACE_")
_RODATA = ".rodata"
_NAMESPACE = "/proc/self/ns/pid"
_INITIAL_NAMESPACE = 0xEFFFFFFC  # PROC_PID_INIT_INO of include/linux/proc_ns.h
_PARAMETERS = ("$", "--", "str($", "probe:")  # how the names of such settings begin


def values(target_pid: int, child_pid: int, cpus: int, warnings: int = 1) -> dict[str, int | bytes]:
    """The value of each setting that an object may ask for, whatever its script."""
    return {
        "target_pid": target_pid,
        "child_pid": child_pid,
        "cpus": cpus,
        "warnings": warnings,
        "start_boot": time.clock_gettime_ns(time.CLOCK_BOOTTIME),
        "tai_offset": _tai_offset(),
        **_pid_namespace(),
    }


def _tai_offset() -> int:
    """What CLOCK_TAI is ahead of CLOCK_BOOTTIME, from the closest of some readings."""
    read, tai, boot = time.clock_gettime_ns, time.CLOCK_TAI, time.CLOCK_BOOTTIME
    readings = [(read(boot), read(tai), read(boot)) for _ in range(5)]
    before, between, after = min(readings, key=lambda reading: reading[2] - reading[0])
    return between - (before + after) // 2


def _pid_namespace() -> dict[str, int | bytes]:
    """What bpf_get_ns_current_pid_tgid knows this process's PID namespace by."""
    try:
        found = os.stat(_NAMESPACE)
    except OSError:
        found = None
    if found is None or found.st_ino == _INITIAL_NAMESPACE:
        return {"pid_device": 0, "pid_namespace": 0}
    return {"pid_device": found.st_dev, "pid_namespace": found.st_ino}


class Machine:
    """Whom questions go to; pid: of the process that is traced, 0 for all."""

    __slots__ = ("lib", "pid")

    def __init__(self, lib: Libbpf, pid: int) -> None:
        self.lib = lib
        self.pid = pid


def of_machine(meta: Metadata, machine: Machine) -> dict[str, int | bytes]:
    """The values of settings that name what is asked of this machine. Raises LoaderError."""
    found: dict[str, int | bytes] = {}
    for setting in meta.settings:
        subject, colon, name = setting.name.partition(":")
        if colon and subject in _QUESTIONS:
            found[setting.name] = _QUESTIONS[subject](name, machine)
    return found


def _cgroup_id(path: str, _machine: Machine) -> int:
    from aotrace.loader.identities import cgroup_id

    try:
        return cgroup_id(path)
    except OSError as error:
        reason = f"there is no cgroup at {path} ({error.strerror})"
        raise LoaderError(reason, "see cgroupid() in the script") from None


def _kernel_address(name: str, _machine: Machine) -> int:
    from aotrace.loader.symbols.kernel import running_kernel

    address = running_kernel().find(name)
    if address is None:
        raise LoaderError(
            f"this kernel does not tell where {name} is, which the script asks for by kaddr()",
            "see /proc/kallsyms: variables are in it if the kernel was built with KALLSYMS_ALL",
        )
    return address


def _kfunc_exists(name: str, machine: Machine) -> int:
    from aotrace.loader.libbpf import kfuncs

    return kfuncs.exists(machine.lib, name)


def _kfunc_allowed(name: str, machine: Machine) -> int:
    from aotrace.loader.libbpf import kfuncs

    probe_type, _, function = name.partition(":")
    return kfuncs.allowed(machine.lib, probe_type, function)


def _symbol(name: str, machine: Machine) -> int:
    from aotrace.loader import variables

    return variables.address(name, machine.pid)


#: by what stands before the colon in a setting's name
_QUESTIONS = {
    "cgroupid": _cgroup_id,
    "kaddr": _kernel_address,
    "kfunc": _kfunc_exists,
    "kfunc_allowed": _kfunc_allowed,
    "symbol": _symbol,
}


def of_environment(environment: Mapping[str, str]) -> dict[str, int | bool | str]:
    """What the environment says of the configuration variables that matter here.

    Raises LoaderError for a value that a variable cannot have.
    """
    if not any(name.startswith(_PREFIXES) for name in environment):
        return {}
    from aotrace.runtime import config

    try:
        found = config.from_environment(environment)
    except ValueError as error:
        raise LoaderError(str(error), "unset it, or correct its value") from error
    return {name: value for name, value in found.items() if config.BY_NAME[name].on_target}


def of_script(meta: Metadata, words: Sequence[str], console: Console) -> dict[str, int | bytes]:
    """The values of the script's parameters, and its attach points completed by them.

    Raises LoaderError where a word is not what the script takes.
    """
    asked = any(s.name.startswith(_PARAMETERS) for s in meta.settings)
    if not asked and not words and not any(p.point for p in meta.programs):
        return {}
    from aotrace.loader import parameters  # most scripts have none

    return parameters.apply(meta, words, console)


def write(bpf: Object, settings: Sequence[Setting], known: Mapping[str, int | bytes]) -> None:
    """Fill in the settings of an object that is not loaded yet. Raises ObjectError."""
    if not settings:
        return
    rodata = bpf.map(_RODATA)
    memory = rodata.memory() if rodata else memoryview(b"")
    for setting in settings:
        end = setting.offset + setting.kind.size
        if setting.name not in known or end > len(memory):
            hint = "install a newer aotrace here, or compile the script again"
            raise ObjectError(f"the object has an unknown setting: {setting.name}", hint)
        memory[setting.offset : end] = _bytes(known[setting.name], setting.kind.size)


def _bytes(value: int | bytes, size: int) -> bytes:
    if isinstance(value, bytes):
        return value.ljust(size, b"\0")
    return (value & (1 << size * 8) - 1).to_bytes(size, "little")
