"""Debug information, from which LLVM makes the object's BTF and its line information.

LLVM's BTF emitter reads: types of maps and variables, prototypes of functions, a location per
instruction, and the script's own text (DIFile's `source`), so that the verifier's log quotes the
script. The nodes are written as text, since llvmlite cannot write nodes that refer in a circle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from aotrace.compiler.kernel import btf_types
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.source import Source, Span
from aotrace.runtime.values.base import Kind
from aotrace.runtime.values.composite import ArrayKind, TupleKind

_MAX_COLUMN = 1023  # struct bpf_line_info packs the column into 10 bits
_INT = ("int", 32, "signed")

# What Kind.layout() calls a type -> C's name, bits, DWARF encoding. The names are C's own, so that
# a generated skeleton header compiles without kernel headers.
_SCALARS = {
    "u8": ("unsigned char", 8, "unsigned_char"),
    "u16": ("unsigned short", 16, "unsigned"),
    "u32": ("unsigned int", 32, "unsigned"),
    "u64": ("unsigned long long", 64, "unsigned"),
    "s8": ("signed char", 8, "signed_char"),
    "s16": ("short", 16, "signed"),
    "s32": _INT,
    "s64": ("long long", 64, "signed"),
    "char": ("char", 8, "signed_char"),
}
_C_TYPE = re.compile(r"(\w+)(?:\[(\d+)\])?")


class Node:
    """A metadata node; llvmlite asks it for its reference when it prints an instruction."""

    __slots__ = ("bits", "number")

    def __init__(self, number: int, bits: int = 0) -> None:
        self.number = number
        self.bits = bits  # the size, when the node is a type

    def get_reference(self) -> str:
        return f"!{self.number}"

    __str__ = get_reference


class DebugInfo:
    """The nodes of one module."""

    def __init__(self, source: Source, producer: str) -> None:
        self._count = 0
        self._lines: list[str] = []
        self._known: dict[str, Node] = {}
        self._globals: list[Node] = []
        self._sources: dict[Node, Source] = {}  # of the functions
        self._file = self._file_of(source)
        self._global_list = self._reserve()
        self._unit = self._reserve()
        self._define(
            self._unit,
            f"distinct !DICompileUnit(language: DW_LANG_C11, file: {self._file},"
            f" producer: {_quote(producer)}, isOptimized: true, runtimeVersion: 0,"
            " emissionKind: DebugDirectivesOnly,"
            f" globals: {self._global_list}, splitDebugInlining: false, nameTableKind: None)",
        )

    # Types

    def scalar(self, c_type: str) -> Node:
        """A type by the name that Kind.layout() gives: 'u64', 'char[16]'."""
        name, count = _parse_c_type(c_type)
        element = self._basic(*_SCALARS[name])
        return element if count is None else self.array(element, count)

    def pointer(self, target: Node | None) -> Node:
        """A pointer; to void for None."""
        base = target or "null"
        return self._node(
            f"!DIDerivedType(tag: DW_TAG_pointer_type, baseType: {base}, size: 64)", 64
        )

    def array(self, element: Node, count: int) -> Node:
        bits = element.bits * count
        extent = self._node(f"!DISubrange(count: {count})")
        return self._node(
            f"!DICompositeType(tag: DW_TAG_array_type, baseType: {element}, size: {bits},"
            f" elements: {self._tuple([extent])})",
            bits,
        )

    def struct(self, members: Iterable[tuple[str, int, Node]], size: int) -> Node:
        """An unnamed struct of (name, byte offset, type) members and a size in bytes."""
        nodes = [
            self._node(
                f"!DIDerivedType(tag: DW_TAG_member, name: {_quote(name)}, file: {self._file},"
                f" baseType: {kind}, size: {kind.bits}, offset: {offset * 8})"
            )
            for name, offset, kind in members
        ]
        return self._node(
            f"!DICompositeType(tag: DW_TAG_structure_type, file: {self._file}, size: {size * 8},"
            f" elements: {self._tuple(nodes)})",
            size * 8,
        )

    def value(self, kind: Kind) -> Node:
        """The type of a stored value, from the one layout that its kind states."""
        if isinstance(kind, ArrayKind):
            return self.array(self.value(kind.element), kind.count)
        if isinstance(kind, TupleKind):
            names = getattr(kind, "names", [f"_{i}" for i in range(len(kind.items))])
            items = map(self.value, kind.items)
            members = zip(names, kind.offsets, items, strict=True)
            return self.struct(_side_by_side(members, kind.size), kind.size)
        fields = kind.layout()
        if len(fields) == 1 and not fields[0][0]:
            return self.scalar(fields[0][2])
        return self.struct(
            [(name, offset, self.scalar(c_type)) for name, offset, c_type in fields], kind.size
        )

    def basic(self, name: str, bits: int, encoding: str) -> Node:
        """A type of C by its own name; encoding: signed, unsigned, boolean."""
        return self._basic(name, bits, encoding)

    def enumeration(self, name: str, size: int, values: Iterable[tuple[str, int]]) -> Node:
        """An enum of C, with its size in bytes."""
        nodes = [
            self._node(f"!DIEnumerator(name: {_quote(each)}, value: {value})")
            for each, value in values
        ]
        return self._node(
            f"!DICompositeType(tag: DW_TAG_enumeration_type, name: {_quote(name)},"
            f" file: {self._file}, size: {size * 8}, elements: {self._tuple(nodes)})",
            size * 8,
        )

    def forward(self, name: str, is_union: bool) -> Node:
        """A struct or union of which nothing is told but its name."""
        tag = "union" if is_union else "structure"
        return self._node(
            f"!DICompositeType(tag: DW_TAG_{tag}_type, name: {_quote(name)}, file: {self._file},"
            " flags: DIFlagFwdDecl)"
        )

    def constant(self, kind: Node) -> Node:
        return self._node(
            f"!DIDerivedType(tag: DW_TAG_const_type, baseType: {kind})", bits=kind.bits
        )

    def map_definition(self, numbers: Iterable[tuple[str, int]], types: dict[str, Node]) -> Node:
        """The struct that libbpf reads a map's definition from (libbpf: parse_btf_map_def).

        A number is told as a pointer to an array of that many ints, a type as a pointer to it.
        """
        told = {name: self.array(self.scalar("s32"), value) for name, value in numbers}
        members = {name: self.pointer(node) for name, node in {**told, **types}.items()}
        return self.struct(
            [(name, index * 8, node) for index, (name, node) in enumerate(members.items())],
            len(members) * 8,
        )

    # Declarations

    def variable(self, name: str, kind: Node) -> Node:
        """A global variable; attach it as its !dbg."""
        variable = self._distinct(
            f"!DIGlobalVariable(name: {_quote(name)}, scope: {self._unit}, file: {self._file},"
            f" line: 1, type: {kind}, isLocal: false, isDefinition: true)"
        )
        expression = self._node(
            f"!DIGlobalVariableExpression(var: {variable}, expr: !DIExpression())"
        )
        self._globals.append(expression)
        return expression

    def foreign(self, name: str, kind: Node) -> Node:
        """A variable of the kernel, which this module only refers to."""
        variable = self._distinct(
            f"!DIGlobalVariable(name: {_quote(name)}, scope: {self._unit}, file: {self._file},"
            f" line: 1, type: {kind}, isLocal: false, isDefinition: false)"
        )
        expression = self._node(
            f"!DIGlobalVariableExpression(var: {variable}, expr: !DIExpression())"
        )
        self._globals.append(expression)
        return expression

    def kernel_type(self, btf: Btf, type_id: int) -> Node:
        """A type of the kernel as far as libbpf compares those of variables: by what it is, and by
        what it points to or has as elements; of structs and unions by their name alone."""
        found = btf.resolve(type_id)
        if isinstance(found, btf_types.Struct):
            tag = "union" if found.is_union else "structure"
            return self._node(
                f"!DICompositeType(tag: DW_TAG_{tag}_type, name: {_quote(found.name or '')},"
                f" file: {self._file}, size: {found.size * 8}, elements: {self._tuple([])})",
                found.size * 8,
            )
        if isinstance(found, btf_types.Ptr):
            return self.pointer(self.kernel_type(btf, found.target) if found.target else None)
        if isinstance(found, btf_types.Array):
            return self.array(self.kernel_type(btf, found.elem), found.count)
        if isinstance(found, btf_types.Enum):
            return self._basic(found.name or "enum", found.size * 8, "unsigned")
        size = btf.size_of(type_id)
        return self.scalar(f"u{size * 8}") if size in (1, 2, 4, 8) else self.scalar("u8")

    def program(self, name: str, span: Span) -> Node:
        """A BPF program: int name(void *ctx)."""
        flags = "DISPFlagDefinition | DISPFlagOptimized"
        context = [("ctx", self.pointer(None))]
        return self._function(name, self.scalar("s32"), context, span, flags)

    def static_function(
        self, name: str, result: Node | None, params: Sequence[tuple[str, Node]], span: Span
    ) -> Node:
        """A static function: the verifier follows its calls, and takes it as a callback."""
        flags = "DISPFlagLocalToUnit | DISPFlagDefinition | DISPFlagOptimized"
        return self._function(name, result, params, span, flags)

    def global_function(
        self, name: str, result: Node | None, params: Sequence[tuple[str, Node]], span: Span
    ) -> Node:
        """A function that the verifier looks at on its own."""
        return self._function(name, result, params, span, "DISPFlagDefinition | DISPFlagOptimized")

    def declaration(self, name: str, result: Node | None, params: Sequence[Node | None]) -> Node:
        """A function that is defined in another object."""
        prototype = self._node(f"!DISubroutineType(types: {self._tuple([result, *params])})")
        return self._node(
            f"!DISubprogram(name: {_quote(name)}, scope: {self._file}, file: {self._file}, line: 1,"
            f" type: {prototype}, flags: DIFlagPrototyped, spFlags: DISPFlagOptimized)"
        )

    def _function(
        self,
        name: str,
        result: Node | None,
        params: Sequence[tuple[str, Node]],
        span: Span,
        flags: str,
    ) -> Node:
        """The kernel wants a name for each parameter (btf_func_check)."""
        file, line = self._file_of(span.source), span.line
        types = self._tuple([result, *(kind for _, kind in params)])
        prototype = self._node(f"!DISubroutineType(types: {types})")
        function, retained = self._reserve(), self._reserve()
        variables = [
            self._node(
                f"!DILocalVariable(name: {_quote(param)}, arg: {number}, scope: {function},"
                f" file: {file}, line: {line}, type: {kind})"
            )
            for number, (param, kind) in enumerate(params, 1)
        ]
        self._define(retained, _tuple_text(variables))
        self._define(
            function,
            f"distinct !DISubprogram(name: {_quote(name)}, scope: {file},"
            f" file: {file}, line: {line}, type: {prototype}, scopeLine: {line},"
            f" flags: DIFlagPrototyped, spFlags: {flags},"
            f" unit: {self._unit}, retainedNodes: {retained})",
        )
        self._sources[function] = span.source
        return function

    def location(self, function: Node, span: Span) -> Node:
        """The place in the script that an instruction of this function comes from.

        That may be another file than the function's: the body of a macro that was imported.
        """
        column = min(span.column, _MAX_COLUMN)
        scope = function
        if span.source is not self._sources[function]:
            file = self._file_of(span.source)
            scope = self._node(
                f"!DILexicalBlockFile(scope: {function}, file: {file}, discriminator: 0)"
            )
        return self._node(f"!DILocation(line: {span.line}, column: {column}, scope: {scope})")

    def text(self) -> str:
        """All nodes, as they stand at the end of a module."""
        flags = [
            self._node('!{i32 2, !"Debug Info Version", i32 3}'),
            self._node('!{i32 7, !"Dwarf Version", i32 5}'),
        ]
        named = [f"!llvm.dbg.cu = !{{{self._unit}}}", f"!llvm.module.flags = {_tuple_text(flags)}"]
        last = f"{self._global_list} = {_tuple_text(self._globals)}"
        return "\n".join([*named, *self._lines, last, ""])

    # Nodes

    def _file_of(self, source: Source) -> Node:
        """A script, with its text."""
        return self._node(
            f"!DIFile(filename: {_quote(source.name)}, directory: {_quote('')},"
            f" source: {_quote(source.text)})"
        )

    def _basic(self, name: str, bits: int, encoding: str) -> Node:
        return self._node(
            f"!DIBasicType(name: {_quote(name)}, size: {bits}, encoding: DW_ATE_{encoding})", bits
        )

    def _tuple(self, nodes: Sequence[Node | None]) -> Node:
        return self._node(_tuple_text(nodes))

    def _node(self, text: str, bits: int = 0) -> Node:
        """The node of that text; equal texts share one."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._reserve(bits)
            self._define(known, text)
        return known

    def _distinct(self, text: str) -> Node:
        node = self._reserve()
        self._define(node, f"distinct {text}")
        return node

    def _reserve(self, bits: int = 0) -> Node:
        self._count += 1
        return Node(self._count - 1, bits)

    def _define(self, node: Node, text: str) -> None:
        self._lines.append(f"{node} = {text}")


def _side_by_side(
    members: Iterable[tuple[str, int, Node]], size: int
) -> Iterator[tuple[str, int, Node]]:
    """Without what lies over another member, unions and bits, and what has no bytes."""
    end = 0
    for name, offset, kind in sorted(members, key=lambda member: member[1]):
        if end <= offset and kind.bits and offset + kind.bits // 8 <= size:
            yield name, offset, kind
            end = offset + kind.bits // 8


def _parse_c_type(c_type: str) -> tuple[str, int | None]:
    match = _C_TYPE.fullmatch(c_type)
    if match is None:
        raise ValueError(f"not a type of the runtime's layouts: {c_type}")
    name, count = match.groups()
    return name, int(count) if count else None


def _tuple_text(nodes: Iterable[Any]) -> str:
    return "!{" + ", ".join("null" if node is None else str(node) for node in nodes) + "}"


_QUOTED = [
    chr(byte) if 0x20 <= byte < 0x7F and byte not in (0x22, 0x5C) else f"\\{byte:02X}"
    for byte in range(256)
]


@lru_cache(maxsize=256)
def _quote(text: str) -> str:
    """A string of LLVM's assembly: everything but plain printable ASCII as \\XX."""
    safe = map(_QUOTED.__getitem__, text.encode("utf-8", "surrogateescape"))
    return f'"{"".join(safe)}"'
