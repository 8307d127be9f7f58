"""The kernel's symbols, out of /proc/kallsyms: names of addresses, addresses of names.

The file is read when the first symbol is asked for, and never parsed as a whole: addresses have
sixteen digits, so that lines in the order of their bytes are in the order of their addresses.
"""

from __future__ import annotations

from bisect import bisect_right

from aotrace.runtime.values.symbols import Frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PATH = "/proc/kallsyms"
_DIGITS = 16
_TYPE = slice(17, 18)  # of a line: `ffffffff81000000 T name` and, of a module's, `\t[module]`
_NAME = 19
_BEHIND = b"~"  # sorts behind the space that follows an address
_DATA = b"bBdDrR"
_HIDDEN = b"0" * _DIGITS


class KernelSymbol:
    """One line: type as nm has it, module empty for the kernel itself."""

    __slots__ = ("address", "module", "name", "type")

    def __init__(self, line: bytes) -> None:
        name, _, module = line[_NAME:].partition(b"\t")
        self.address = int(line[:_DIGITS], 16)
        self.type = line[_TYPE].decode("ascii", "replace")
        self.name = name.decode("utf-8", "surrogateescape")
        self.module = module.strip(b"[]").decode("utf-8", "surrogateescape")


class KernelSymbols:
    """The symbols of the running kernel."""

    def __init__(self, path: str = _PATH) -> None:
        self._path = path
        self._lines: list[bytes] | None = None
        self._code: list[bytes] | None = None
        self._known: dict[int, list[Frame]] = {}

    def prepare(self) -> None:
        """Read the file, if that was not done yet."""
        self.at(0)

    def frames(self, address: int, detailed: bool = False) -> list[Frame]:
        """What an address is called; nothing for one that is no kernel code."""
        known = self._known.get(address)
        if known is None:
            found = self.at(address)
            known = [Frame(found.name, address - found.address, found.module)] if found else []
            self._known[address] = known
        return known

    def at(self, address: int) -> KernelSymbol | None:
        """The function that holds an address."""
        if self._code is None:
            self._code = [
                line
                for line in self._sorted()
                if line[_TYPE] not in _DATA and line[:_DIGITS] != _HIDDEN
            ]
        index = bisect_right(self._code, b"%0*x%s" % (_DIGITS, address, _BEHIND)) - 1
        return KernelSymbol(self._code[index]) if index >= 0 else None

    def find(self, name: str) -> int | None:
        """The address of a symbol, the first one where several share the name; None: it is not
        there, or addresses are kept from us."""
        wanted = name.encode("utf-8", "surrogateescape")
        found = next((line for line in self._named(wanted) if line[:_DIGITS] != _HIDDEN), None)
        return int(found[:_DIGITS], 16) if found else None

    def room(self, name: str) -> int | None:
        """Bytes from a symbol to the next; None where there is none, or addresses are hidden."""
        start = self.find(name)
        if start is None:
            return None
        lines = self._sorted()
        following = bisect_right(lines, b"%0*x%s" % (_DIGITS, start, _BEHIND))
        return int(lines[following][:_DIGITS], 16) - start if following < len(lines) else None

    def named(self, name: str) -> list[KernelSymbol]:
        """Every symbol of that name, in the order of addresses."""
        return [KernelSymbol(line) for line in self._named(name.encode("utf-8", "surrogateescape"))]

    def every(self) -> Iterator[KernelSymbol]:
        """All symbols, in the order of addresses."""
        return map(KernelSymbol, self._sorted())

    def _named(self, name: bytes) -> Iterator[bytes]:
        end = _NAME + len(name)
        for line in self._sorted():
            if line[_NAME:end] == name and line[end : end + 1] in (b"", b"\t"):
                yield line

    def _sorted(self) -> list[bytes]:
        """The lines by address; of those of one address, in the order of the file."""
        if self._lines is None:
            try:
                with open(self._path, "rb") as file:
                    lines = file.read().split(b"\n")
            except OSError:
                lines = []
            lines = [line for line in lines if line[_DIGITS : _DIGITS + 1] == b" "]
            self._lines = sorted(lines, key=_address)
        return self._lines


def _address(line: bytes) -> bytes:
    return line[:_DIGITS]


_running: list[KernelSymbols] = []


def running_kernel() -> KernelSymbols:
    """The symbols of this machine's kernel, for all who ask: their file is read once."""
    if not _running:
        _running.append(KernelSymbols())
    return _running[0]
