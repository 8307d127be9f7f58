"""C declarations: recursive descent over the words of one definition, straight into types.

Grammar: C11 6.7, with gcc's attributes. Expressions are those of constant.py, function parameters
are passed over, since a pointer to a function is an address and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aotrace.compiler.cdecl import attributes, composite, ctype
from aotrace.compiler.cdecl.attributes import Attributes
from aotrace.compiler.cdecl.constant import Constants
from aotrace.compiler.cdecl.ctype import CType
from aotrace.compiler.cdecl.cursor import Cursor
from aotrace.compiler.cdecl.errors import DeclarationError
from aotrace.compiler.cdecl.layout import Rules
from aotrace.compiler.cdecl.scope import Scope
from aotrace.compiler.kernel import btf_types as bt
from aotrace.compiler.kernel.btf import POINTER_SIZE
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.ctokens import CToken

TAGS = ("struct", "union", "enum")
_STORAGE = frozenset(
    ["extern", "static", "inline", "__inline", "__inline__", "register", "_Thread_local", "auto"]
)
_MAX_BYTES = 1 << 28  # of one type: 32 bits then hold every offset in bits

Wrap = Callable[[CType], CType]


class Specifiers(NamedTuple):
    """What stands before the declarators of a declaration."""

    type: CType
    is_typedef: bool
    unnamed: bool  # a struct or union without a tag, with a body


class Declarator(NamedTuple):
    """A name (None in a type alone) and how its type comes from that of the specifiers."""

    name: CToken | None
    wrap: Wrap
    span: Span


class Declarations:
    """Reads declarations into a scope."""

    def __init__(self, scope: Scope, rules: Rules) -> None:
        self.scope = scope
        self.rules = rules
        self.constants = Constants(self._name_value, self._size_of, self._cast)

    def definition(self, cursor: Cursor) -> None:
        """One definition of the preamble; variables that it declares mean nothing here."""
        while cursor.peek():
            if cursor.take(";"):
                continue
            attrs = Attributes()
            found = self.specifiers(cursor, attrs)
            while cursor.peek() not in (";", ""):
                self._declared(cursor, found, attrs)
                if not cursor.take(","):
                    break
            if cursor.peek():
                cursor.expect(";", "after the declaration")

    def _declared(self, cursor: Cursor, found: Specifiers, outer: Attributes) -> None:
        declarator = self.declarator(cursor)
        attrs = Attributes(outer.packed, outer.aligned)
        attributes.read(cursor, self.constants, attrs)
        if declarator.name is None:
            raise DeclarationError("expected a name", declarator.span)
        target = declarator.wrap(found.type)
        if found.is_typedef:
            self.scope.typedef(
                declarator.name, target._replace(align=attrs.aligned or target.align)
            )

    # --- specifiers

    def specifiers(self, cursor: Cursor, attrs: Attributes) -> Specifiers:
        start = cursor.span
        words: list[str] = []
        found: CType | None = None
        is_typedef = unnamed = False
        while True:
            attributes.read(cursor, self.constants, attrs)
            text = cursor.peek()
            if text == "typedef":
                cursor.next()
                is_typedef = True
            elif text in _STORAGE:
                cursor.next()
            elif text in TAGS and not (found or words):
                found, unnamed = self._tagged(cursor)
            elif text in ctype.BASIC_WORDS and not found:
                words.append(cursor.next().text)
            elif cursor.at_word and not (found or words):
                found = self.scope.named(cursor.next())
            else:
                break
        if words:
            found = self._basic(words, start.to(cursor.words[cursor.position - 1].span))
        if found is None:
            raise cursor.unexpected("a type")
        return Specifiers(found, is_typedef, unnamed)

    def _basic(self, words: list[str], span: Span) -> CType:
        name = ctype.canonical(words)
        if name is None:
            raise DeclarationError(f"`{' '.join(words)}` is no type of C", span)
        return ctype.basic(self.scope.btf, name)

    def _tagged(self, cursor: Cursor) -> tuple[CType, bool]:
        """The struct, union or enum that stands here, and whether it has no name."""
        tag = cursor.next().text
        attrs = Attributes()
        attributes.read(cursor, self.constants, attrs)
        name = cursor.next() if cursor.at_word else None
        attributes.read(cursor, self.constants, attrs)
        if cursor.peek() != "{":
            if name is None:
                raise cursor.unexpected(f"a name or `{{` after `{tag}`")
            return self.scope.tag(tag, name), False
        cursor.enter()
        read = composite.enum if tag == "enum" else composite.struct
        found = read(self, cursor, tag, name, attrs)
        cursor.leave()
        return found, name is None

    # --- declarators

    def declarator(self, cursor: Cursor) -> Declarator:
        """Pointers, a name or a declarator in parentheses, then arrays and functions."""
        cursor.enter()
        attributes.read(cursor, self.constants, Attributes())
        start = cursor.span
        if cursor.take("*"):
            name, wrap, _ = self.declarator(cursor)
            found = Declarator(name, lambda target: wrap(self._pointer(target)), start)
        else:
            found = self._direct(cursor, start)
        cursor.leave()
        return found

    def _direct(self, cursor: Cursor, start: Span) -> Declarator:
        name: CToken | None = None
        inner: Wrap = _same
        if cursor.peek() == "(" and not self._opens_parameters(cursor):
            cursor.next()
            name, inner, _ = self.declarator(cursor)
            cursor.expect(")")
        elif cursor.at_word:
            name = cursor.next()
        suffixes: list[Wrap] = []
        while cursor.peek() in ("[", "("):
            suffixes.append(self._array(cursor) if cursor.peek() == "[" else self._function(cursor))
        outer = suffixes[::-1]

        def wrap(target: CType) -> CType:
            for suffix in outer:
                target = suffix(target)
            return inner(target)

        return Declarator(name, wrap, name.span if name else start)

    def _opens_parameters(self, cursor: Cursor) -> bool:
        """Whether the `(` here opens the parameters of a function without a name."""
        following = cursor.peek(1)
        return following == ")" or self._starts_type(following)

    def _pointer(self, target: CType) -> CType:
        btf = self.scope.btf
        found = btf.add(bt.Ptr(btf.next_id, "", target.id))
        return CType(found, POINTER_SIZE, POINTER_SIZE, f"{target.text} *")

    def _function(self, cursor: Cursor) -> Wrap:
        cursor.skip_brackets()
        btf = self.scope.btf

        def function(_result: CType) -> CType:
            return CType(btf.add(bt.FuncProto(btf.next_id, "", 0, ())), None, 1, "function")

        return function

    def _array(self, cursor: Cursor) -> Wrap:
        start = cursor.next().span
        count = None
        while cursor.take("static", "const", "restrict", "volatile"):
            pass
        if cursor.peek() != "]":
            place = cursor.span
            count = self.constants.read(cursor)
            if count < 0:
                raise DeclarationError(f"an array of {count} elements", place)
        span = start.to(cursor.expect("]").span)
        return lambda element: self._array_of(element, count, span)

    def _array_of(self, element: CType, count: int | None, span: Span) -> CType:
        element = self.scope.completed(element)
        if element.text == "function":
            raise DeclarationError("an array of functions", span, "point to them: `(*name[N])()`")
        if element.size is None:
            raise self.scope.incomplete(element, span)
        size = element.size * (count or 0)
        if size > _MAX_BYTES:
            raise DeclarationError(f"an array of {size} bytes is too large", span)
        btf = self.scope.btf
        found = btf.add(bt.Array(btf.next_id, "", element.id, count or 0))
        shown = "" if count is None else count
        return CType(found, size, element.align, f"{element.text}[{shown}]")

    # --- types in constant expressions

    def type_name(self, cursor: Cursor) -> CType:
        """A type without a name, as in sizeof and casts."""
        found = self.specifiers(cursor, Attributes())
        declarator = self.declarator(cursor)
        if declarator.name is not None:
            raise DeclarationError("expected a type alone", declarator.name.span)
        return self.scope.completed(declarator.wrap(found.type))

    def _starts_type(self, text: str) -> bool:
        return text in TAGS or text in ctype.BASIC_WORDS or (
            text.isidentifier() and (attributes.qualifies(text) or self.scope.is_type(text))
        )  # fmt: skip

    def _name_value(self, name: str) -> int | None:
        if name in self.scope.values:
            return self.scope.values[name]
        found = self.scope.btf.find_enumerator(name)
        return found.value if found else None

    def _size_of(self, cursor: Cursor) -> int:
        cursor.expect("(", "after sizeof")
        place = cursor.span
        if not self._starts_type(cursor.peek()):
            raise cursor.unexpected("a type")
        found = self.type_name(cursor)
        cursor.expect(")")
        if found.size is None:
            raise self.scope.incomplete(found, place)
        return found.size

    def _cast(self, cursor: Cursor) -> bool:
        if cursor.peek() != "(" or not self._starts_type(cursor.peek(1)):
            return False
        cursor.next()
        self.type_name(cursor)
        cursor.expect(")")
        return True


def _same(found: CType) -> CType:
    return found
