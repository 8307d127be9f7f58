"""An ELF file that is probed: where its functions, instructions and static probes are.

All that is wrong with an attach point in it is said by PlaceError, before the kernel is asked.
"""

from __future__ import annotations

from aotrace.loader.elf import archive
from aotrace.loader.elf.file import AARCH64, EXECUTABLE, SHARED, X86_64, ElfError
from aotrace.loader.elf.symbols import Symbols
from aotrace.loader.errors import PlaceError, UnfitError
from aotrace.runtime import binaries
from aotrace.runtime.members import Pattern, is_wild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from aotrace.loader.elf import usdt
    from aotrace.loader.elf.file import ElfFile
    from aotrace.loader.elf.symbols import Symbol
    from aotrace.loader.elf.usdt import Operand

    Target = dict[str, Any]

_STRIPPED = "the file was stripped: give an address in it, or install its debug symbols"


class Place:
    """An instruction of a file. path: as we see the file; offset: in it; address: as it states;
    name: as the script is shown it."""

    __slots__ = ("address", "name", "offset", "path")

    def __init__(self, path: str, offset: int, address: int, name: str) -> None:
        self.path = path
        self.offset = offset
        self.address = address
        self.name = name


class Site:
    """A site of a static probe: a place, its counter's offset in the file (0: none), and where its
    arguments lie."""

    __slots__ = ("address", "counter", "name", "offset", "operands", "path")

    def __init__(
        self,
        path: str,
        offset: int,
        address: int,
        name: str,
        counter: int,
        operands: list[Operand],
    ) -> None:
        self.path = path
        self.offset = offset
        self.address = address
        self.name = name
        self.counter = counter
        self.operands = operands


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

    def __enter__(self) -> Binary:
        return self

    def __exit__(self, *_: object) -> None:
        self.elf.close()

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

    def places(self, target: Target) -> list[Place]:
        """The functions that a target with wildcards stands for, by name."""
        name = target.get("function", "")
        if not is_wild(name) and not target.get("language"):
            return [self.place(target)]
        try:
            found = self._matching(target)
            places = {s.name: (self.elf.offset_of(s.address), s.address) for s in found}
        except ElfError as error:
            raise PlaceError(str(error)) from None
        return [
            Place(self.file, self.elf.start + offset, address, name)
            for name, (offset, address) in sorted(places.items())
            if offset is not None
        ]

    def _matching(self, target: Target) -> list[Symbol]:
        name, functions = target["function"], self.symbols.functions()
        if not target.get("language"):
            pattern = Pattern(name)
            return [symbol for symbol in functions if pattern.matches(symbol.name)]
        from aotrace.loader.elf import cpp
        from aotrace.loader.libbpf.cxxabi import open_demangler

        demangle = open_demangler()
        if demangle is None:
            hint = "install libstdc++, or give the name as its symbol has it"
            raise PlaceError("nothing here can read C++ names", hint)
        found = cpp.matching(functions, name, demangle)
        if not found and not is_wild(name):
            raise PlaceError(f"{self.path} has no function {name}", self._why_not(name))
        return found

    def sites(self, target: Target) -> list[Site]:
        """The sites of the static probes that a target means."""
        from aotrace.loader.elf import usdt

        provider, name = Pattern(target["provider"] or "*"), Pattern(target["name"])
        try:
            every = list(usdt.sites(self.elf))
            found = [s for s in every if provider.matches(s.provider) and name.matches(s.name)]
            if not found:
                self._refuse_probe(target, {(s.provider, s.name) for s in every})
            return [self._site(site, target.get("words", ())) for site in found]
        except ElfError as error:
            raise PlaceError(str(error)) from None

    def _refuse_probe(self, target: Target, known: set[tuple[str, str]]) -> None:
        """Say why no static probe matches. Raises PlaceError."""
        if not known:
            raise PlaceError(f"{self.path} has no static probes", "was it built without them?")
        provider, name = target["provider"], target["name"]
        if is_wild(provider) or is_wild(name):
            return
        if provider and provider not in {each for each, _ in known}:
            there = ", ".join(sorted({each for each, _ in known}))
            raise PlaceError(f"{self.path} has no provider {provider}", f"it has {there}")
        from difflib import get_close_matches

        close = get_close_matches(name, [each for _, each in known], n=1)
        asked = f"{provider}:{name}" if provider else name
        hint = f"did you mean {close[0]}?" if close else ""
        raise PlaceError(f"{self.path} has no static probe {asked}", hint)

    def _site(self, site: usdt.Site, words: Sequence[int]) -> Site:
        from aotrace.loader.elf import usdt

        name = f"{site.provider}:{site.name}"
        operands = usdt.operands(site, self.elf, self.symbols)
        for number in words:
            operand = operands[number] if number < len(operands) else None
            if operand and operand.unknown:
                raise PlaceError(f"arg{number} of {name} cannot be read: {operand.unknown}")
        counter = self._offset(site.counter) if site.counter else 0
        address = site.address
        return Site(self.file, self._offset(address), address, name, counter, operands)

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
        if offset and not target.get("unsafe"):
            self._check_inside(symbol, offset)
        shown = f"{name}+{offset}" if offset else name
        return self._place(symbol.address + offset, shown)

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
        if target.get("unsafe"):
            return self._place(address, str(address))
        if symbol is None:
            hint = _STRIPPED.partition(":")[0] if self.symbols.empty else ""
            reason = f"{self.path} has no function at address {address:#x}"
            raise UnfitError(reason, hint and f"{hint}: nothing says where instructions begin")
        offset = address - symbol.address
        if offset and target["return"]:
            raise PlaceError(
                f"address {address:#x} is {symbol.name}+{offset}",
                "a uretprobe is attached to the start of a function",
            )
        if offset:
            self._check_inside(symbol, offset)
        return self._place(address, str(address))

    def _check_inside(self, symbol: Symbol, offset: int) -> None:
        where = f"{symbol.name}+{offset}"
        if offset >= symbol.size:
            raise UnfitError(
                f"{where} lies outside of the function", f"{symbol.name} has {symbol.size} bytes"
            )
        code = self.elf.bytes_at(self._in_elf(symbol.address), symbol.size)
        if not _begins(self.elf.machine, code, offset):
            hint = "a probe there would change what the program does; --unsafe at build lets it"
            raise UnfitError(f"{where} is in the middle of an instruction", hint)

    def _in_elf(self, address: int) -> int:
        found = self.elf.offset_of(address)
        if found is None:
            raise UnfitError(f"{self.path} has no code at address {address:#x}")
        return found

    def _place(self, address: int, name: str) -> Place:
        return Place(self.file, self._offset(address), address, name)

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
