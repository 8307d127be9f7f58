"""One record per builtin, function and map function, in families."""

from __future__ import annotations

from aotrace.compiler.builtins.aggregate import AGGREGATES
from aotrace.compiler.builtins.checks import CHECKS
from aotrace.compiler.builtins.clock import CLOCK
from aotrace.compiler.builtins.control import CONTROL
from aotrace.compiler.builtins.files import FILES
from aotrace.compiler.builtins.kernel import KERNEL
from aotrace.compiler.builtins.maps import MAPS
from aotrace.compiler.builtins.messages import MESSAGES
from aotrace.compiler.builtins.named import NAMED
from aotrace.compiler.builtins.net import NET
from aotrace.compiler.builtins.output import OUTPUT
from aotrace.compiler.builtins.packets import PACKETS
from aotrace.compiler.builtins.params import PARAMS
from aotrace.compiler.builtins.pointers import POINTERS
from aotrace.compiler.builtins.probe import PROBE
from aotrace.compiler.builtins.process import PROCESS
from aotrace.compiler.builtins.record import Entry
from aotrace.compiler.builtins.registers import REGISTERS
from aotrace.compiler.builtins.series import SERIES
from aotrace.compiler.builtins.stacks import STACKS
from aotrace.compiler.builtins.strings import STRINGS
from aotrace.compiler.builtins.system import SYSTEM
from aotrace.compiler.builtins.tasks import TASKS
from aotrace.compiler.builtins.text import TEXT_FUNCTIONS
from aotrace.compiler.builtins.trace_pipe import TRACE_PIPE
from aotrace.compiler.builtins.uaddr import UADDR
from aotrace.compiler.builtins.users import USERS

#: Every name that the language brings along.
ENTRIES: tuple[Entry, ...] = (
    *PROCESS, *TASKS, *SYSTEM, *CHECKS, *CLOCK, *PROBE, *TEXT_FUNCTIONS, *POINTERS, *NET,
    *OUTPUT, *PARAMS, *MAPS, *AGGREGATES, *STACKS, *REGISTERS, *CONTROL, *FILES,
    *MESSAGES, *STRINGS, *NAMED, *USERS, *SERIES, *KERNEL, *TRACE_PIPE, *PACKETS, *UADDR,
)  # fmt: skip
BY_NAME: dict[str, Entry] = {entry.name: entry for entry in ENTRIES}

#: Constants of the kernel's ABI that BTF does not have; a script's own #define wins. A task's state
#: is that of sched_switch's prev_state (the kernel's linux/sched.h, which hosts seldom have).
CONSTANTS = {
    "AF_INET": 2, "AF_INET6": 10,
    "TASK_RUNNING": 0, "TASK_INTERRUPTIBLE": 1, "TASK_UNINTERRUPTIBLE": 2,
}  # fmt: skip
