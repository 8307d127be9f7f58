"""Addresses of code that are shown by name: of the kernel, and of a process."""

from __future__ import annotations

import struct

from aotrace.runtime.values.base import Kind
from aotrace.runtime.values.ints import CodedKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from aotrace.runtime.values.base import Buffer

    class KernelNames(Protocol):
        """The service `kernel_symbols`."""

        def frames(self, address: int, detailed: bool) -> list[Frame]: ...

    class UserNames(Protocol):
        """The service `user_symbols`."""

        def frames(self, pid: int, address: int, detailed: bool) -> list[Frame]: ...


class Frame:
    """What an address is called: a symbol and how far behind its start, and where that comes from.

    module: the file of user space that the symbol is in. source: FILE:LINE, where debug information
    has it. inlined: the symbol is a function whose body was put into that of the next frame.
    """

    __slots__ = ("inlined", "module", "name", "offset", "source")

    def __init__(
        self, name: str, offset: int, module: str = "", source: str = "", inlined: bool = False
    ) -> None:
        self.name = name
        self.offset = offset
        self.module = module
        self.source = source
        self.inlined = inlined

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frame) and all(
            getattr(self, name) == getattr(other, name) for name in self.__slots__
        )

    def __repr__(self) -> str:
        return f"Frame({', '.join(repr(getattr(self, name)) for name in self.__slots__)})"


def _name(frames: list[Frame], address: int) -> str:
    """A number where there is no name: 0 has no 0x, as C++ writes it."""
    return frames[-1].name if frames else f"{address:#x}" if address else "0"


class KsymKind(CodedKind):
    """An address of the kernel, shown as the symbol that holds it."""

    tag = "ksym"
    code = "Q"
    integral = False
    needs = "kernel_symbols"
    service: KernelNames | None

    def __init__(self) -> None:
        self.size = self.align = 8

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u64"),)

    def text(self, value: int) -> str:
        return _name(self.service.frames(value, False) if self.service else [], value)

    def json(self, value: int) -> Any:
        return self.text(value)

    def order(self, value: int) -> Any:
        """bpftrace sorts keys by what is a number or a string among them, and by nothing else."""
        return 0

    def type_name(self) -> str:
        return "ksym_t"


class UsymKind(Kind):
    """An address of a process, shown as the symbol that holds it there."""

    tag = "usym"
    size = 16
    align = 8
    needs = "user_symbols"
    service: UserNames | None
    pid_offset = 8

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("address", 0, "u64"), ("pid", 8, "u64"))

    def decode(self, raw: Buffer, offset: int) -> tuple[int, int]:
        address, pid = struct.unpack_from("<QQ", raw, offset)
        return address, pid

    def text(self, value: tuple[int, int]) -> str:
        address, pid = value
        return _name(self.service.frames(pid, address, False) if self.service else [], address)

    def json(self, value: tuple[int, int]) -> Any:
        return self.text(value)

    def order(self, value: tuple[int, int]) -> Any:
        return 0

    def order_many(self, values: Sequence[tuple[int, int]]) -> Sequence[Any]:
        return [0] * len(values)

    def type_name(self) -> str:
        return "usym_t"
