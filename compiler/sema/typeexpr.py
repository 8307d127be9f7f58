"""Types as written in a script, read against the kernel's BTF."""

from __future__ import annotations

from collections.abc import Callable

from aotrace.compiler.diagnostics import Diagnostics, did_you_mean
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel_types import find_named
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.nodes import Node, TypeExpr
from aotrace.compiler.types import NONE, Array, Bool, Buffer, Inet, Int, Pointer, Str, Tuple, Type

#: `string` without a size: it becomes as long as what is assigned.
UNSIZED_TEXT = Str(0)
_BASIC: dict[str, Type] = {
    **{f"{'' if signed else 'u'}int{bits}": Int(bits // 8, signed)
       for bits in (8, 16, 32, 64) for signed in (True, False)},
    **{f"{'' if signed else 'u'}int{bits}_t": Int(bits // 8, signed)
       for bits in (8, 16, 32, 64) for signed in (True, False)},
    **{f"{'s' if signed else 'u'}{bits}": Int(bits // 8, signed)
       for bits in (8, 16, 32, 64) for signed in (True, False)},
    "bool": Bool(), "void": NONE, "char": Int(1, True), "short": Int(2, True), "int": Int(4, True),
    "long": Int(8, True), "unsigned char": Int(1, False), "unsigned short": Int(2, False),
    "unsigned int": Int(4, False), "unsigned long": Int(8, False), "long long": Int(8, True),
    "unsigned long long": Int(8, False), "inet": Inet(), "string": UNSIZED_TEXT,
}  # fmt: skip
#: what a count in brackets gives the size of
_SIZED: dict[str, Callable[[int], Type]] = {"string": Str, "buffer": Buffer}
_KINDS = {"struct": BtfKind.STRUCT, "union": BtfKind.UNION, "enum": BtfKind.ENUM}


TYPE_NODES = (
    nodes.NamedType, nodes.PointerTo, nodes.ArrayOf, nodes.TupleType, nodes.TypeOf,
)  # fmt: skip


class TypeReader:
    """Reads type expressions; what is unknown is reported and read as NONE."""

    def __init__(
        self, btf: Btf, diagnostics: Diagnostics, type_of: Callable[[Node], Type],
        module: Btf | None = None,
    ) -> None:  # fmt: skip
        self.btf = btf
        self.module = module  # what has the types that are not in `btf`
        self.diagnostics = diagnostics
        self.type_of = type_of  # of an expression, for typeof

    def read(self, written: TypeExpr) -> Type:
        if isinstance(written, nodes.NamedType):
            return self.named(written)
        if isinstance(written, nodes.PointerTo):
            return Pointer(self.read(written.target))
        if isinstance(written, nodes.ArrayOf):
            return self.array(written)
        if isinstance(written, nodes.TupleType):
            return Tuple(tuple(self.read(item) for item in written.items))
        return self.of(written.operand)

    def of(self, operand: Node) -> Type:
        """The type of what stands in sizeof, offsetof or typeof: a type or an expression."""
        return self.read(operand) if isinstance(operand, TYPE_NODES) else self.type_of(operand)

    def named(self, written: nodes.NamedType) -> Type:
        if not written.tag and written.name in _BASIC:
            return _BASIC[written.name]
        found = find_named(self.btf, written.tag, written.name)
        if found is None and self.module:
            found = find_named(self.module, written.tag, written.name)
        if found is None:
            known = self.btf.names(_KINDS.get(written.tag, BtfKind.TYPEDEF))
            shown = f"{written.tag} {written.name}".strip()
            hints = did_you_mean(written.name, known)
            if self.btf.find(BtfKind.FWD, written.name) is not None:
                hints = ("its members are not known: it is declared only",)
            self.diagnostics.error(f"unknown type `{shown}`", written.span, *hints)
        return found or NONE

    def array(self, written: nodes.ArrayOf) -> Type:
        count = written.count or 0
        name = written.element.name if isinstance(written.element, nodes.NamedType) else ""
        if name in _SIZED:
            return _SIZED[name](count)
        element = self.read(written.element)
        return Array(element, count)
