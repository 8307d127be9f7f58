"""Network addresses: IPv4 and IPv6 in one inet value, and MAC addresses."""

from __future__ import annotations

import struct

from aotrace.runtime.values.base import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.runtime.values.base import Buffer

AF_INET = 2
AF_INET6 = 10
_FAMILY_MASK = 0xFFFFFFFF  # the family is a C int
ADDRESS_SIZE = 16


class InetKind(Kind):
    """u64 address family, then 16 address bytes of which AF_INET uses the first four."""

    tag = "inet"
    size = 24
    align = 8
    address_offset = 8

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("af", 0, "u64"), ("addr", self.address_offset, f"u8[{ADDRESS_SIZE}]"))

    def decode(self, raw: Buffer, offset: int) -> str:
        from socket import inet_ntop  # imports much, and many scripts show no address

        family = struct.unpack_from("<Q", raw, offset)[0] & _FAMILY_MASK
        start = offset + self.address_offset
        size = {AF_INET: 4, AF_INET6: ADDRESS_SIZE}.get(family)
        return inet_ntop(family, bytes(raw[start : start + size])) if size else ""

    def type_name(self) -> str:
        return f"inet[{self.size}]"


class MacKind(Kind):
    """Six bytes, printed as AA:BB:CC:DD:EE:FF."""

    tag = "mac"
    size = 6
    align = 1

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u8[6]"),)

    def decode(self, raw: Buffer, offset: int) -> str:
        return ":".join(f"{byte:02X}" for byte in bytes(raw[offset : offset + self.size]))

    def type_name(self) -> str:
        return "mac_address"
