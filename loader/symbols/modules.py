"""Files that processes have mapped, and the symbols in them: each file is opened once."""

from __future__ import annotations

from aotrace.loader.elf.file import ElfError, ElfFile, open_elf
from aotrace.loader.symbols import mappings
from aotrace.runtime.values.symbols import Frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.elf.symbols import Symbols
    from aotrace.loader.symbols.demangle import Names
    from aotrace.loader.symbols.lines import Lines
    from aotrace.loader.symbols.mappings import Mapping


class Module:
    """One ELF file. It stays mapped: what is removed meanwhile can still be looked up."""

    def __init__(self, name: str, elf: ElfFile, names: Names, lines: Lines | None) -> None:
        """lines: of the file's source, where they are to be shown."""
        self.name = name
        self._lines = lines
        self._elf = elf
        self._names = names
        self._symbols: Symbols | None = None
        self._known: dict[int, list[Frame]] = {}

    def address(self, offset: int) -> int | None:
        """The address, as the file counts them, of a byte of the file."""
        try:
            return self._elf.address_of(offset)
        except ElfError:
            return None

    def frames(self, address: int) -> list[Frame]:
        """What an address is called; nothing where the file has no symbol for it."""
        known = self._known.get(address)
        if known is None:
            known = self._known[address] = list(self._look_up(address))
        return known

    def _look_up(self, address: int) -> list[Frame]:
        try:
            if self._symbols is None:
                from aotrace.loader.elf.symbols import Symbols

                self._symbols = Symbols(self._elf)
            found = self._symbols.at(address)
        except (ElfError, OSError):
            return []
        if found is None:
            return []
        source = self._lines.at(address) if self._lines else ""
        return [Frame(self._names.shown(found.name), address - found.address, self.name, source)]


class Modules:
    """The files that were met."""

    def __init__(self, names: Names, lines: bool = False) -> None:
        """lines: whether lines of source are shown."""
        self._names = names
        self._lines = lines
        self._known: dict[object, Module | None] = {}

    def open(self, pid: int, mapping: Mapping) -> Module | None:
        """The file of a mapping; None where it cannot be read, or is no ELF file."""
        key = (mapping.file, mapping.path)
        if key not in self._known:
            found = (
                self._vdso(pid, mapping)
                if mapping.path == mappings.VDSO
                else self._file(pid, mapping)
            )
            if found is None and mappings.read(pid) is None:
                return None  # the process has gone: another one may show the file
            self._known[key] = found
        return self._known[key]

    def _file(self, pid: int, mapping: Mapping) -> Module | None:
        if not mapping.path.startswith("/"):
            return None
        for path in mappings.visible(pid, mapping):
            try:
                elf = open_elf(path)
            except (ElfError, OSError, ValueError):
                continue
            elf.path = mapping.path  # where its debug file is looked for
            return Module(mapping.path, elf, self._names, self._lines_of(elf))
        return None

    def _lines_of(self, elf: ElfFile) -> Lines | None:
        if not self._lines:
            return None
        from aotrace.loader.symbols.lines import Lines

        return Lines(elf)

    def _vdso(self, pid: int, mapping: Mapping) -> Module | None:
        """It has no file: its image is read out of the process."""
        image = mappings.image(pid, mapping)
        try:
            elf = ElfFile(mappings.VDSO, image) if image else None
        except ElfError:
            return None
        return Module(mappings.VDSO, elf, self._names, None) if elf else None
