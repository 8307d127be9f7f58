"""Call stacks: the key of one in the object's table of stacks, and what its frames look like.

A program keeps the frames of a stack once, in a table, and hands on their key: 53 bits of a hash of
them (and of the process, of a user stack), below which 11 bits say how many there are. So equal
stacks have equal keys, a key fits a register, and the depth of a stack is known without its frames.
"""

from __future__ import annotations

import struct

from aotrace.runtime.values.ints import CodedKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    from aotrace.runtime.values.symbols import Frame

    class Stacks(Protocol):
        """The service `stacks`."""

        def find(self, kind: StackKind, key: int) -> Stack | None: ...
        def note(self, kind: StackKind, key: int) -> None: ...
        def kernel(self, addresses: list[int]) -> list[list[Frame]]: ...
        def user(self, kind: StackKind, key: int, stack: Stack) -> list[list[Frame]]: ...


#: The ways in which a script can ask for the frames of a stack.
MODES = ("bpftrace", "perf", "raw", "build_id")
BUILD_ID, _RAW = "build_id", "raw"
DEFAULT_LIMIT, MAX_LIMIT = 127, 1024
#: The action of the event that tells the loader of a stack that the table did not have.
NEW_STACK = "new_stack"
#: Bits of a key that hold the number of frames.
COUNT_BITS = 11
COUNT_MASK = (1 << COUNT_BITS) - 1
#: An entry of the table: the process (0: the kernel's), how many frames, the frames.
HEADER_SIZE = 8
_ADDRESS_SIZE = 8
_BUILD_ID = struct.Struct("<i20sQ")  # struct bpf_stack_build_id
_VALID = 1  # BPF_STACK_BUILD_ID_VALID: what else there is has an address in place of an offset
_INDENT = " " * 8


class Stack:
    """A stack out of the table: the bytes of its frames, and whose they are."""

    def __init__(self, pid: int, frames: bytes) -> None:
        self.pid = pid
        self.frames = frames

    @property
    def addresses(self) -> list[int]:
        """The frames of any mode but build_id."""
        return [address for (address,) in struct.iter_unpack("<Q", self.frames)]


class StackKind(CodedKind):
    """The key of a stack of at most `limit` frames."""

    code = "Q"
    integral = False
    needs = "stacks"
    fields = {"mode": str, "limit": int}
    service: Stacks | None
    user = False

    def __init__(self, mode: str, limit: int) -> None:
        if mode not in MODES or not 0 <= limit <= MAX_LIMIT:
            raise ValueError(f"a stack of {limit} frames, shown as {mode}")
        self.size = self.align = 8
        self.mode = mode
        self.limit = limit

    @property
    def frame_size(self) -> int:
        return _BUILD_ID.size if self.mode == BUILD_ID else _ADDRESS_SIZE

    @property
    def named(self) -> bool:
        """Whether frames are shown by name."""
        return self.mode in _SHOWN

    @property
    def entry_size(self) -> int:
        """Bytes of an entry of its table."""
        return HEADER_SIZE + self.frame_size * self.limit

    @property
    def table(self) -> str:
        """The map that holds the frames: stacks of one size share it."""
        return f"stacks_{self.limit}" + ("_build_id" if self.mode == BUILD_ID else "")

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u64"),)

    def text(self, value: int) -> str:
        return "\n" + "".join(f"{line}\n" for line in self._lines(value))

    def json(self, value: int) -> Any:
        return self.text(value)

    def compact(self, value: int) -> str:
        return self.text(value).replace(" ", "")

    def order(self, value: int) -> Any:
        """bpftrace sorts keys by what is a number or a string among them, and by nothing else."""
        return 0

    def type_name(self) -> str:
        return f"{self.tag}_{self.mode}_{self.limit}"

    def _lines(self, value: int) -> Iterator[str]:
        if not value & COUNT_MASK or not self.service:
            return
        stack = self.service.find(self, value)
        if stack is None:
            yield _INDENT + _GONE
        elif self.mode == BUILD_ID:
            yield from map(_build_id_line, _BUILD_ID.iter_unpack(stack.frames))
        elif self.mode == _RAW:
            yield from (f"{address:x}" for address in stack.addresses)
        else:
            show = _SHOWN[self.mode]
            for address, frames in zip(stack.addresses, self._names(value, stack)):
                yield from show(address, frames, self.user)

    def _names(self, value: int, stack: Stack) -> list[list[Frame]]:
        assert self.service
        if self.user:
            return self.service.user(self, value, stack)
        return self.service.kernel(stack.addresses)


#: What is shown of a stack that the table had no room for, or that was replaced in it.
_GONE = "[lost: the table of stacks is full]"


def _build_id_line(frame: tuple[int, bytes, int]) -> str:
    status, build_id, offset = frame
    return f"{build_id.hex()} 0x{offset:02x}" if status == _VALID else f"{offset:x}"


def _plain(address: int, frames: list[Frame], user: bool) -> Iterator[str]:
    for frame in frames:
        source = f"@{frame.source}" if frame.source else ""
        if frame.inlined:
            yield f"{_INDENT}[inlined] {frame.name}{source}"
        else:
            yield f"{_INDENT}{frame.name}+{frame.offset}{source}"
    if not frames:
        yield f"{_INDENT}{address:#x}"


def _perf(address: int, frames: list[Frame], user: bool) -> Iterator[str]:
    for frame in frames:
        if frame.inlined:
            yield f"\t{address:x} {frame.name} (inlined)"
        else:
            module = f" ({frame.module or '[unknown]'})" if user else ""
            yield f"\t{address:x} {frame.name}+{frame.offset}{module}"
    if not frames:
        yield f"\t{address:x} {address:#x}" + (" ([unknown])" if user else "")


#: Modes that show names.
_SHOWN: dict[str, Callable[[int, list[Frame], bool], Iterator[str]]] = {
    "bpftrace": _plain,
    "perf": _perf,
}


class KstackKind(StackKind):
    """A stack of the kernel."""

    tag = "kstack"


class UstackKind(StackKind):
    """A stack of a process."""

    tag = "ustack"
    user = True
