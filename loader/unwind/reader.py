"""Numbers out of a section of exception frames."""

from __future__ import annotations

_ABSOLUTE, _RELATIVE = 0x00, 0x10  # DW_EH_PE_absptr, DW_EH_PE_pcrel
_OMITTED = 0xFF
#: DW_EH_PE_…: bytes, signed; 0 bytes: LEB128
_FORMS = {
    0x0: (8, False), 0x1: (0, False), 0x2: (2, False), 0x3: (4, False), 0x4: (8, False),
    0x9: (0, True), 0xA: (2, True), 0xB: (4, True), 0xC: (8, True),
}  # fmt: skip


class Malformed(Exception):
    """It is nothing that is understood here."""


class Reader:
    """A place in a section that lies at an address. Raises IndexError behind its end."""

    def __init__(self, data: bytes, address: int = 0) -> None:
        self._data = data
        self._address = address
        self.at = 0

    def byte(self) -> int:
        value = self._data[self.at]
        self.at += 1
        return value

    def number(self, size: int, signed: bool = False) -> int:
        end = self.at + size
        if end > len(self._data):
            raise IndexError
        value = int.from_bytes(self._data[self.at : end], "little", signed=signed)
        self.at = end
        return value

    def unsigned(self) -> int:
        """LEB128."""
        byte = self._data[self.at]
        self.at += 1
        if byte < 0x80:
            return byte
        value, shift = byte & 0x7F, 7
        while byte & 0x80:
            byte = self._data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
        return value

    def signed(self) -> int:
        start = self.at
        value = self.unsigned()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> bits - 1 else value

    def text(self) -> bytes:
        """Up to a NUL."""
        end = self._data.find(b"\0", self.at)
        if end < 0:
            raise IndexError
        found = self._data[self.at : end]
        self.at = end + 1
        return found

    def block(self) -> bytes:
        size = self.unsigned()
        found = self._data[self.at : self.at + size]
        self.at += size
        return found

    def pointer(self, encoding: int) -> int:
        """An address. Raises Malformed for one that is relative to what no file here has."""
        if encoding == _OMITTED:
            return 0
        place = self._address + self.at
        form = _FORMS.get(encoding & 0x0F)
        if form is None:
            raise Malformed
        size, is_signed = form
        if size:
            value = self.number(size, is_signed)
        else:
            value = self.signed() if is_signed else self.unsigned()
        base = encoding & 0x70
        if base not in (_ABSOLUTE, _RELATIVE):
            raise Malformed
        return value + place if base == _RELATIVE else value
