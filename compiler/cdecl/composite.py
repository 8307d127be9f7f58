"""Bodies of structs, unions and enums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from aotrace.compiler.cdecl import attributes
from aotrace.compiler.cdecl.attributes import Attributes
from aotrace.compiler.cdecl.ctype import VOID, CType
from aotrace.compiler.cdecl.cursor import Cursor
from aotrace.compiler.cdecl.errors import DeclarationError
from aotrace.compiler.cdecl.layout import Slot, lay_out
from aotrace.compiler.kernel import btf_types as bt
from aotrace.compiler.kernel.declared import DeclaredBtf
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.ctokens import CToken

if TYPE_CHECKING:
    from aotrace.compiler.cdecl.declarations import Declarations, Declarator, Specifiers

_INT_BITS, _LONG_BITS = 32, 64


class _Member(NamedTuple):
    name: str
    type: CType
    bits: int | None
    attrs: Attributes
    span: Span


# --- structs and unions ----------------------------------------------------------------------


def struct(
    of: Declarations, cursor: Cursor, tag: str, name: CToken | None, attrs: Attributes
) -> CType:
    """The body of a struct or union and the attributes after it."""
    type_id = of.scope.begin(tag, name) if name else None
    cursor.expect("{")
    members: list[_Member] = []
    while not cursor.take("}"):
        if not cursor.take(";"):
            members += _declaration(of, cursor)
    attributes.read(cursor, of.constants, attrs)
    _check_names(of.scope.btf, members)
    if not members:
        return _empty(of, tag, name)
    return _placed(of, tag, name.text if name else "", type_id, members, attrs)


def _empty(of: Declarations, tag: str, name: CToken | None) -> CType:
    """gcc gives it no bytes at all; here it is declared only, as nothing can be read from it."""
    if name is None:
        return VOID._replace(text=f"{tag} {{}}")
    found = of.scope.tag(tag, name)
    of.scope.complete(tag, name.text, found)
    return found


def _placed(
    of: Declarations, tag: str, name: str, type_id: int | None, members: list[_Member],
    attrs: Attributes,
) -> CType:  # fmt: skip
    slots = [
        Slot(
            m.type.size or 0, min(m.type.align, attrs.pack or m.type.align), m.bits,
            bool(m.name) or m.bits is None, attrs.packed or m.attrs.packed, m.attrs.aligned,
        )
        for m in members
    ]  # fmt: skip
    layout = lay_out(slots, tag == "union", attrs.aligned, of.rules)
    records = tuple(
        bt.Member(m.name, m.type.id, offset, m.bits or 0)
        for m, offset in zip(members, layout.offsets, strict=True)
        if m.name or m.bits is None
    )
    btf = of.scope.btf
    made = bt.Struct(
        btf.next_id if type_id is None else type_id, name, layout.size, records, tag == "union"
    )
    put = btf.add if type_id is None else btf.put
    found = CType(put(made), layout.size, layout.align, f"{tag} {name}".strip())
    if name:
        of.scope.complete(tag, name, found)
    return found


def _declaration(of: Declarations, cursor: Cursor) -> Iterator[_Member]:
    """The members of one declaration, of which there may be several, or one without a name."""
    outer = Attributes()
    start = cursor.span
    found = of.specifiers(cursor, outer)
    if found.is_typedef:
        raise DeclarationError("a typedef cannot stand in a struct", start)
    if cursor.peek() in (";", "}"):
        if found.unnamed and found.type.size is not None and not found.type.integer:
            yield _Member("", found.type, None, outer, start)
    else:
        yield from _declarators(of, cursor, found, outer)
    if cursor.peek() != "}":  # compilers take the last one without
        cursor.expect(";", "after the member")


def _declarators(
    of: Declarations, cursor: Cursor, found: Specifiers, outer: Attributes
) -> Iterator[_Member]:
    while True:
        start = cursor.span
        declarator = of.declarator(cursor) if cursor.peek() != ":" else None
        target = of.scope.completed(declarator.wrap(found.type) if declarator else found.type)
        bits = _width(of, cursor, target, declarator) if cursor.take(":") else None
        attrs = Attributes(outer.packed, outer.aligned)
        attributes.read(cursor, of.constants, attrs)
        name = declarator.name if declarator else None
        if name is None and bits is None:
            raise cursor.unexpected("the name of a member")
        _check_type(of, target, name.span if name else start)
        yield _Member(name.text if name else "", target, bits, attrs, name.span if name else start)
        if not cursor.take(","):
            return


def _check_type(of: Declarations, target: CType, place: Span) -> None:
    if target.size is not None:
        return
    if target.text == "function":
        raise DeclarationError(
            "a member cannot be a function", place, "a pointer to one is written `(*name)()`"
        )
    if target.id == VOID.id or of.scope.btf.resolve(target.id).id == VOID.id:
        raise DeclarationError(f"a member cannot be `{target.text}`", place)
    raise of.scope.incomplete(target, place)


def _width(of: Declarations, cursor: Cursor, target: CType, declarator: Declarator | None) -> int:
    """The width of a bitfield, whose `:` has been read."""
    place = cursor.span
    width = of.constants.read(cursor)
    place = place.to(cursor.words[cursor.position - 1].span)
    if not target.integer or target.size is None:
        raise DeclarationError(f"a bitfield cannot be of type `{target.text}`", place)
    most = 1 if of.scope.btf.resolve(target.id).name == "_Bool" else target.size * 8
    if target.size > _LONG_BITS // 8:
        raise DeclarationError(f"a bitfield of type `{target.text}` is not supported", place)
    if not 0 <= width <= most:
        raise DeclarationError(f"`{target.text}` has no bitfield of {width} bits", place)
    if width == 0 and declarator is not None and declarator.name is not None:
        raise DeclarationError("a bitfield of no bits has no name", place)
    return width


def _check_names(btf: DeclaredBtf, members: list[_Member]) -> None:
    """No two members may have one name, be they those of unnamed structs."""
    seen: set[str] = set()
    for member in members:
        for name in _names(btf, member):
            if name in seen:
                raise DeclarationError(f"two members are named `{name}`", member.span)
            seen.add(name)


def _names(btf: DeclaredBtf, member: _Member) -> Iterator[str]:
    if member.name:
        yield member.name
    elif member.bits is None:
        yield from _inner_names(btf, member.type.id)


def _inner_names(btf: DeclaredBtf, type_id: int) -> Iterator[str]:
    inner = btf.resolve(type_id)
    assert isinstance(inner, bt.Struct)
    for each in inner.members:
        if each.name:
            yield each.name
        else:
            yield from _inner_names(btf, each.type_id)


# --- enums -----------------------------------------------------------------------------------


def enum(
    of: Declarations, cursor: Cursor, tag: str, name: CToken | None, attrs: Attributes
) -> CType:
    """The body of an enum. Its type is gcc's: unsigned int, or what holds the values."""
    if name:
        of.scope.begin(tag, name)
    start = cursor.expect("{").span
    values: list[bt.Enumerator] = []
    constants = of.constants
    while not cursor.take("}"):
        if not cursor.at_word:
            raise cursor.unexpected("the name of an enumerator")
        word = cursor.next()
        of.scope.enumerator(word)
        value = values[-1].value + 1 if values else 0
        if cursor.take("="):
            value = constants.read(cursor)
        values.append(bt.Enumerator(word.text, value))
        of.scope.values[word.text] = value
        if cursor.peek() != "}":
            cursor.expect(",", "after the enumerator")
    attributes.read(cursor, constants, attrs)
    if not values:
        raise DeclarationError("an enum without enumerators", start)
    size, signed = _enum_size([each.value for each in values], attrs.packed, start)
    btf = of.scope.btf
    text = name.text if name else ""
    made = bt.Enum(btf.next_id, text, size, signed, tuple(values))
    found = CType(btf.add(made), size, attrs.aligned or size, f"enum {text}".strip(), integer=True)
    if name:
        of.scope.complete(tag, text, found)
    return found


def _enum_size(values: list[int], packed: bool, place: Span) -> tuple[int, bool]:
    signed = min(values) < 0
    for bits in (8, 16, _INT_BITS, _LONG_BITS) if packed else (_INT_BITS, _LONG_BITS):
        low = -(1 << (bits - 1)) if signed else 0
        if low <= min(values) and max(values) < low + (1 << bits):
            return bits // 8, signed
    raise DeclarationError("no integer holds all values of this enum", place)
