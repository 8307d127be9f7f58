"""Questions about an expression: of its type, at build time; of a pointer, when it runs."""

from __future__ import annotations

from collections.abc import Callable

from aotrace.compiler.builtins.accepts import ADDRESS
from aotrace.compiler.builtins.record import Accepts, Constant, Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.syntax.nodes import BoolLit, IntLit, StrLit, Unary
from aotrace.compiler.types import Array, Bool, EnumType, Int, Pointer, Str, Type

_ANYTHING = Parameter("expression", Accepts("an expression", lambda _: True))
_FIRST_ERROR = -4095  # MAX_ERRNO of include/linux/err.h


def _is_literal(site: Site) -> bool:
    given = site.node.args[0]
    if isinstance(given, Unary) and given.op == "-":
        given = given.operand
    return isinstance(given, (IntLit, StrLit, BoolLit))


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


CHECKS = (
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
