"""The BTF of the running kernel and its modules: names from the files, C by libbpf."""

from __future__ import annotations

import os
from functools import cached_property

from aotrace.loader.errors import LoaderError
from aotrace.runtime import btf
from aotrace.runtime.points import KERNEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.libbpf.lib import Libbpf

FOLDER = "/sys/kernel/btf"
_KINDS = {btf.STRUCT: "struct", btf.UNION: "union", btf.ENUM: "enum"}
_opened: dict[str, Types] = {}
_library: list[Libbpf] = []


class Types:
    """One file of FOLDER: the kernel's, or a module's on top of it."""

    def __init__(self, name: str, raw: btf.RawBtf) -> None:
        self.name = name
        self.raw = raw

    @cached_property
    def functions(self) -> dict[str, int]:
        """Where each function's prototype begins, by the function's name."""
        words = self.raw.words
        return {
            name: self.raw.start_of(words[at + 2])
            for _, at, name in self.raw.named(btf.FUNC)
            if words[at + 2] >= self.raw.first_id
        }

    def composites(self) -> Iterator[tuple[int, str]]:
        """Id and name of each struct, union and enum: `struct file`."""
        words = self.raw.words
        for number, at, name in self.raw.named(*_KINDS):
            yield number, f"{_KINDS[words[at + 1] >> 24 & 31]} {name}"

    def parameters(self, function: str) -> list[tuple[str, str]]:
        """(type as C writes it, name) of each parameter, and of the result as ("…", "retval")."""
        at = self.functions.get(function)
        if at is None:
            return []
        found = [(self._c.declaration(kind), name) for name, kind in self.raw.params(at)]
        result = self.raw.words[at + 2]
        return [*found, (self._c.declaration(result) if result else "void", "retval")]

    def definitions(self, type_id: int) -> str:
        """What libbpf prints for a type."""
        return self._c.definitions(type_id)

    @cached_property
    def _c(self) -> TypeTexts:
        from aotrace.loader.libbpf import btf as texts

        return texts.TypeTexts(_libbpf(), "" if self.name == KERNEL else self.name)


def _libbpf() -> Libbpf:
    from aotrace.loader.libbpf import lib

    if not _library:
        _library.append(lib.load())
    return _library[0]


def programs() -> Iterator[str]:
    """`bpf:ID:FUNCTION` of each BPF program in the kernel that has types."""
    from aotrace.loader.libbpf import types

    for number, _, name, _ in types.loaded(_libbpf()):
        yield f"bpf:{number}:{name}"


def everywhere() -> Iterator[Types]:
    """The kernel's own types, then each module's. Raises LoaderError where there are none."""
    yield kernel()
    for name in sorted(os.listdir(FOLDER)):
        found = module(name)
        if found and name != KERNEL:
            yield found


def kernel() -> Types:
    """Raises LoaderError."""
    found = module(KERNEL)
    if found is None:
        hint = "it was built without CONFIG_DEBUG_INFO_BTF"
        raise LoaderError(f"this kernel does not carry its BTF: no {FOLDER}/{KERNEL}", hint)
    return found


def module(name: str) -> Types | None:
    """The types of a module, or None where it has none here."""
    if name not in _opened:
        import struct

        base = None if name == KERNEL else kernel().raw
        try:
            with open(f"{FOLDER}/{name}", "rb") as file:
                _opened[name] = Types(name, btf.RawBtf(file.read(), base))
        except (OSError, struct.error):
            return None
    return _opened[name]


if TYPE_CHECKING:
    from aotrace.loader.libbpf.btf import TypeTexts
