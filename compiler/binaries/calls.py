"""Where a function's parameters are when it is entered, by the machine's calling convention.

x86-64: System V ABI, 3.2.3. aarch64: AAPCS64, 6.8.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from aotrace.compiler.arch import Arch
from aotrace.compiler.binaries.dwarf import Die, attribute, name_of, reading
from aotrace.compiler.binaries.types import BinaryBtf
from aotrace.compiler.kernel import btf_types as bt

_PARAMETER, _MORE = "DW_TAG_formal_parameter", "DW_TAG_unspecified_parameters"
_BY_REFERENCE = 4  # DW_CC_pass_by_reference
_WORD = 8
_X86_FLOATS, _ARM_FLOATS = 8, 8  # registers for floating point
_ARM_HOMOGENEOUS = 4  # floats of one struct that registers take
_INTEGER, _FLOAT, _MEMORY = "integer", "float", "memory"


class Parameter(NamedTuple):
    """One parameter. register: where pt_regs has it, or stack: bytes above the stack pointer.

    Neither: it is in registers for floating point or spread over several, which cannot be read.
    indirect: its address is there, not itself.
    """

    name: str
    type_id: int
    register: int | None = None
    stack: int | None = None
    indirect: bool = False


def parameters(btf: BinaryBtf, function: Die, arch: Arch) -> list[Parameter]:
    """The parameters of a function, in order."""
    with reading(btf.path):
        return list(_CONVENTIONS[arch.name](btf, function, arch))


def _dies(function: Die) -> Iterator[Die]:
    for child in function.iter_children():
        if child.tag == _PARAMETER:
            yield child


def _system_v(btf: BinaryBtf, function: Die, arch: Arch) -> Iterator[Parameter]:
    free, floats, stack = list(arch.arguments), _X86_FLOATS, _WORD  # above the return address
    if _MEMORY in _classes(btf, btf.type_of_entry(function)):
        free.pop(0)  # the address for the result
    for die in _dies(function):
        name, type_id = name_of(die), btf.type_of_entry(die)
        if _is_by_reference(btf, die, type_id):
            classes, indirect = [_INTEGER], True
        else:
            classes, indirect = _classes(btf, type_id), False
        integers = classes.count(_INTEGER)
        if _MEMORY in classes or integers > len(free) or classes.count(_FLOAT) > floats:
            size, align = _size(btf, type_id), _alignment(btf, type_id)
            stack = _up(stack - _WORD, align) + _WORD
            yield Parameter(name, type_id, stack=stack, indirect=indirect)
            stack += _up(_WORD if indirect else size, _WORD)
            continue
        floats -= classes.count(_FLOAT)
        registers, free = free[:integers], free[integers:]
        single = registers[0] if classes == [_INTEGER] else None
        yield Parameter(name, type_id, register=single, indirect=indirect)


def _is_by_reference(btf: BinaryBtf, die: Die, type_id: int) -> bool:
    """C++ passes the address of what must be copied by a constructor."""
    found = btf.resolve(type_id)
    if not isinstance(found, bt.Struct):
        return False
    return bool(attribute(btf.entry(found.id), "DW_AT_calling_convention") == _BY_REFERENCE)


def _classes(btf: BinaryBtf, type_id: int) -> list[str]:
    """The class of each eight bytes of a value."""
    if not type_id:
        return []
    size = _size(btf, type_id)
    found: dict[int, str] = {}
    for offset, kind in _scalars(btf, type_id, 0):
        if kind == _MEMORY:
            return [_MEMORY]
        word = offset // _WORD
        found[word] = _INTEGER if _INTEGER in (kind, found.get(word)) else _FLOAT
    if size > 2 * _WORD or (not found and size):
        return [_MEMORY]
    return [found[word] for word in sorted(found)]


def _scalars(btf: BinaryBtf, type_id: int, start: int) -> Iterator[tuple[int, str]]:
    """(offset, class) of each scalar in a value; one of 16 bytes counts twice."""
    found = btf.resolve(type_id)
    if isinstance(found, bt.Struct):
        for member in found.members:
            yield from _scalars(btf, member.type_id, start + member.bit_offset // 8)
    elif isinstance(found, bt.Array):
        for index in range(min(found.count, 2 * _WORD + 1)):
            size = _size(btf, found.elem)
            yield from _scalars(btf, found.elem, start + index * size)
    elif isinstance(found, bt.Float):
        yield start, _FLOAT if found.size <= _WORD else _MEMORY
    else:
        for offset in range(0, max(_size(btf, type_id), 1), _WORD):
            yield start + offset, _INTEGER


def _aapcs(btf: BinaryBtf, function: Die, arch: Arch) -> Iterator[Parameter]:
    free, floats, stack = list(arch.arguments), _ARM_FLOATS, 0
    for die in _dies(function):
        name, type_id = name_of(die), btf.type_of_entry(die)
        size, align = _size(btf, type_id), _alignment(btf, type_id)
        homogeneous = _homogeneous(btf, type_id)
        if homogeneous and homogeneous <= floats:
            floats -= homogeneous
            yield Parameter(name, type_id)
            continue
        composite = isinstance(btf.resolve(type_id), (bt.Struct, bt.Array))
        indirect = (composite and size > 2 * _WORD) or _is_by_reference(btf, die, type_id)
        words = 1 if indirect else max(_up(size, _WORD) // _WORD, 1)
        if not homogeneous and words == 2 and align > _WORD and len(free) % 2:
            free.pop(0)
        if homogeneous or words > len(free):
            free, floats = ([] if not homogeneous else free), (0 if homogeneous else floats)
            stack = _up(stack, max(align, _WORD) if not indirect else _WORD)
            yield Parameter(name, type_id, stack=stack, indirect=indirect)
            stack += words * _WORD
            continue
        yield Parameter(name, type_id, free[0] if words == 1 else None, indirect=indirect)
        free = free[words:]


def _homogeneous(btf: BinaryBtf, type_id: int) -> int:
    """Of how many floats of one size a value is made, and of nothing else; 0: it is not."""
    sizes = list(_floats(btf, type_id))
    same = bool(sizes) and 0 not in sizes and len(set(sizes)) == 1
    return len(sizes) if same and len(sizes) <= _ARM_HOMOGENEOUS else 0


def _floats(btf: BinaryBtf, type_id: int) -> Iterator[int]:
    """The sizes of a value's floats; 0 for anything else in it."""
    found = btf.resolve(type_id)
    if isinstance(found, bt.Struct):
        for member in found.members:
            yield from _floats(btf, member.type_id)
    elif isinstance(found, bt.Array):
        for _ in range(min(found.count, _ARM_HOMOGENEOUS + 1)):
            yield from _floats(btf, found.elem)
    else:
        yield found.size if isinstance(found, bt.Float) else 0


def _size(btf: BinaryBtf, type_id: int) -> int:
    found = btf.resolve(type_id)
    return 0 if isinstance(found, (bt.Void, bt.Fwd, bt.FuncProto)) else btf.size_of(type_id)


def _alignment(btf: BinaryBtf, type_id: int) -> int:
    found = btf.resolve(type_id)
    if isinstance(found, bt.Struct):
        return max((_alignment(btf, member.type_id) for member in found.members), default=1)
    if isinstance(found, bt.Array):
        return _alignment(btf, found.elem)
    return _size(btf, type_id) or 1


def _up(value: int, to: int) -> int:
    return -(-value // to) * to


_CONVENTIONS: dict[str, Callable[[BinaryBtf, Die, Arch], Iterator[Parameter]]] = {
    "x86_64": _system_v,
    "aarch64": _aapcs,
}
