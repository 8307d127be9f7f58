"""Types of the kernel as C, by libbpf: declarations of parameters, definitions of structs."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, c_bool, c_char_p, c_int, c_size_t, c_uint32, c_void_p

from aotrace.loader.libbpf import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.libbpf.lib import Libbpf

#: void print(void *context, const char *format, va_list): see abi.PrintFunction of va_list
DumpFunction = CFUNCTYPE(None, c_void_p, c_void_p, c_void_p)
_ROOM = 1 << 16  # bytes of one piece; libbpf prints a type in many

FUNCTIONS = (
    ("btf__load_vmlinux_btf", c_void_p, (), abi.OBJECT),
    ("btf__load_module_btf", c_void_p, (c_char_p, c_void_p), abi.OBJECT),
    ("btf__free", None, (c_void_p,), abi.PLAIN),
    ("btf_dump__new", c_void_p, (c_void_p, DumpFunction, c_void_p, c_void_p), abi.OBJECT),
    ("btf_dump__dump_type", c_int, (c_void_p, c_uint32), abi.CODE),
    ("btf_dump__emit_type_decl", c_int, (c_void_p, c_uint32, c_void_p), abi.CODE),
    ("btf_dump__free", None, (c_void_p,), abi.PLAIN),
)


class DeclarationOptions(abi.Sized):
    """struct btf_dump_emit_type_decl_opts."""

    _fields_ = [
        ("sz", c_size_t),
        ("field_name", c_char_p),
        ("indent_level", c_int),
        ("strip_mods", c_bool),
    ]


class TypeTexts:
    """The types of the kernel, or of a module on top of it. Raises BpfError where there are none.

    It lives until the program ends: what it has printed of a type it does not print again.
    """

    def __init__(self, lib: Libbpf, module: str = "") -> None:
        lib.bind(FUNCTIONS)
        self._lib = lib
        self._vsnprintf = lib.libc.vsnprintf
        self._room = ctypes.create_string_buffer(_ROOM)
        self._pieces: list[bytes] = []
        self._btf = lib.btf__load_vmlinux_btf()
        if module:
            self._btf = lib.btf__load_module_btf(module.encode(), self._btf)
        self._print = DumpFunction(self._printed)
        self._dump = lib.btf_dump__new(self._btf, self._print, None, None)

    def _printed(self, context: int, form: int, arguments: int) -> None:
        self._vsnprintf(self._room, _ROOM, form, arguments)
        self._pieces.append(self._room.value)

    def declaration(self, type_id: int) -> str:
        """How C writes the type, without a name."""
        options = DeclarationOptions(field_name=b"")
        self._lib.btf_dump__emit_type_decl(self._dump, type_id, ctypes.byref(options))
        return self._taken()

    def definitions(self, type_id: int) -> str:
        """The definition of a type, behind those that it needs, as far as not printed before."""
        self._lib.btf_dump__dump_type(self._dump, type_id)
        return self._taken()

    def _taken(self) -> str:
        text = b"".join(self._pieces).decode("utf-8", "replace")
        self._pieces.clear()
        return text
