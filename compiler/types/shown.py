"""Numbers and bytes that the target shows as something else: names, addresses, times, stacks."""

from __future__ import annotations

from aotrace.compiler.frozen import dataclass
from aotrace.compiler.types.base import Type
from aotrace.runtime import values
from aotrace.runtime.values import Kind


@dataclass(frozen=True)
class Username(Type):
    """A user id that is shown by name."""

    scalar = True
    family = "username_t"

    @property
    def kind(self) -> Kind:
        return values.UsernameKind()

    def __str__(self) -> str:
        return "username_t"


@dataclass(frozen=True)
class CgroupPath(Type):
    """A cgroup's id that is shown as its path in the hierarchies that a pattern matches."""

    filter: str
    scalar = True
    family = "cgroup_path_t"

    @property
    def kind(self) -> Kind:
        return values.CgroupPathKind(self.filter)

    def __str__(self) -> str:
        return "cgroup_path_t"


@dataclass(frozen=True)
class Inet(Type):
    @property
    def kind(self) -> Kind:
        return values.InetKind()

    def __str__(self) -> str:
        return "inet"


@dataclass(frozen=True)
class Mac(Type):
    @property
    def kind(self) -> Kind:
        return values.MacKind()

    def __str__(self) -> str:
        return "mac_address"


@dataclass(frozen=True)
class Timestamp(Type):
    """strftime()'s value: nanoseconds of a clock, shown by a format on the target."""

    format: str
    clock: str
    scalar = True

    @property
    def kind(self) -> Kind:
        return values.TimestampKind(self.format, self.clock)

    def __str__(self) -> str:
        return "timestamp"


@dataclass(frozen=True)
class KernelSymbol(Type):
    """An address that is shown as the kernel's symbol for it."""

    scalar = True

    @property
    def kind(self) -> Kind:
        return values.KsymKind()

    def __str__(self) -> str:
        return "ksym_t"


@dataclass(frozen=True)
class UserSymbol(Type):
    """An address, and the process whose symbol for it is shown."""

    @property
    def kind(self) -> Kind:
        return values.UsymKind()

    def __str__(self) -> str:
        return "usym_t"


@dataclass(frozen=True)
class Stack(Type):
    """The key of a call stack (runtime/values/stacks.py)."""

    user: bool
    mode: str
    limit: int
    scalar = True

    @property
    def kind(self) -> Kind:
        return (values.UstackKind if self.user else values.KstackKind)(self.mode, self.limit)

    def __str__(self) -> str:
        return self.kind.type_name()
