"""`__attribute__((…))`, `_Alignas` and the qualifiers: what they say of a layout."""

from __future__ import annotations

from dataclasses import dataclass

from aotrace.compiler.cdecl.constant import Constants
from aotrace.compiler.cdecl.cursor import Cursor
from aotrace.compiler.cdecl.errors import DeclarationError
from aotrace.compiler.cdecl.layout import BIGGEST_ALIGNMENT
from aotrace.compiler.syntax.ctokens import PACK_ATTRIBUTE

_ATTRIBUTE = ("__attribute__", "__attribute")
_ALIGNAS = ("_Alignas", "alignas")
_IGNORED = frozenset(
    ["const", "volatile", "restrict", "__const", "__const__", "__volatile__", "__restrict",
     "__restrict__", "__extension__", "_Atomic", "__user", "__kernel", "__rcu", "__iomem",
     "__percpu", "__force", "__randomize_layout"]
)  # fmt: skip
_MAX_ALIGNMENT = 1 << 28


@dataclass
class Attributes:
    """Those that move things: packed, and aligned in bytes (0: not given)."""

    packed: bool = False
    aligned: int = 0
    #: members are aligned to so many bytes at most (`#pragma pack`); 0: as their types want
    pack: int = 0


def read(cursor: Cursor, constants: Constants, into: Attributes) -> None:
    """Take all attributes and qualifiers that stand at the cursor."""
    while cursor.peek():
        if cursor.take(*_ATTRIBUTE):
            cursor.expect("(")
            cursor.expect("(")
            _list(cursor, constants, into)
            cursor.expect(")")
            cursor.expect(")")
        elif cursor.take(*_ALIGNAS):
            cursor.expect("(")
            _align(cursor, constants, into)
            cursor.expect(")")
        elif cursor.take("__packed"):
            into.packed = True
        elif not cursor.take(*_IGNORED):
            return


def _list(cursor: Cursor, constants: Constants, into: Attributes) -> None:
    while cursor.peek() not in (")", ""):
        if cursor.take(","):
            continue
        name = cursor.next()
        if name.kind != "word":
            raise DeclarationError(
                f"expected the name of an attribute, found `{name.text}`", name.span
            )
        plain = name.text.strip("_")
        if plain == "packed":
            into.packed = True
        elif plain == "aligned":
            if cursor.take("("):
                _align(cursor, constants, into)
                cursor.expect(")")
            else:
                into.aligned = max(into.aligned, BIGGEST_ALIGNMENT)
        elif plain == PACK_ATTRIBUTE:
            cursor.expect("(")
            into.pack = constants.read(cursor)
            cursor.expect(")")
        elif plain in _LAYOUT:
            raise DeclarationError(f"the attribute `{plain}` is not supported", name.span)
        elif cursor.peek() == "(":
            cursor.skip_brackets()


# These change sizes and offsets too; ignoring them would read from the wrong place.
_LAYOUT = frozenset(["mode", "vector_size", "ms_struct", "scalar_storage_order"])


def _align(cursor: Cursor, constants: Constants, into: Attributes) -> None:
    place = cursor.span
    value = constants.read(cursor)
    if not 0 < value <= _MAX_ALIGNMENT or value & (value - 1):
        raise DeclarationError(f"an alignment is a power of two, and {value} is not", place)
    into.aligned = max(into.aligned, value)


def qualifies(text: str) -> bool:
    """Whether a word is a qualifier or opens an attribute."""
    return text in _IGNORED or text in _ATTRIBUTE or text in _ALIGNAS
