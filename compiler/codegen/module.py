"""Writing one BPF object's module: programs, subprograms, maps, settings and constants.

The text that `finish` returns depends on the calls alone, so that equal input gives equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from aotrace.compiler.codegen.core import MEMBER_PREFIX, SYMBOL_PREFIX, Access, Fixups
from aotrace.compiler.codegen.corehost import CoreTable
from aotrace.compiler.codegen.debuginfo import DebugInfo, Node
from aotrace.compiler.codegen.function import I8, I32, I64, PTR, FunctionBuilder
from aotrace.compiler.codegen.helpers import MapType
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.source import Source, Span
from aotrace.runtime.layout import align_up
from aotrace.runtime.members import (
    ARGUMENT_SIZE,
    ARGUMENTS,
    MEMBERS,
    MOST_ARGUMENTS,
    PLACE_SIZE,
    PLACES,
    TEXT_SIZE,
)
from aotrace.runtime.metadata import PACKET_BUFFERS, WIDE_SCRATCH, Event
from aotrace.runtime.values import IntKind
from aotrace.runtime.values.base import Kind
from llvmlite import ir

DATA_LAYOUT = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"
PRODUCER = "aotracec"
SCRATCH_MAP = "scratch"
_ON_STACK_LIMIT = 32  # bytes

# nounwind: no .eh_frame, which libbpf warns of. no-builtins: LLVM must not turn loops and stores
# into memset or memcpy, whose calls end its BPF backend. no-jump-tables: no tables in further
# .rodata sections, each of which would become a map.
_ATTRIBUTES = ("nounwind", '"no-builtins"', '"no-jump-tables"="true"')
_ATTRIBUTE_GROUP = "#0"


class ModuleBuilder:
    """One object under construction.

    core: its relocations. helpers_used: full names of the helpers it calls. debug: its debug
    information. arch: the target's architecture (BPF itself is the same on each). events: those
    that code generation itself has come to need. wide: functions have more memory than a per-CPU
    map gives (scratch.py). on_stack_limit: bytes of the largest slot that lies on the stack.
    """

    def __init__(
        self,
        source: Source,
        license: str,
        arch: str = "x86_64",
        wide: bool = False,
        on_stack_limit: int = _ON_STACK_LIMIT,
    ) -> None:
        self.arch = arch
        self.wide = wide
        self.on_stack_limit = on_stack_limit
        self.core = CoreTable()
        self.helpers_used: set[str] = set()
        self.events: list[Event] = []
        self.debug = DebugInfo(source, PRODUCER)
        self._module: Any = ir.Module("script", context=ir.Context())
        self._module.triple = "bpfel"
        self._module.data_layout = DATA_LAYOUT
        self._functions: list[FunctionBuilder] = []
        self._used: list[Any] = []
        self._settings: dict[str, str] = {}
        self._constants: dict[bytes, Any] = {}
        self._foreign: dict[str, Any] = {}
        self._core_symbols: dict[int, Any] = {}
        self._member_symbols: dict[int, Any] = {}
        self._member_texts: Any = None
        self._site_arguments: Any = None
        self._member_places: Any = None
        self._packet_buffers: Any = None
        self._zeros: Any = None
        self._zeros_size = 0
        #: functions of other objects, by name; and what is told of them
        self.externals: dict[str, Any] = {}
        self._declarations: dict[str, Node] = {}
        self._scratch: Any = None
        self._scratch_size = 0
        self._static_offset: Any = None
        self._add_license(license)

    # Functions

    def program(self, name: str, section: str, span: Span) -> FunctionBuilder:
        """A BPF program `int name(void *ctx)` in the section that names its attach point."""
        debug = self.debug.program(name, span)
        function = self._function(name, I32, [PTR], debug)
        function.section = section
        self._used.append(function)
        return self._builder(function, debug, span)

    def subprogram(
        self,
        name: str,
        params: Sequence[tuple[str, Any]],
        ret: Any,
        span: Span,
        visible: bool = False,
    ) -> FunctionBuilder:
        """A function of its own, never inlined; `params` are (name, type).

        Static: the verifier follows each call. Visible: it looks at the function alone, once, and
        takes any number for what it returns.
        """
        named = [(param, self._type_of(kind)) for param, kind in params]
        result = None if isinstance(ret, ir.VoidType) else self._type_of(ret)
        make = self.debug.global_function if visible else self.debug.static_function
        function = self._function(
            name, ret, [kind for _, kind in params], make(name, result, named, span)
        )
        function.linkage = "" if visible else "internal"
        function.attributes.add("noinline")
        return self._builder(function, function.metadata["dbg"], span)

    def _function(self, name: str, ret: Any, params: Sequence[Any], debug: Node | None) -> Any:
        function = ir.Function(self._module, ir.FunctionType(ret, params), name)
        set.add(function.attributes, _ATTRIBUTE_GROUP)  # unknown to llvmlite's own check
        if debug is not None:
            function.set_metadata("dbg", debug)
        return function

    def _builder(self, function: Any, debug: Node, span: Span) -> FunctionBuilder:
        builder = FunctionBuilder(self, function, debug, len(self._functions), span)
        self._functions.append(builder)
        return builder

    def _type_of(self, kind: Any) -> Node:
        if isinstance(kind, ir.IntType):
            return self.debug.scalar(f"u{max(kind.width, 8)}")
        return self.debug.pointer(None)

    def external(self, name: str, result: Any, params: Sequence[Any], debug: Node) -> Any:
        """A function that another object defines, under its name."""
        function = self._function(name, result, params, None)
        self.externals[name] = function
        self._declarations[name] = debug
        return function

    def kernel_function(self, name: str, result: Any, params: Sequence[Any], debug: Node) -> Any:
        """A function of the kernel, under its name; the target may lack it."""
        function = self.external(name, result, params, debug)
        function.linkage = "extern_weak"
        function.section = ".ksyms"
        self._foreign[name] = function
        return function

    # Maps and variables

    def map(
        self,
        name: str,
        map_type: MapType,
        key: Kind | None,
        value: Kind | int | None,
        max_entries: int,
        flags: int = 0,
    ) -> Any:
        """Define a map in .maps; a pointer to it.

        key None is a u32 where there is a value; value int: so many bytes without a type; both
        None: the map has neither (a ring buffer).
        """
        definition = self._add_global(name, ir.ArrayType(PTR, 0), None)
        self._define_map(definition, map_type, key, value, max_entries, flags)
        return definition

    def _define_map(
        self,
        definition: Any,
        map_type: MapType,
        key: Kind | None,
        value: Kind | int | None,
        max_entries: int,
        flags: int,
    ) -> None:
        numbers = [("type", int(map_type)), ("max_entries", max_entries), ("map_flags", flags)]
        types = {}
        if value is not None:
            types["key"] = self.debug.value(key) if key else self.debug.scalar("u32")
            types["value"] = self._value_type(value)
        given = [(item, number) for item, number in numbers if number]
        debug = self.debug.map_definition(given, types)
        kind = ir.ArrayType(PTR, debug.bits // 64)
        definition.value_type = kind
        definition.initializer = ir.Constant(kind, None)
        definition.section = ".maps"
        definition.align = 8
        definition.set_metadata("dbg", self.debug.variable(definition.name, debug))
        self._used.append(definition)

    def _value_type(self, value: Kind | int) -> Node:
        if isinstance(value, int):
            return self.debug.array(self.debug.scalar("u8"), value)
        return self.debug.value(value)

    def setting(self, name: str, kind: Kind) -> Any:
        """A pointer to a variable that the loader fills before the load; the verifier knows it.

        `name` is the loader's ('$1', '--name'); asking again gives the same variable.
        """
        if name in self._settings:
            return self._module.globals[self._settings[name]]
        plain = re.sub(r"[^A-Za-z0-9_]", "_", name.strip("-$"))
        symbol = self._module.get_unique_name(f"setting_{plain}")
        symbol = symbol.replace(".", "_")
        self._settings[name] = symbol
        variable = self._add_variable(symbol, kind)
        variable.global_constant = True
        variable.section = ".rodata"
        variable.storage_class = "externally_initialized"  # else LLVM folds its zeros
        debug = self.debug.constant(self.debug.value(kind))
        variable.set_metadata("dbg", self.debug.variable(symbol, debug))
        return variable

    def kernel_variable(self, name: str, btf: Btf, type_id: int) -> Any:
        """A variable of the kernel, whose place libbpf asks the target's BTF for; 0 where that
        does not have it."""
        if name not in self._foreign:
            symbol = self._add_global(name, I8, None)
            symbol.section = ".ksyms"
            symbol.linkage = "extern_weak"
            debug = self.debug.foreign(name, self.debug.kernel_type(btf, type_id))
            symbol.set_metadata("dbg", debug)
            self._foreign[name] = symbol
        return self._foreign[name]

    def counter(self, name: str) -> Any:
        """A pointer to a u64 in .bss, which the loader reads by its symbol."""
        variable = self._add_global(name, I64, I64(0))
        variable.section = ".bss"
        variable.align = 8
        variable.set_metadata("dbg", self.debug.variable(name, self.debug.scalar("u64")))
        self._used.append(variable)
        return variable

    def constant_bytes(self, data: bytes) -> Any:
        """A pointer to those bytes in .rodata, 8-byte aligned; equal ones are shared."""
        if data not in self._constants:
            kind = ir.ArrayType(I8, len(data))
            name = f"bytes.{len(self._constants)}"
            self._constants[data] = self._add_constant(name, kind(bytearray(data)))
        return self._constants[data]

    def zeros(self, size: int) -> Any:
        """A pointer to at least `size` zero bytes in .rodata."""
        if self._zeros is None:
            self._zeros = self._add_constant("zeros", ir.ArrayType(I8, 0)(None))
        self._zeros_size = max(self._zeros_size, size)
        return self._zeros

    def _add_variable(self, symbol: str, kind: Kind) -> Any:
        storage = ir.ArrayType(I8, kind.size)
        variable = self._add_global(symbol, storage, storage(None))
        variable.align = max(kind.align, 8)
        self._used.append(variable)
        return variable

    def _add_constant(self, name: str, value: Any) -> Any:
        constant = self._add_global(name, value.type, value)
        constant.linkage = "private"
        constant.global_constant = True
        constant.section = ".rodata"
        constant.align = 8
        self._used.append(constant)  # else LLVM may move it to a second, mergeable .rodata
        return constant

    def _add_global(self, name: str, kind: Any, value: Any) -> Any:
        variable = ir.GlobalVariable(self._module, kind, name)
        variable.type = PTR
        variable.initializer = value
        return variable

    def _add_license(self, license: str) -> None:
        """The section is what libbpf reads; private, as a global symbol would need BTF too."""
        text = license.encode() + b"\0"
        kind = ir.ArrayType(I8, len(text))
        variable = self._add_global("LICENSE", kind, kind(bytearray(text)))
        variable.linkage = "private"
        variable.section = "license"
        self._used.append(variable)

    # For FunctionBuilder

    def core_symbol(self, access: Access) -> Any:
        """The symbol whose address stands for the target's answer. Raises CoreError."""
        number = self.core.index(access)
        if number not in self._core_symbols:
            symbol = self._add_global(f"{SYMBOL_PREFIX}{number}", I8, None)
            symbol.linkage = "extern_weak"
            self._core_symbols[number] = symbol
        return self._core_symbols[number]

    def member_symbol(self, number: int) -> Any:
        """The symbol whose address the object writer makes the marker of a program's member."""
        if number not in self._member_symbols:
            symbol = self._add_global(f"{MEMBER_PREFIX}{number}", I8, None)
            symbol.linkage = "extern_weak"
            self._member_symbols[number] = symbol
        return self._member_symbols[number]

    @property
    def member_texts(self) -> Any:
        """The map of members' texts; the loader makes room for all of them."""
        if self._member_texts is None:
            self._member_texts = self.map(MEMBERS, MapType.ARRAY, None, TEXT_SIZE, 1)
        return self._member_texts

    @property
    def site_arguments(self) -> Any:
        """The map of where sites have their arguments; the loader makes room for all of them."""
        if self._site_arguments is None:
            size = ARGUMENT_SIZE * MOST_ARGUMENTS
            self._site_arguments = self.map(ARGUMENTS, MapType.ARRAY, None, size, 1)
        return self._site_arguments

    @property
    def member_places(self) -> Any:
        """The map of members' places in files; the loader makes room for all of them."""
        if self._member_places is None:
            self._member_places = self.map(PLACES, MapType.ARRAY, None, PLACE_SIZE, 1)
        return self._member_places

    @property
    def packet_buffers(self) -> Any:
        """The map of perf buffers for packets; libbpf gives it an entry for each CPU."""
        if self._packet_buffers is None:
            number = IntKind(4, False)
            kind = MapType.PERF_EVENT_ARRAY
            self._packet_buffers = self.map(PACKET_BUFFERS, kind, number, number, 0)
        return self._packet_buffers

    @property
    def scratch(self) -> Any:
        """The map of slots that are too large for the stack."""
        if self._scratch is None:
            name = WIDE_SCRATCH if self.wide else SCRATCH_MAP
            self._scratch = self._add_global(name, ir.ArrayType(PTR, 0), None)
        return self._scratch

    def need_scratch(self, size: int) -> None:
        """An entry of the scratch map must have at least `size` bytes."""
        self._scratch_size = max(self._scratch_size, size)

    @property
    def static_offset(self) -> Any:
        """The intrinsic that keeps LLVM from taking a constant offset apart."""
        if self._static_offset is None:
            kind = ir.FunctionType(PTR, [PTR])
            self._static_offset = ir.Function(self._module, kind, "llvm.preserve.static.offset")
        return self._static_offset

    # The end

    @property
    def fixups(self) -> Fixups:
        """What the object writer must mend; complete after `finish`."""
        direct = {f.name: tuple(f.direct_loads) for f in self._functions if f.direct_loads}
        return Fixups(
            tuple(self.core.accesses), direct, dict(self._settings), frozenset(self._foreign)
        )

    def finish(self) -> str:
        """The module as LLVM assembly; to be called once."""
        for function in self._functions:
            function.close()
        self._finish_scratch()
        self._finish_zeros()
        self._keep_used()
        attributes = f"attributes {_ATTRIBUTE_GROUP} = {{ {' '.join(_ATTRIBUTES)} }}"
        return f"{self._told(str(self._module))}\n{attributes}\n\n{self.debug.text()}"

    def _told(self, module: str) -> str:
        """The module, with what llvmlite cannot say: the debug information of a declaration."""
        for name, debug in self._declarations.items():
            start = re.compile(rf'^declare (?=[^\n]*@"?{re.escape(name)}"?\()', re.MULTILINE)
            module = start.sub(f"declare !dbg {debug} ", module)
        return module

    def _finish_scratch(self) -> None:
        """One entry a function: a program that interrupts another on its CPU has its own.

        A wide map has that many for each CPU; their number is the target's to say.
        """
        if self._scratch is not None:
            size = align_up(self._scratch_size, 8)
            entries = len(self._functions)
            kind = MapType.ARRAY if self.wide else MapType.PERCPU_ARRAY
            self._define_map(self._scratch, kind, None, size, entries, 0)

    def _finish_zeros(self) -> None:
        if self._zeros is not None:
            kind = ir.ArrayType(I8, align_up(self._zeros_size, 8))
            self._zeros.value_type = kind
            self._zeros.initializer = kind(None)

    def _keep_used(self) -> None:
        kind = ir.ArrayType(PTR, len(self._used))
        used = self._add_global("llvm.compiler.used", kind, ir.Constant(kind, self._used))
        used.linkage = "appending"
        used.section = "llvm.metadata"
