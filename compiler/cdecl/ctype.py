"""C's own types, those of libc's headers, and those of the kernel as C definitions see them."""

from __future__ import annotations

from typing import NamedTuple

from aotrace.compiler.kernel import btf_types as bt
from aotrace.compiler.kernel.btf import POINTER_SIZE, Btf
from aotrace.compiler.kernel.declared import DeclaredBtf
from aotrace.compiler.kernel.errors import KernelDataError


class CType(NamedTuple):
    """A type: its id in the script's BTF, size and alignment in bytes; size None: incomplete."""

    id: int
    size: int | None
    align: int
    text: str
    integer: bool = False


VOID = CType(0, None, 1, "void")

#: canonical name -> size, signed, encoding as btf_types.Int has it
_INTEGERS = {
    "_Bool": (1, False, ""),  # a number: bpftrace prints 1, not true
    "char": (1, True, "char"),
    "signed char": (1, True, ""),
    "unsigned char": (1, False, ""),
    "short": (2, True, ""),
    "unsigned short": (2, False, ""),
    "int": (4, True, ""),
    "unsigned int": (4, False, ""),
    "long": (8, True, ""),
    "unsigned long": (8, False, ""),
    "long long": (8, True, ""),
    "unsigned long long": (8, False, ""),
    "__int128": (16, True, ""),
    "unsigned __int128": (16, False, ""),
}
_FLOATS = {"float": 4, "double": 8, "long double": 16}
_SIZE_WORDS = ("char", "short", "int", "long", "__int128")
BASIC_WORDS = frozenset(
    [*_SIZE_WORDS, "void", "float", "double", "_Bool", "signed", "unsigned", "__signed__"]
)

_LIBC = {
    "signed char": "int8_t",
    "unsigned char": "uint8_t u_char",
    "short": "int16_t",
    "unsigned short": "uint16_t in_port_t sa_family_t ushort u_short",
    "int": "int32_t pid_t key_t clockid_t wchar_t",
    "unsigned int": "uint32_t uid_t gid_t mode_t socklen_t in_addr_t id_t useconds_t uint u_int",
    "long": "int64_t ssize_t intptr_t intmax_t ptrdiff_t off_t off64_t loff_t time_t suseconds_t"
    " clock_t blkcnt_t blksize_t",
    "unsigned long": "uint64_t size_t uintptr_t uintmax_t ino_t nlink_t dev_t rlim_t ulong u_long",
    "_Bool": "bool",
}
#: what stdint.h, sys/types.h and the like define, where the kernel's BTF does not have it
LIBC = {alias: name for name, aliases in _LIBC.items() for alias in aliases.split()}


def basic(btf: DeclaredBtf, name: str) -> CType:
    """A type of C's own, by its canonical name; added to the BTF when it is first asked for."""
    if name == "void":
        return VOID
    if name in _FLOATS:
        size = _FLOATS[name]
        record: bt.BtfType = bt.Float(btf.next_id, name, size)
        return CType(_kept(btf, record), size, size, name)
    size, signed, encoding = _INTEGERS[name]
    record = bt.Int(btf.next_id, name, size, signed, encoding, size * 8)
    return CType(_kept(btf, record), size, size, name, integer=True)


def _kept(btf: DeclaredBtf, record: bt.BtfType) -> int:
    kind = btf.kind_of(record)
    known = btf.own(kind, record.name)
    return btf.add(record) if known is None else known


def canonical(words: list[str]) -> str | None:
    """The name of the basic type that these words make in any order; None if they make none."""
    unsigned, signed = words.count("unsigned"), words.count("signed") + words.count("__signed__")
    rest = sorted(w for w in words if w not in ("unsigned", "signed", "__signed__"))
    if unsigned + signed > 1 or len(rest) != len(words) - unsigned - signed:
        return None
    plain = _PLAIN.get(tuple(rest))
    if plain is None or not (unsigned or signed):
        return plain
    if plain == "char":
        return "unsigned char" if unsigned else "signed char"
    if plain not in _SIGNABLE:
        return None
    return f"unsigned {plain}" if unsigned else plain


_SIGNABLE = ("short", "int", "long", "long long", "__int128")
_PLAIN = {
    (): "int", ("char",): "char", ("short",): "short", ("int", "short"): "short", ("int",): "int",
    ("long",): "long", ("int", "long"): "long", ("long", "long"): "long long",
    ("int", "long", "long"): "long long", ("__int128",): "__int128", ("_Bool",): "_Bool",
    ("void",): "void", ("float",): "float", ("double",): "double",
    ("double", "long"): "long double",
}  # fmt: skip


def of_kernel(btf: Btf, type_id: int, text: str) -> CType:
    """A type that the kernel's BTF has. Its layout is the build host's."""
    resolved = btf.resolve(type_id)
    try:
        size: int | None = btf.size_of(type_id)
    except KernelDataError:
        size = None
    whole = isinstance(resolved, (bt.Int, bt.Enum))
    return CType(type_id, size, alignment(btf, type_id), text, whole)


def alignment(btf: Btf, type_id: int) -> int:
    """In bytes. BTF does not record `packed`: it shows in offsets and sizes, as libbpf has it."""
    found = btf.resolve(type_id)
    if isinstance(found, bt.Ptr):
        return POINTER_SIZE
    if isinstance(found, bt.Array):
        return alignment(btf, found.elem)
    if isinstance(found, bt.Struct):
        return _struct_alignment(btf, found)
    size = getattr(found, "size", None)
    return min(int(size), 16) if size else 1


def _struct_alignment(btf: Btf, struct: bt.Struct) -> int:
    align = 1
    for member in struct.members:
        own = alignment(btf, member.type_id)
        if not member.bit_size and member.bit_offset % (own * 8):
            return 1
        align = max(align, own)
    return 1 if struct.size % align else align
