"""The types of the running kernel and its modules, as libbpf reads them."""

from __future__ import annotations

import ctypes
import errno
import os

from aotrace.loader.libbpf import syscall
from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.libbpf.lib import Libbpf

_FUNC = 12  # BTF_KIND_FUNC
_KERNEL = ("", "vmlinux")


class KernelTypes:
    """Opened when first asked, some ten milliseconds; it lasts as long as the process."""

    def __init__(self, lib: Libbpf) -> None:
        self._lib = lib
        self._kernel: int = lib.btf__load_vmlinux_btf()
        self._modules: dict[str, tuple[int, int]] = {}

    def function(self, name: str, module: str) -> tuple[int, int]:
        """The type id of a function, and the descriptor of the module's BTF (0: the kernel's own).

        Raises BpfError where there is none.
        """
        types, fd = (self._kernel, 0) if module in _KERNEL else self._module(module)
        return self._lib.btf__find_by_name_kind(types, name.encode(), _FUNC), fd

    def _module(self, name: str) -> tuple[int, int]:
        if name not in self._modules:
            types = self._lib.btf__load_module_btf(name.encode(), self._kernel)
            self._modules[name] = types, _descriptor(self._lib, name)
        return self._modules[name]


def _name(lib: Libbpf, types: int, type_id: int) -> str:
    """struct btf_type begins with the offset of its name."""
    at: int = ctypes.c_uint32.from_address(lib.btf__type_by_id(types, type_id)).value
    name: bytes = lib.btf__name_by_offset(types, at)
    return name.decode("utf-8", "replace")


def program_functions(lib: Libbpf, program: int) -> list[tuple[str, int]]:
    """Name and type id of each function of a loaded program, the main one first. Raises BpfError
    where it has no BTF."""
    btf_id, functions = syscall.program_types(lib, program)
    if not functions:
        raise BpfError("program_types", errno.ENOENT)
    types = lib.btf__load_from_kernel_by_id(btf_id)
    try:
        return [(_name(lib, types, function), function) for function in functions]
    finally:
        lib.btf__free(types)


def loaded(lib: Libbpf) -> Iterator[tuple[int, int, str, int]]:
    """Of each function of each program in the kernel: the program's id and descriptor, which is
    closed afterwards; name and type id."""
    for number in syscall.programs(lib):
        try:
            fd = syscall.open_program(lib, number)
        except BpfError:  # gone
            continue
        try:
            for name, type_id in program_functions(lib, fd):
                yield number, fd, name, type_id
        except BpfError:
            continue
        finally:
            os.close(fd)


def _descriptor(lib: Libbpf, module: str) -> int:
    """The kernel's BTF objects one by one, until one has the module's name. Raises BpfError."""
    last = 0
    while True:
        last, fd = syscall.next_btf(lib, last)
        if syscall.btf_name(lib, fd) == module:
            return fd
        os.close(fd)


_opened: list[KernelTypes] = []


def kernel_types(lib: Libbpf) -> KernelTypes:
    """The one for this process."""
    if not _opened:
        _opened.append(KernelTypes(lib))
    return _opened[0]
