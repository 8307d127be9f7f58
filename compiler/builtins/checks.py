"""Questions about an expression: of its type, at build time; of a pointer, when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotrace.compiler.builtins.accepts import ADDRESS, STRING
from aotrace.compiler.builtins.record import Accepts, Constant, Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.kernel_types import field_of
from aotrace.compiler.syntax.nodes import (
    Binary,
    BoolLit,
    Index,
    IntLit,
    RecordLit,
    StrLit,
    Ternary,
    TupleItem,
    TupleLit,
    Unary,
)
from aotrace.compiler.types import (
    NONE,
    Array,
    Bool,
    EnumType,
    Int,
    Pointer,
    Space,
    Str,
    Struct,
    Type,
)

ANY_TYPE = Accepts("a type", lambda _: True)
_ANYTHING = Parameter("expression", Accepts("an expression", lambda _: True))
_FIRST_ERROR = -4095  # MAX_ERRNO of include/linux/err.h


def _is_literal(site: Site) -> bool:
    return _literal(site.node.args[0])


def _literal(node: object) -> bool:
    """What is made of literals by operators, or holds nothing else, is one as well."""
    if isinstance(node, (IntLit, StrLit, BoolLit)):
        return True
    parts = _PARTS.get(type(node))
    return parts is not None and all(map(_literal, parts(node)))


_PARTS: dict[type, Callable[[Any], tuple[object, ...]]] = {
    Unary: lambda node: (node.operand,),
    Binary: lambda node: (node.left, node.right),
    Ternary: lambda node: (node.condition, node.then or node.condition, node.other),
    Index: lambda node: (node.base, node.index),
    TupleItem: lambda node: (node.base,),
    TupleLit: lambda node: node.items,
    RecordLit: lambda node: tuple(field.value for field in node.fields),
}


def _of_type(*wanted: type[Type]) -> Callable[[Site], bool]:
    return lambda site: isinstance(site.types[0], wanted)


def _is_unsigned(site: Site) -> bool:
    kind = site.types[0]
    return isinstance(kind, Int) and not isinstance(kind, EnumType) and not kind.signed


def _question(name: str, doc: str, answer: Callable[[Site], bool]) -> Function:
    def emit(e: Emitter, site: Site, _target: Reg | None) -> Reg:
        return e.const(answer(site))

    def comptime(site: Site) -> Constant:
        return answer(site)

    return Function(name, doc, (_ANYTHING,), lambda _: Bool(), emit, comptime=comptime)


def _is_err(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    value = e.value(site.args[0])
    return e.op("and", e.op("slt", value, 0), e.op("sge", value, _FIRST_ERROR))


def _container(site: Site) -> Struct | None:
    return site.types[1] if isinstance(site.types[1], Struct) else None


def _member(site: Site) -> str:
    name = site.constants[2]
    return name.decode() if isinstance(name, bytes) else ""


def _container_type(site: Site) -> Type:
    struct, pointer = _container(site), site.types[0]
    space = pointer.space if isinstance(pointer, Pointer) else Space.KERNEL
    return Pointer(struct or NONE, space)


def _check_container(site: Site) -> None:
    struct = _container(site)
    if struct is None:
        site.error(f"container_of() takes a struct as its type, not '{site.types[1]}'", arg=1)
    elif field_of(struct, _member(site)) is None:
        site.error(f"{struct} has no member `{_member(site)}`", arg=2)


def _container_of(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    struct = _container(site)
    assert struct is not None  # checked
    offset = e.member_at(e.const(0), struct, _member(site))
    return e.op("sub", e.value(site.args[0]), offset)


CHECKS = (
    Function(
        "container_of", "The struct of a type whose member a pointer points to.",
        (
            Parameter("pointer", ADDRESS), Parameter("type", ANY_TYPE, type=True),
            Parameter("member", STRING, any_word=True),
        ),
        _container_type, _container_of, _check_container,
    ),
    _question("is_array", "Whether an expression is an array.", _of_type(Array)),
    _question("is_integer", "Whether an expression is an integer.", _of_type(Int)),
    _question("is_literal", "Whether an expression is a literal.", _is_literal),
    _question("is_ptr", "Whether an expression is a pointer.", _of_type(Pointer)),
    _question("is_str", "Whether an expression is a string.", _of_type(Str)),
    _question(
        "is_unsigned_integer", "Whether an expression is an unsigned integer.", _is_unsigned
    ),
    Function(
        "is_err", "Whether a pointer that a kernel function gave is an error (IS_ERR).",
        (Parameter("pointer", ADDRESS),), lambda _: Bool(), _is_err,
    ),
)  # fmt: skip
