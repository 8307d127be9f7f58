"""Places in user space: from what a script calls a file and a function to an offset in that file.

All that is wrong with one is said by PlaceError, before the kernel is asked.
"""

from __future__ import annotations

import os

from aotrace.loader.elf import archive, processes
from aotrace.loader.elf.file import AARCH64, EXECUTABLE, SHARED, X86_64, ElfError
from aotrace.loader.elf.symbols import Symbols
from aotrace.loader.errors import PlaceError
from aotrace.runtime import binaries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from aotrace.loader.elf.file import ElfFile
    from aotrace.loader.elf.symbols import Symbol

    Target = dict[str, Any]

_STRIPPED = "the file was stripped: give an address in it, or install its debug symbols"
_CPP = "cpp"


class Place:
    """An instruction of a file. path: as we see the file; name: as the script is shown it."""

    __slots__ = ("name", "offset", "path")

    def __init__(self, path: str, offset: int, name: str) -> None:
        self.path = path
        self.offset = offset
        self.name = name


def path_of(binary: str, pid: int) -> str:
    """The file that a script means. Raises PlaceError."""
    if not binary:
        return _own(pid)
    root = processes.root(pid)
    search = processes.search_path(pid) if root else None
    found = _loaded(binary, pid) or binaries.find(binary, root, search)
    if not found:
        where = f" in the files of process {pid}" if root else ""
        raise PlaceError(f"there is no file {binary}{where}", _advice(binary))
    return found


def _own(pid: int) -> str:
    """The executable of the process that is traced."""
    if not pid:
        raise PlaceError("the attach point names no file", "name it, or a process: -p PID")
    path = processes.executable(pid)
    if not path:
        raise PlaceError(f"process {pid} has no executable that can be read")
    return processes.root(pid) + path


def _loaded(library: str, pid: int) -> str:
    """A library by its name alone is the one that the traced process has loaded."""
    if not pid or "/" in library or not library.startswith("lib"):
        return ""
    for path in processes.mapped(pid):
        name = os.path.basename(path)
        if name == library or name.startswith((f"{library}.so", f"{library}-")):
            return processes.root(pid) + path
    return ""


def _advice(binary: str) -> str:
    if "/" in binary:
        return ""
    if binary.startswith("lib"):
        return "neither ld.so's cache nor $PATH has it: give its path"
    return "it is not in the folders of $PATH: give its path"


class Binary:
    """An ELF file that can be probed. Raises PlaceError for one that cannot."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self.elf: ElfFile = archive.open_binary(path)
        except ElfError as error:
            hint = "only executables and shared libraries can be probed"
            raise PlaceError(str(error), hint) from None
        except OSError as error:
            raise PlaceError(f"cannot read {path}: {error.strerror}") from None
        if self.elf.kind not in (EXECUTABLE, SHARED):
            raise PlaceError(f"{path} is neither an executable nor a shared library")
        self.symbols = Symbols(self.elf)

    @property
    def file(self) -> str:
        """The file that the kernel knows: of a member of an archive, the archive."""
        return self.path.partition(binaries.ARCHIVE)[0] if self.elf.start else self.path

    def place(self, target: Target) -> Place:
        """Where a target without wildcards is. Raises PlaceError."""
        try:
            self._check_build(target)
            if target.get("function"):
                return self._function(target)
            return self._address(target)
        except ElfError as error:
            raise PlaceError(str(error)) from None

    def _check_build(self, target: Target) -> None:
        """What the compiler read of a file holds for that build of it alone."""
        wanted, found = target.get("build_id"), self.elf.build_id
        if "sha256" in target:
            wanted, found = target["sha256"], binaries.digest(self.path)
        if wanted and wanted != found:
            raise PlaceError(
                f"{self.path} is another build than the one that the script was compiled with",
                "its types and lines may differ: compile the script where this file is",
            )

    def _function(self, target: Target) -> Place:
        name, offset = target["function"], int(target["offset"])
        found = self.symbols.find(name)
        if not found:
            raise PlaceError(f"{self.path} has no symbol {name}", self._why_not(name))
        symbol = max(found, key=lambda symbol: symbol.size)
        if offset:
            self._check_inside(symbol, offset)
        shown = f"{name}+{offset}" if offset else name
        return Place(self.file, self._offset(symbol.address + offset), shown)

    def _why_not(self, name: str) -> str:
        from difflib import get_close_matches

        if self.symbols.empty:
            return _STRIPPED
        names = {symbol.name for symbol in self.symbols.functions()}
        close = get_close_matches(name, names, n=1)
        return f"did you mean {close[0]}?" if close else ""

    def _address(self, target: Target) -> Place:
        """An address must be that of an instruction of some function."""
        address = int(target["address"])
        symbol = self.symbols.at(address)
        if symbol is None:
            hint = _STRIPPED.partition(":")[0] if self.symbols.empty else ""
            reason = f"{self.path} has no function at address {address:#x}"
            raise PlaceError(reason, hint and f"{hint}: nothing says where instructions begin")
        offset = address - symbol.address
        if offset and target["return"]:
            raise PlaceError(
                f"address {address:#x} is {symbol.name}+{offset}",
                "a uretprobe is attached to the start of a function",
            )
        if offset:
            self._check_inside(symbol, offset)
        return Place(self.file, self._offset(address), f"{address:#x}")

    def _check_inside(self, symbol: Symbol, offset: int) -> None:
        where = f"{symbol.name}+{offset}"
        if offset >= symbol.size:
            raise PlaceError(
                f"{where} lies outside of the function", f"{symbol.name} has {symbol.size} bytes"
            )
        code = self.elf.bytes_at(self._in_elf(symbol.address), symbol.size)
        if not _begins(self.elf.machine, code, offset):
            hint = "a probe there would change what the program does"
            raise PlaceError(f"{where} is in the middle of an instruction", hint)

    def _in_elf(self, address: int) -> int:
        found = self.elf.offset_of(address)
        if found is None:
            raise PlaceError(f"{self.path} has no code at address {address:#x}")
        return found

    def _offset(self, address: int) -> int:
        """The offset in the file that the kernel knows."""
        return self.elf.start + self._in_elf(address)


def _begins(machine: int, code: bytes, offset: int) -> bool:
    if machine == AARCH64:
        return offset % 4 == 0
    if machine != X86_64:
        raise PlaceError("instructions of this machine cannot be told apart: give a function")
    from aotrace.loader.elf import x86

    try:
        return x86.begins_at(code, offset)
    except x86.Unknown:
        reason = "the function has bytes before that offset that are no instructions"
        raise PlaceError(reason) from None
