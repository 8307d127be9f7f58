"""The tracepoints of the category `syscalls`: sys_enter_NAME and sys_exit_NAME.

They are no events of their own in BTF: the kernel makes them at boot from the prototypes of the
system calls, all with the context struct syscall_trace_enter or syscall_trace_exit
(kernel/trace/trace.h).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from .btf import Btf
from .btf_kinds import BtfKind
from .btf_types import Struct
from .close_names import close_names
from .syscalls import Syscall, SyscallArgument, load_syscalls
from .tracepoint import Tracepoint
from .tracepoint_fields import TracepointField, argument_fields, common_fields, member_field
from .tracepoint_formats import Formats

SYSCALLS = "syscalls"

_Arguments = tuple[SyscallArgument, ...]


class _Side(NamedTuple):
    """Entry or exit: the beginning of its tracepoints' names, their struct, their own fields."""

    prefix: str
    struct: str
    fields: Callable[[Btf, Struct, _Arguments], tuple[TracepointField, ...]]


def _exit_fields(btf: Btf, struct: Struct, _: _Arguments) -> tuple[TracepointField, ...]:
    return (member_field(btf, struct, "ret", "ret"),)


_ENTER = _Side("sys_enter_", "syscall_trace_enter", argument_fields)
_EXIT = _Side("sys_exit_", "syscall_trace_exit", _exit_fields)
_NUMBER = "__syscall_nr"


class SyscallTracepoints:
    """System calls of `arch`, as the formats have them, else as our table has them."""

    def __init__(self, btf: Btf, formats: Formats | None, arch: str) -> None:
        self._btf = btf
        self._formats = formats
        self._arch = arch

    def find(self, category: str, name: str, required: frozenset[str]) -> Tracepoint | None:
        """The tracepoint; None for an unknown call, or a kernel without such tracepoints.

        There is never more than one struct possible, whatever fields are `required`.
        """
        side = next((side for side in (_ENTER, _EXIT) if name.startswith(side.prefix)), None)
        arguments = self._arguments(name[len(side.prefix) :]) if side else None
        struct_id = self._btf.find(BtfKind.STRUCT, side.struct) if side else None
        if side is None or arguments is None or struct_id is None:
            return None
        struct = self._btf.type(struct_id)
        assert isinstance(struct, Struct)
        number = member_field(self._btf, struct, "nr", _NUMBER)
        own = side.fields(self._btf, struct, arguments)
        fields = (*common_fields(self._btf, struct), number, *own)
        return Tracepoint(category, name, self._btf, struct.name, struct_id, fields)

    def events(self, category: str) -> list[str]:
        """Names of all tracepoints of system calls, sorted."""
        listed = self._formats.events(category) if self._formats else []
        return listed or sorted(
            side.prefix + name for side in (_ENTER, _EXIT) for name in self._table
        )

    def suggestions(self, category: str, name: str) -> list[str]:
        """Tracepoints of system calls of like name."""
        return [f"{category}:{other}" for other in close_names(name, self.events(category))]

    @property
    def _table(self) -> Mapping[str, Syscall]:
        return load_syscalls(self._arch)

    def _arguments(self, call: str) -> _Arguments | None:
        event = self._formats.get(SYSCALLS, _ENTER.prefix + call) if self._formats else None
        if event is None:
            known = self._table.get(call)
            return known.arguments if known else None
        # Since 7.0 a copy of each string follows the arguments, as a data_loc field.
        plain = (field for field in event.fields if field.location == "plain")
        return tuple(SyscallArgument(f.ctype, f.name) for f in plain if f.name != _NUMBER)
