"""Programs of a function's entry and of its return that are attached as one (kprobe.session).

Both are loaded as they are. Where the kernel has sessions, one more program is made of their
instructions: it asks which end of the function it is at, goes on as the one or as the other, and is
attached in place of both. A pair that cannot be joined is attached as two programs.
"""

from __future__ import annotations

import os
import struct

from aotrace.loader import attach, copies
from aotrace.loader.libbpf import kfuncs, syscall
from aotrace.loader.libbpf.lib import BpfError
from aotrace.loader.members import Member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

    from aotrace.loader.attach.mechanism import Joining
    from aotrace.loader.libbpf.handles import Object
    from aotrace.loader.libbpf.handles import Program as Handle
    from aotrace.loader.libbpf.lib import Libbpf
    from aotrace.loader.libbpf.syscall import FdLink
    from aotrace.loader.members import Members
    from aotrace.loader.probes import MissingProbes
    from aotrace.runtime.metadata import Metadata, Program

_INSN, _IMMEDIATE = struct.Struct("<BBhi"), struct.Struct("<i")
_SIZE = _INSN.size
_PSEUDO_KFUNC = 2  # BPF_PSEUDO_KFUNC_CALL


class Pair:
    """Two programs. members: where both are attached; function: what the program of both calls to
    learn which end it is at, by its id in the kernel's BTF."""

    def __init__(
        self, entry: Program, back: Program, members: list[Member], joining: Joining, function: int
    ) -> None:
        self.entry = entry
        self.back = back
        self._members = members
        self._joining = joining
        self._function = function

    def attach(self, lib: Libbpf, bpf: Object) -> list[FdLink]:
        """Attach the program of both, which then stays alone; nothing: the kernel takes it not."""
        handles = [bpf.programs[program.name] for program in (self.entry, self.back)]
        try:
            program = self._load(lib, *handles)
        except BpfError:
            return []
        try:
            links = self._joining.attach(lib, program, self._members)
        finally:
            os.close(program)  # the links keep it
        for handle in handles if links else ():
            handle.unload()
        return links

    def _load(self, lib: Libbpf, entry: Handle, back: Handle) -> int:
        code = joined(self._function, entry.code, back.code)
        counts = [len(copies.functions(each.code)) for each in (entry, back)]
        both = [copies.Types(lib, each, count) for each, count in zip((entry, back), counts)]
        how = self._joining.loading()
        how.name = self.entry.name
        of_each = [(count, types.of) for count, types in zip(counts, both)]
        how.functions = described(of_each, copies.functions(code))
        how.btf = max(types.btf for types in both)  # either: it is that of the object
        try:
            return syscall.load_program(lib, code, how)
        finally:
            for types in both:
                types.close()


def find(
    meta: Metadata, members: Members | None, missing: MissingProbes, lib: Libbpf | None
) -> list[Pair]:
    """An entry's program and the only one of the same place's return, as bpftrace pairs them."""
    may = [p for p in meta.programs if _single(p) and p.name not in missing.names]
    places = {p.name: place for p in may if (place := _place(p, members))}
    ends = [(p, bool(p.target.get("return"))) for p in may if p.name in places]
    found: list[tuple[Program, Program]] = []
    for entry in (program for program, returns in ends if not returns):
        taken = [back for _, back in found]
        same = [p for p, returns in ends if returns and places[p.name] == places[entry.name]]
        backs = [back for back in same if back not in taken]
        found += [(entry, back) for back in backs if len(backs) == 1]
    return _joinable(found, members, lib) if found and lib else []


def _joinable(
    found: list[tuple[Program, Program]], members: Members | None, lib: Libbpf
) -> list[Pair]:
    """What the kernel can join, by its answer for each mechanism."""
    asked: dict[str, int] = {}
    pairs: list[Pair] = []
    for entry, back in found:
        joining = attach.find(entry.mechanism).joining
        assert joining is not None  # else it had no place
        if entry.mechanism not in asked:
            possible = joining.possible(lib)
            asked[entry.mechanism] = kfuncs.find(lib, joining.asks) if possible else 0
        if function := asked[entry.mechanism]:
            pairs.append(Pair(entry, back, _members(entry, members), joining, function))
    return pairs


def _single(program: Program) -> bool:
    """Whether it is all of its probe."""
    return program.group is None and program.wildcard is None


def _place(program: Program, members: Members | None) -> Hashable:
    """Where a program is attached: the attach point, what it stands for; None: in no pair."""
    joining = attach.find(program.mechanism).joining
    of = _members(program, members)
    if joining is None or not all(joining.takes(member.text, member.target) for member in of):
        return None
    texts = (program.probe, *(member.text for member in of))
    return program.mechanism, *(text.partition(":")[2] for text in texts)


def _members(program: Program, members: Members | None) -> list[Member]:
    known = members.of.get(program.name) if members else None
    return [Member(0, program.probe, program.target)] if known is None else known


def joined(function: int, entry: bytes, back: bytes) -> bytes:
    """The instructions of both programs behind a call of the kernel's function: where it says that
    this is the return, those of `back`.

    The two become one function. Those that they call stand behind it.
    """
    (first, its), (second, others) = _parts(entry), _parts(back)
    return b"".join((
        _asking(function, len(first) // _SIZE),
        _moved(first, len(second) // _SIZE),
        _moved(second, len(its) // _SIZE),
        its, others,
    ))  # fmt: skip


def _parts(code: bytes) -> tuple[bytes, bytes]:
    """The program itself, and the functions that it calls."""
    starts = copies.functions(code)
    end = starts[1] * _SIZE if len(starts) > 1 else len(code)
    return code[:end], code[end:]


def _moved(code: bytes, by: int) -> bytes:
    """The code, whose functions have moved away from it by so many instructions."""
    moved = bytearray(code)
    for at, target in copies.references(code):
        _IMMEDIATE.pack_into(moved, at * _SIZE + 4, target - at - 1 + by)
    return bytes(moved)


def _asking(function: int, length: int) -> bytes:
    """Go over `length` instructions if it is the return. The answer is a byte. Since Linux 7.0 the
    function takes the context, which is where programs get it."""
    return b"".join((
        _INSN.pack(0xBF, 0x16, 0, 0),  # r6 = r1
        _INSN.pack(0x85, _PSEUDO_KFUNC << 4, 0, function),
        _INSN.pack(0xBF, 0x61, 0, 0),  # r1 = r6
        _INSN.pack(0x57, 0x00, 0, 0xFF),  # r0 &= 255
        _INSN.pack(0x15, 0x00, 1, 0),  # if r0 == 0 goto +1
        _INSN.pack(0x06, 0x00, 0, length),  # gotol +length
    ))  # fmt: skip


def described(programs: list[tuple[int, list[int]]], starts: list[int]) -> list[tuple[int, int]]:
    """A type for each function of the program that is made of two, each of so many functions, with
    their types. Where the kernel forgot all of one, which are never reached, one of the other's
    serves for them."""
    known = [types for _, types in programs if types]
    if not known:
        return []
    found = known[0][:1]
    for count, types in programs:
        found += types[1:] or known[0][-1:] * (count - 1)
    return list(zip(starts, found))
