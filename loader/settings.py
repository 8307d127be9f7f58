"""What the loader decides for a program: variables in .rodata, written before it is loaded.

The verifier sees them as constants, and leaves out what they switch off.
"""

from __future__ import annotations

import time

from aotrace.loader.errors import ObjectError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aotrace.loader.libbpf.handles import Object
    from aotrace.runtime.metadata import Setting

_RODATA = ".rodata"


def values(target_pid: int) -> dict[str, int]:
    """The value of each setting that an object may ask for."""
    return {
        "target_pid": target_pid,
        "start_boot": time.clock_gettime_ns(time.CLOCK_BOOTTIME),
    }


def write(bpf: Object, settings: Sequence[Setting], known: Mapping[str, int]) -> None:
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
        value = known[setting.name]
        memory[setting.offset : end] = value.to_bytes(setting.kind.size, "little")
