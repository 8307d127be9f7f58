"""BTF of the loaded modules of the build machine: one file per module beside the kernel's own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from .btf import Btf
from .errors import KernelDataError


class ModuleBtfs:
    """Split BTF in `directory` (/sys/kernel/btf), on top of `base`; opened when asked for.

    Without a directory there are no modules: the BTF of a foreign kernel comes alone.
    """

    def __init__(self, base: Btf, directory: Path | None = None) -> None:
        self._base = base
        self._directory = directory
        self._opened: dict[str, Btf] = {}

    @cached_property
    def names(self) -> list[str]:
        """Names of the modules, sorted."""
        if self._directory is None:
            return []
        try:
            found = sorted(path.name for path in self._directory.iterdir())
        except OSError as error:
            raise KernelDataError(f"{self._directory}: {error.strerror}") from None
        return [name for name in found if name != "vmlinux"]

    def get(self, name: str) -> Btf | None:
        """The types of one module, None if there is no such module."""
        if self._directory is None or name not in self.names:
            return None
        if name not in self._opened:
            self._opened[name] = Btf.open(self._directory / name, self._base)
        return self._opened[name]

    def __iter__(self) -> Iterator[Btf]:
        """Every module's types; a module that was unloaded meanwhile is left out."""
        for _, found in self.items():
            yield found

    def items(self) -> Iterator[tuple[str, Btf]]:
        """The same with the modules' names."""
        for name in self.names:
            try:
                found = self.get(name)
            except KernelDataError:
                continue
            if found:
                yield name, found
